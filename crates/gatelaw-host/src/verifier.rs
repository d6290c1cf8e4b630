//! Verifies tokens without input, output or a clock of its own: it answers what it needs, the host does that, and comes back.
//!
//! ```text
//! begin(token, now) ──▶ Decided(who)
//!        ▲          ──▶ NeedsSignature(pending) ── the host verifies ──▶ settle(pending, yes or no) ──▶ who
//!        │          ──▶ NeedsKeys(issuer) ── begin_fetch, the host fetches ──▶ fetched(…) or failed(…) ─┐
//!        └───────────────────────────────────────────────────────────────────────────────────────────┘
//! ```

mod digest;
mod remembered;

use std::borrow::Borrow;
use std::sync::Arc;

use gatelaw::policy::{Issuer, IssuerId};
use gatelaw::request::Token;
use gatelaw::{Caller, Plan, Prepared};

use crate::counters::{Accepted, Counters, Refusal, Skew};
use crate::keys::{Algorithm, Found, Jwk, KeyCache, KeyFailure, KeySet};
use crate::token::{Circumstances, Judged, Jws, TokenCode, issuer_of, judge, takes_from};
use digest::Digest;
use remembered::{Remembered, Verified};

/// Verifies the tokens of one policy's issuers, and remembers those that were valid.
#[derive(Debug)]
pub struct Verifier<P> {
    plan: P,
    /// By issuer.
    issuers: Vec<KeyCache>,
    remembered: Remembered,
    counters: Counters,
}

/// Says how far a token is.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Judged.
    Decided(Who),
    /// The keys of an issuer have to be fetched first.
    NeedsKeys(KeysWanted),
    /// All but the signature is right: the host verifies it, and tells [`Verifier::settle`].
    NeedsSignature(Box<Pending>),
}

/// Says who is asking, as far as tokens tell.
#[derive(Debug, Clone)]
pub enum Who {
    /// Nobody: there is no token.
    Anonymous,
    /// A valid token's caller, classified for the policy.
    Verified(Arc<Prepared>),
    /// A token that is refused.
    Invalid(TokenCode),
    /// A token whose issuer's keys were never had.
    KeysUnavailable,
}

impl Who {
    /// Returns the caller as a decision takes it.
    #[must_use]
    pub fn caller(&self) -> Caller<'_> {
        match self {
            Self::Anonymous => Caller::Anonymous,
            Self::Verified(prepared) => Caller::Prepared(prepared),
            Self::Invalid(code) => Caller::Invalid(code.name()),
            Self::KeysUnavailable => Caller::KeysUnavailable,
        }
    }
}

/// Names an issuer whose keys are wanted.
#[derive(Debug, Clone)]
pub struct KeysWanted {
    /// The issuer.
    pub issuer: IssuerId,
    /// What to decide where the host can't fetch, or doesn't wait: take it by [`Verifier::without_keys`], which counts it.
    pub otherwise: Who,
}

/// Holds a token of which the signature alone is not judged yet.
#[derive(Debug)]
pub struct Pending {
    token: Box<str>,
    signature_at: usize,
    algorithm: Algorithm,
    key: Arc<Jwk>,
    digest: Digest,
    judged: Judged,
    client_cert: Option<Box<str>>,
    by_stale_keys: bool,
}

impl Pending {
    /// Returns the algorithm to verify by; the key fits it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &Arc<Jwk> {
        &self.key
    }

    /// Returns the text that is signed.
    #[must_use]
    pub fn signed(&self) -> &str {
        self.token.split_at_checked(self.signature_at).map_or("", |(signed, _)| signed)
    }

    /// Returns the signature, as base64url.
    #[must_use]
    pub fn signature(&self) -> &str {
        self.token.split_at_checked(self.signature_at + 1).map_or("", |(_, signature)| signature)
    }
}

impl<P: Borrow<Plan>> Verifier<P> {
    /// Makes a verifier without keys, which remembers at most `tokens_max` tokens.
    #[must_use]
    pub fn new(plan: P, tokens_max: usize) -> Self {
        let named = &plan.borrow().identity_model().issuers;
        let (issuers, counters) = (vec![KeyCache::default(); named.len()], Counters::of(named));
        Self { plan, issuers, remembered: Remembered::new(tokens_max), counters }
    }

