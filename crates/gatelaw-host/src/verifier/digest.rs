//! Digests that stand for whole tokens in memory. They never leave it, so that each target takes the hash that it has at the least cost.

/// Stands for a whole token, which would take a kibibyte or more.
///
/// It is the token's BLAKE3 of 256 bits (<https://github.com/BLAKE3-team/BLAKE3-specs>). Nobody has found two texts that share one: who
/// could would be taken for another caller. SHA-256 takes seven times as long on a processor without instructions for it, which was a
/// fourth of a verification. In WebAssembly it is SHA-256 all the same: that is there for other things, and BLAKE3 would be five KiB more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest(pub(super) [u8; 32]);

impl Digest {
    pub(super) fn of(token: &str) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        let digest = blake3::hash(token.as_bytes()).into();
        #[cfg(target_arch = "wasm32")]
        let digest = <sha2::Sha256 as sha2::Digest>::digest(token.as_bytes()).into();
        Self(digest)
    }

    /// Returns the first bytes, which are as good a hash as any.
    pub(super) fn first(self) -> u64 {
        self.0.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}
