//! Tokens that were verified, so that the next request with one costs no signature.

use std::collections::HashMap;
use std::sync::Arc;

use gatelaw::Prepared;
use sha2::{Digest as _, Sha256};

/// Stands for a whole token: its SHA-256, so that no two tokens are taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// What is remembered of a token.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) prepared: Arc<Prepared>,
    /// How often keys of its issuer had gone away.
    pub(super) generation: u32,
    pub(super) valid_from: i64,
    pub(super) expires: i64,
    /// The certificate of a bound token.
    pub(super) bound_to: Option<Box<str>>,
}

/// Remembers a bounded number of tokens: of those that were not asked for since the last change of the guard, half go at once.
///
/// Two maps stand for the order of use. What is found in the old one moves to the young one; once that is half of all, it becomes
/// the old one, and what was left there is dropped.
#[derive(Debug)]
pub(super) struct Remembered {
    young: HashMap<Digest, Verified>,
    old: HashMap<Digest, Verified>,
    half: usize,
}

impl Remembered {
    pub(super) fn new(tokens_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: tokens_max / 2 }
    }

    pub(super) fn find(&mut self, digest: &Digest) -> Option<&Verified> {
        if let Some(verified) = self.old.remove(digest) {
            self.insert(*digest, verified);
        }
        self.young.get(digest)
    }

    pub(super) fn insert(&mut self, digest: Digest, verified: Verified) {
        if self.half == 0 {
            return;
        }
        if self.young.len() >= self.half {
            // The maps change places, so that their room is used again.
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(digest, verified);
    }
}
