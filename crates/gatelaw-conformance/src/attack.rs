//! Attacks on artifacts: bytes that were changed and have digests that fit again, so that all behind the digests is tried.

use sha2::{Digest as _, Sha256};

use crate::generate::Rng;

// The layout of an artifact, as `gatelaw::artifact` documents it.
const POLICY_DIGEST: usize = 16;
const NOTES_DIGEST: usize = 48;
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
    let notes = Sha256::digest(bytes.get(at..)?);
    bytes.get_mut(POLICY_DIGEST..NOTES_DIGEST)?.copy_from_slice(&policy.finalize());
    bytes.get_mut(NOTES_DIGEST..LENGTHS)?.copy_from_slice(&notes);
    Some(())
}

/// Changes an artifact in one place or up to three: a bit, a byte, a word, a piece of itself or of another, or its length.
pub fn change(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..rng.between(1, 3) {
        let at = rng.below(bytes.len());
        let piece = rng.between(1, PIECE_BYTES_MAX);
        match rng.below(12) {
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
            5 | 6 => {
                for (offset, value) in a_piece(rng, bytes, other).into_iter().enumerate() {
                    put(bytes, at + offset, |_| value);
                }
            }
            7 => {
                let there = rng.below(bytes.len());
                let last = bytes.len().saturating_sub(piece);
                let (low, high) = (at.min(there).min(last), at.max(there).min(last));
                (0..piece.min(high - low)).for_each(|offset| bytes.swap(low + offset, high + offset));
            }
            8 | 9 => {
                let put_in = a_piece(rng, bytes, other);
                splice(bytes, at, 0, &put_in);
            }
            10 => splice(bytes, at, piece, &[]),
            _ => bytes.truncate(bytes.len().saturating_sub(piece).max(at)),
        }
    }
}

/// Takes a piece of the artifact or of another one, or bits that are all set.
fn a_piece(rng: &mut Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let length = rng.between(1, PIECE_BYTES_MAX);
    let from = match rng.below(3) {
        0 => return vec![u8::MAX; length],
        1 => bytes,
        _ => other,
    };
    from.iter().skip(rng.below(from.len())).take(length).copied().collect()
}

/// Cuts up to `cut` bytes out of a section and puts a piece in their place. The length of the section fits afterwards, so that
/// all sections behind it stay whole.
fn splice(bytes: &mut Vec<u8>, at: usize, cut: usize, piece: &[u8]) {
    let mut begin = SECTIONS;
    for place in (LENGTHS..SECTIONS).step_by(4) {
        let Some(length) = bytes.get(place..).and_then(|lengths| lengths.first_chunk::<4>()) else { return };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let end = begin.saturating_add(length);
        if end > bytes.len() {
            return;
        }
        if (begin..end).contains(&at) {
            let cut = cut.min(end - at);
            bytes.splice(at..at + cut, piece.iter().copied());
            let length = u32::try_from(length + piece.len() - cut).unwrap_or(u32::MAX).to_le_bytes();
            for (offset, value) in length.into_iter().enumerate() {
                put(bytes, place + offset, |_| value);
            }
            return;
        }
        begin = end;
    }
}

fn put(bytes: &mut [u8], at: usize, value: impl FnOnce(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value(*byte);
    }
}
