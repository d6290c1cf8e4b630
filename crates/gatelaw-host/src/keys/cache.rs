//! When the keys of an issuer are fetched: without input, output or a clock of its own.
//!
//! Times are Unix seconds, and may jump: an age below zero or too great is no age, and what was said then counts no more.

use std::sync::Arc;

use gatelaw::limits::{
    KEYS_COOL_DOWN_S, KEYS_FETCH_S_MAX, KEYS_FRESH_S_DEFAULT, KEYS_FRESH_S_MAX, KEYS_FRESH_S_MIN,
};

use super::{Algorithm, Jwk, KeySet};

/// Holds the keys of one issuer, and knows when to fetch them.
#[derive(Debug, Clone, Default)]
pub struct KeyCache {
    set: Option<KeySet>,
    /// Given once, from a file: never fetched.
    is_fixed: bool,
    fetched_at: Option<i64>,
    fresh_s: i64,
    /// When the fetch that is under way began.
    fetching_since: Option<i64>,
    /// When a fetch ended last, well or not.
    tried_at: Option<i64>,
}

/// Says what was found of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The key.
    Key(Arc<Jwk>),
    /// The set doesn't have it. `may_fetch`: a newer one may.
    Unknown {
        /// Whether a fetch may be tried now: none is cooling down.
        may_fetch: bool,
    },
    /// No keys were ever had.
    Nothing {
        /// Whether a fetch may be tried now.
        may_fetch: bool,
    },
}

impl KeyCache {
    /// Makes a cache of keys that never change.
    #[must_use]
    pub fn fixed(set: KeySet) -> Self {
        Self { set: Some(set), is_fixed: true, ..Self::default() }
    }

    /// Returns the keys that are at hand.
    #[must_use]
    pub fn set(&self) -> Option<&KeySet> {
        self.set.as_ref()
    }

    /// Looks for the key that a token names.
    #[must_use]
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm, now: i64) -> Found {
        let may_fetch = self.may_fetch(now);
        let Some(set) = &self.set else { return Found::Nothing { may_fetch } };
        set.find(kid, algorithm).map_or(Found::Unknown { may_fetch }, |key| Found::Key(Arc::clone(key)))
    }

    /// Says whether this key, as [`KeyCache::find`] gave it, is still in the set.
    #[must_use]
    pub fn holds(&self, key: &Arc<Jwk>) -> bool {
        self.set.as_ref().is_some_and(|set| set.keys.iter().any(|known| Arc::ptr_eq(known, key)))
    }

    /// Takes keys that never change from now on; those that were there before stay the same.
    pub fn fix(&mut self, set: KeySet) {
        let set = self.taken(set);
        *self = Self::fixed(set);
    }

    /// Says whether keys should be fetched though none is missing: there are none yet, or they are stale.
    #[must_use]
    pub fn is_due(&self, now: i64) -> bool {
        let is_fresh = self.set.is_some() && within(self.fetched_at, self.fresh_s, now);
        !is_fresh && self.may_fetch(now) && !self.is_fetching(now)
    }

    /// Says whether a fetch is under way.
    #[must_use]
    pub fn is_fetching(&self, now: i64) -> bool {
        within(self.fetching_since, KEYS_FETCH_S_MAX, now)
    }

    /// Begins a fetch, for one caller alone: answers false where one is under way, or none may be.
    pub fn begin_fetch(&mut self, now: i64) -> bool {
        let begins = self.may_fetch(now) && !self.is_fetching(now);
        if begins {
            self.fetching_since = Some(now);
        }
        begins
    }

    /// Takes fetched keys. `max_age_s` is what the endpoint says of them (RFC 9111 §5.2.2.1), kept within
    /// [`KEYS_FRESH_S_MIN`] and [`KEYS_FRESH_S_MAX`].
    ///
    /// Answers whether they were taken: a set without keys is none, since nobody could sign in by it. It is a mistake of its
    /// endpoint, and counts as a fetch that failed.
    pub fn fetched(&mut self, set: KeySet, max_age_s: Option<i64>, now: i64) -> bool {
        if set.keys.is_empty() {
            self.failed(now);
            return false;
        }
        (self.set, self.fetching_since) = (Some(self.taken(set)), None);
        (self.fetched_at, self.tried_at) = (Some(now), Some(now));
        self.fresh_s = max_age_s.unwrap_or(KEYS_FRESH_S_DEFAULT).clamp(KEYS_FRESH_S_MIN, KEYS_FRESH_S_MAX);
        true
    }

    /// Says whether keys are at hand that should have been fetched anew.
    #[must_use]
    pub fn is_stale(&self, now: i64) -> bool {
        !self.is_fixed && self.set.is_some() && !within(self.fetched_at, self.fresh_s, now)
    }

    /// Notes that a fetch failed: what was had before is kept. Answers whether one had begun and not ended.
    pub fn failed(&mut self, now: i64) -> bool {
        self.tried_at = Some(now);
        self.fetching_since.take().is_some()
    }

    /// Puts the keys that are known already in place of their equals, so that what they verified goes on counting.
    fn taken(&self, mut set: KeySet) -> KeySet {
        let known = self.set.iter().flat_map(|old| &old.keys);
        for old in known {
            if let Some(same) = set.keys.iter_mut().find(|key| **key == *old) {
                *same = Arc::clone(old);
            }
        }
        set
    }

    fn may_fetch(&self, now: i64) -> bool {
        !self.is_fixed && !within(self.tried_at, KEYS_COOL_DOWN_S, now)
    }
}

/// Says whether less than `seconds` passed since a time; where the clock went back behind it, too many did.
fn within(since: Option<i64>, seconds: i64, now: i64) -> bool {
    since.and_then(|since| now.checked_sub(since)).is_some_and(|age| (0..seconds).contains(&age))
}