    /// Returns the plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.plan.borrow()
    }

    /// Returns the plan as it was given.
    #[must_use]
    pub fn shared_plan(&self) -> &P {
        &self.plan
    }

    /// Says how many tokens are remembered at most.
    #[must_use]
    pub fn tokens_max(&self) -> usize {
        self.remembered.tokens_max()
    }

    /// Returns what was counted until now. A token counts once it is answered: not while it needs its signature verified, or keys.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Finds an issuer by its name in the policy.
    #[must_use]
    pub fn issuer(&self, name: &str) -> Option<IssuerId> {
        let issuers = &self.plan().identity_model().issuers;
        let index = issuers.iter().position(|issuer| issuer.name == name)?;
        u32::try_from(index).ok().map(IssuerId)
    }

    /// Returns the keys of an issuer that are at hand.
    #[must_use]
    pub fn key_set(&self, issuer: IssuerId) -> Option<&KeySet> {
        keys_of(&self.issuers, issuer)?.set()
    }

    /// Takes keys that stay as they are: no endpoint is asked for this issuer.
    pub fn set_keys(&mut self, issuer: IssuerId, set: KeySet) {
        if let Some(keys) = self.keys_mut(issuer) {
            keys.fix(set);
        }
    }

    /// Takes the keys, and what is known of them, from the verifier of the policy before, for the issuers of equal URLs, and goes on
    /// counting where it is. What was verified is not taken: another policy may map it in another way.
    pub fn adopt_keys<Q: Borrow<Plan>>(&mut self, other: &Verifier<Q>) {
        let theirs = &other.plan().identity_model().issuers;
        for (ours, keys) in self.plan.borrow().identity_model().issuers.iter().zip(&mut self.issuers) {
            let same = |issuer: &Issuer| issuer.url == ours.url && issuer.keys == ours.keys;
            if let Some(found) = theirs.iter().zip(&other.issuers).find(|(issuer, _)| same(issuer)) {
                keys.clone_from(found.1);
            }
        }
        self.counters.adopt(&other.counters);
    }

    /// Goes on counting from a line of [`Counters::to_line`] of the verifier of the policy before, where that stands in another instance of
    /// WebAssembly. Answers whether it is such a line.
    pub fn adopt_counters(&mut self, line: &str) -> bool {
        self.counters.adopt_line(line)
    }

    /// Judges a token as far as it goes. `client_cert` is the fact of that name, `now` in Unix seconds.
    ///
    /// A token that was verified before costs a comparison and a look-up, and allocates nothing.
    pub fn begin(&mut self, token: Token<'_>, client_cert: Option<&str>, now: i64) -> Step {
        let (digest, verified) = self.remembered.find(token.value);
        let (plan, issuers) = (self.plan.borrow(), &self.issuers);
        let counts = |verified: &Verified| {
            let id = verified.prepared.identity().issuer();
            let keys = keys_of(issuers, id).filter(|keys| keys.holds(&verified.key))?;
            let issuer = issuer_of(plan.identity_model(), id)?;
            let counts = (verified.valid_from..verified.expires).contains(&now)
                && verified.bound_to.as_deref().is_none_or(|cert| client_cert == Some(cert))
                && takes_from(issuer, plan.needs(), token.source);
            counts.then(|| Accepted {
                issuer: id,
                is_remembered: true,
                by_stale_keys: keys.is_stale(now),
                skew: Skew::of(verified.valid_from, verified.expires, issuer, now),
            })
        };
        if let Some((verified, accepted)) = verified.and_then(|verified| Some((verified, counts(verified)?)))
        {
            self.counters.accepted(accepted);
            return Step::Decided(Who::Verified(Arc::clone(&verified.prepared)));
        }
        self.judge(token, digest, client_cert, now)
            .unwrap_or_else(|refusal| Step::Decided(self.refuse(refusal)))
    }

    fn judge(
        &mut self,
        token: Token<'_>,
        digest: Digest,
        client_cert: Option<&str>,
        now: i64,
    ) -> Result<Step, Refusal> {
        let plan = self.plan.borrow();
        let jws = Jws::read(token.value)?;
        let at = Circumstances { source: token.source, client_cert, now };
        let judged = judge(plan.identity_model(), plan.needs(), &jws, at)?;
        let issuer = judged.identity.issuer();
        let algorithm = judged.algorithm;
        let keys = keys_of(&self.issuers, issuer).ok_or(TokenCode::Issuer)?;
        let wanted = |otherwise| Step::NeedsKeys(KeysWanted { issuer, otherwise });
        let key = match keys.find(jws.header.kid.as_deref(), algorithm, now) {
            Found::Key(key) if key.fits(algorithm) => key,
            Found::Key(_) | Found::Unknown { may_fetch: false } => return Err(no_key(issuer)),
            Found::Unknown { may_fetch: true } => return Ok(wanted(Who::Invalid(TokenCode::Key))),
            Found::Nothing { may_fetch: true } => return Ok(wanted(Who::KeysUnavailable)),
            Found::Nothing { may_fetch: false } => {
                self.counters.keys_unavailable(issuer);
                return Ok(Step::Decided(Who::KeysUnavailable));
            }
        };
        let by_stale_keys = keys.is_stale(now);
        let client_cert = if judged.is_bound { client_cert.map(Box::from) } else { None };
        let (token, signature_at) = (token.value.into(), jws.signed.len());
        Ok(Step::NeedsSignature(Box::new(Pending {
            token,
            signature_at,
            algorithm,
            key,
            digest,
            judged,
            client_cert,
            by_stale_keys,
        })))
    }

    /// Answers a token without the keys that it wants, for a host that can't fetch them or doesn't wait.
    pub fn without_keys(&mut self, wanted: KeysWanted) -> Who {
        match &wanted.otherwise {
            Who::KeysUnavailable => self.counters.keys_unavailable(wanted.issuer),
            Who::Invalid(code) => {
                self.counters.refused(Refusal { issuer: Some(wanted.issuer), ..(*code).into() })
            }
            Who::Anonymous | Who::Verified(_) => {}
        }
        wanted.otherwise
    }

    /// Takes what the host says of a signature. A valid token is remembered until it expires, or its key goes away.
    pub fn settle(&mut self, pending: Pending, is_valid: bool) -> Who {
        let Pending { key, digest, judged, client_cert, by_stale_keys, .. } = pending;
        let issuer = judged.identity.issuer();
        if !is_valid {
            return self.refuse(Refusal { issuer: Some(issuer), ..TokenCode::Signature.into() });
        }
        // It may have gone away while the host verified.
        if !keys_of(&self.issuers, issuer).is_some_and(|keys| keys.holds(&key)) {
            return self.refuse(no_key(issuer));
        }
        self.counters.accepted(Accepted { issuer, is_remembered: false, by_stale_keys, skew: judged.skew });
        let prepared = Arc::new(self.plan.borrow().prepare(judged.identity));
        let verified = Verified {
            prepared: Arc::clone(&prepared),
            key,
            valid_from: judged.valid_from,
            expires: judged.expires,
            bound_to: client_cert,
        };
        self.remembered.insert(digest, verified);
        Who::Verified(prepared)
    }

    fn refuse(&mut self, refusal: Refusal) -> Who {
        self.counters.refused(refusal);
        Who::Invalid(refusal.code)
    }

    /// Lists the issuers whose keys should be fetched now: they have none, or stale ones.
    pub fn due(&self, now: i64) -> impl Iterator<Item = IssuerId> + '_ {
        (0..).zip(&self.issuers).filter(move |(_, keys)| keys.is_due(now)).map(|(id, _)| IssuerId(id))
    }

    /// Begins a fetch of an issuer's keys, for one caller alone. False: one is under way, whose end the host may wait for, or the
    /// last ended too short a time ago.
    pub fn begin_fetch(&mut self, issuer: IssuerId, now: i64) -> bool {
        let begins = self.keys_mut(issuer).is_some_and(|keys| keys.begin_fetch(now));
        if begins {
            self.counters.fetch_begun(issuer);
        }
        begins
    }

    /// Says whether a fetch of an issuer's keys is under way.
    #[must_use]
    pub fn is_fetching(&self, issuer: IssuerId, now: i64) -> bool {
        keys_of(&self.issuers, issuer).is_some_and(|keys| keys.is_fetching(now))
    }

    /// Takes the keys that were fetched; `max_age_s` is how long their endpoint calls them fresh. Answers whether they were taken: a
    /// set without keys counts as a fetch that failed.
    pub fn fetched(&mut self, issuer: IssuerId, set: KeySet, max_age_s: Option<i64>, now: i64) -> bool {
        if set.keys.is_empty() {
            self.failed(issuer, KeyFailure::Keys, now);
            return false;
        }
        let is_taken = self.keys_mut(issuer).is_some_and(|keys| keys.fetched(set, max_age_s, now));
        if is_taken {
            self.counters.fetch_ended(issuer, Ok(()));
        }
        is_taken
    }

    /// Notes that a fetch failed, and at what: keys that were had before stay.
    pub fn failed(&mut self, issuer: IssuerId, failure: KeyFailure, now: i64) {
        if self.keys_mut(issuer).is_some_and(|keys| keys.failed(now)) {
            self.counters.fetch_ended(issuer, Err(failure));
        }
    }

    fn keys_mut(&mut self, issuer: IssuerId) -> Option<&mut KeyCache> {
        self.issuers.get_mut(usize::try_from(issuer.0).ok()?)
    }
}

/// Refuses a token for which its issuer has no key.
fn no_key(issuer: IssuerId) -> Refusal {
    Refusal { issuer: Some(issuer), ..TokenCode::Key.into() }
}

fn keys_of(issuers: &[KeyCache], issuer: IssuerId) -> Option<&KeyCache> {
    issuers.get(usize::try_from(issuer.0).ok()?)
}
