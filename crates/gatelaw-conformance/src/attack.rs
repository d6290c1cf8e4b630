//! Attacks on artifacts: bytes that were changed and have digests that fit again, so that all behind the digests is tried.

use sha2::{Digest as _, Sha256};

use crate::generate::Rng;

// The layout of an artifact, as `gatelaw::artifact` documents it.
const POLICY_DIGEST: usize = 16;
const FILE_DIGEST: usize = 48;
const LENGTHS: usize = 80;
const SECTIONS: usize = 120;

/// What stands where a count, an edge or a length is expected.
const WORDS: [u32; 8] = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0xffff, 0x0001_0000];
/// How long a piece is that is copied or cut, at most.
const PIECE_BYTES_MAX: usize = 64;

/// Writes the digests that fit; answers whether the lengths of the sections do.
pub fn seal(bytes: &mut [u8]) -> bool {
    sealed(bytes).is_some()
}

fn sealed(bytes: &mut [u8]) -> Option<()> {
    let lengths = bytes.get(LENGTHS..SECTIONS)?;
    let mut policy = Sha256::new_with_prefix(bytes.get(..POLICY_DIGEST)?);
    let (lengths_of_policy, _notes) = lengths.split_last_chunk::<4>()?;
    let mut at = SECTIONS;
    for length in lengths_of_policy.chunks_exact(4) {
        let end = at.checked_add(usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?)?;
        policy.update(length);
        policy.update(bytes.get(at..end)?);
        at = end;
    }
    let file = |bytes: &[u8]| {
        let file = Sha256::new_with_prefix(bytes.get(..FILE_DIGEST)?);
        Some(file.chain_update(bytes.get(LENGTHS..SECTIONS)?).chain_update(bytes.get(at..)?).finalize())
    };
    bytes.get_mut(POLICY_DIGEST..FILE_DIGEST)?.copy_from_slice(&policy.finalize());
    let digest = file(bytes)?;
    bytes.get_mut(FILE_DIGEST..LENGTHS)?.copy_from_slice(&digest);
    Some(())
}

/// Changes an artifact somewhere: a bit, a byte, a word, a piece of itself or of another, or its length.
pub fn change(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..rng.between(1, 3) {
        let at = rng.below(bytes.len());
        let piece = rng.between(1, PIECE_BYTES_MAX);
        match rng.below(8) {
            0 | 1 => {
                let bit = 1_u8 << rng.below(8);
                put(bytes, at, |byte| byte ^ bit);
            }
            2 => {
                let value = rng.bits().to_le_bytes()[0];
                put(bytes, at, |_| value);
            }
            3 | 4 => {
                let word = if rng.chance(50) {
                    *rng.pick(&WORDS)
                } else {
                    // As numbers of nodes, strings and states are: small.
                    u32::try_from(rng.below(bytes.len())).unwrap_or(0)
                };
                let word = word.to_le_bytes();
                let aligned = at - at % 4;
                for (offset, value) in word.into_iter().enumerate() {
                    put(bytes, aligned + offset, |_| value);
                }
            }
            5 => {
                let from = if rng.chance(50) { bytes.clone() } else { other.to_vec() };
                let start = rng.below(from.len());
                for (offset, value) in from.iter().skip(start).take(piece).enumerate() {
                    put(bytes, at + offset, |_| *value);
                }
            }
            6 => {
                let value = rng.bits().to_le_bytes()[0];
                bytes.insert(at, value);
            }
            _ => {
                bytes.truncate(bytes.len().saturating_sub(piece).max(at));
            }
        }
    }
}

fn put(bytes: &mut [u8], at: usize, value: impl FnOnce(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value(*byte);
    }
}
