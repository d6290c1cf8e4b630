//! What an operator sees of tokens and keys by numbers: how many were accepted, what was refused and why, whose clock seems to be wrong,
//! and how fetches of keys end.
//!
//! A verifier counts what it answers, each answer once. The numbers only grow, up to the largest there is; to count is an addition, which
//! allocates nothing, takes no lock and asks no clock. There are as many as the issuers of the policy need, whatever tokens say.

mod line;
mod prometheus;

use std::fmt::Write as _;

use gatelaw::limits::CLOCK_SKEW_SUSPECTED_S_MAX;
use gatelaw::policy::{Issuer, IssuerId};

use crate::keys::KeyFailure;
use crate::token::TokenCode;

/// Holds what a verifier counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    /// Tokens that were refused before their issuer was known.
    pub refused: Refusals,
    /// By issuer, in the order of the policy.
    pub issuers: Vec<IssuerCounters>,
}

/// Holds what was counted of the tokens and keys of one issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuerCounters {
    /// The issuer's name in the policy.
    pub name: String,
    /// Tokens that were accepted, their signature verified.
    pub verified: u64,
    /// Tokens that were accepted because they were verified before.
    pub remembered: u64,
    /// Of the accepted ones, those of a key that was stale: its endpoint gave no newer set in time.
    pub by_stale_keys: u64,
    /// Tokens that were answered 503, since no keys of this issuer were ever had.
    pub keys_unavailable: u64,
    /// Tokens that were refused, by code.
    pub refused: Refusals,
    /// Tokens whose times make a wrong clock likely.
    pub clock_skew_suspected: ClockSkew,
    /// Fetches of the issuer's keys.
    pub key_fetches: KeyFetchCounters,
}

/// Counts refused tokens by code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// In the order of [`TokenCode::ALL`].
    by_code: [u64; TokenCode::ALL.len()],
    of_known_issuer: bool,
}

/// Counts tokens that are off by no more than a wrong clock would be: a token's time lies inside the issuer's leeway, or no more than
/// [`CLOCK_SKEW_SUSPECTED_S_MAX`] beyond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockSkew {
    /// The token is of the future, which none can be: the gate's clock is behind the issuer's.
    pub behind: Suspicions,
    /// The token's time has just passed: the gate's clock is ahead of the issuer's, or a caller is slow to get a new one.
    pub ahead: Suspicions,
}

/// Counts by what became of the tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Suspicions {
    /// Those that leeway alone let through; their signature is right.
    pub accepted: u64,
    /// Those that were refused; their signature is not looked at, so anybody can make them.
    pub refused: u64,
}

/// Counts fetches of keys: each begins with a document that the host is asked for, wherever it has that from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyFetchCounters {
    /// Those that were begun.
    pub begun: u64,
    /// Those that gave keys.
    pub succeeded: u64,
    /// Those that failed, by what failed.
    pub failed: KeyFailures,
}

/// Counts failed fetches by what failed: the word before the colon of their codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyFailures {
    /// No document was had.
    pub fetch: u64,
    /// A discovery document that names no keys.
    pub discovery: u64,
    /// A document that is no key set, or one without keys.
    pub keys: u64,
}

/// Says which way a gate's clock seems to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skew {
    Behind,
    Ahead,
}

impl Skew {
    /// Suspects a clock by a token's times, which have the issuer's leeway in them: years 0 to 9999, so that no sum overflows.
    pub(crate) fn of(valid_from: i64, expires: i64, issuer: &Issuer, now: i64) -> Option<Self> {
        let (begins, ends) = (valid_from + issuer.leeway_s, expires - issuer.leeway_s);
        if (valid_from - CLOCK_SKEW_SUSPECTED_S_MAX..begins).contains(&now) {
            return Some(Self::Behind);
        }
        (ends..expires + CLOCK_SKEW_SUSPECTED_S_MAX).contains(&now).then_some(Self::Ahead)
    }
}

/// Says why a token is refused, and what is counted of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: TokenCode,
    /// The issuer, once it is known.
    pub(crate) issuer: Option<IssuerId>,
    pub(crate) skew: Option<Skew>,
}

impl From<TokenCode> for Refusal {
    fn from(code: TokenCode) -> Self {
        Self { code, issuer: None, skew: None }
    }
}

/// What is counted of a token that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) issuer: IssuerId,
    pub(crate) is_remembered: bool,
    pub(crate) by_stale_keys: bool,
    pub(crate) skew: Option<Skew>,
}

impl Counters {
    pub(crate) fn of(issuers: &[Issuer]) -> Self {
        let counters =
            |issuer: &Issuer| IssuerCounters { name: issuer.name.clone(), ..IssuerCounters::default() };
        Self { refused: Refusals::of_nobody(), issuers: issuers.iter().map(counters).collect() }
    }

    /// Finds what was counted of an issuer by its name in the policy.
    #[must_use]
    pub fn issuer(&self, name: &str) -> Option<&IssuerCounters> {
        self.issuers.iter().find(|issuer| issuer.name == name)
    }

    /// Goes on from what the verifier of the policy before counted, for the issuers of equal names.
    pub(crate) fn adopt(&mut self, other: &Self) {
        self.refused.clone_from(&other.refused);
        for issuer in &mut self.issuers {
            if let Some(before) = other.issuer(&issuer.name) {
                issuer.clone_from(before);
            }
        }
    }

    pub(crate) fn of_issuer(&mut self, issuer: IssuerId) -> Option<&mut IssuerCounters> {
        self.issuers.get_mut(usize::try_from(issuer.0).ok()?)
    }

    pub(crate) fn accepted(&mut self, accepted: Accepted) {
        let Some(issuer) = self.of_issuer(accepted.issuer) else { return };
        add_one(if accepted.is_remembered { &mut issuer.remembered } else { &mut issuer.verified });
        if accepted.by_stale_keys {
            add_one(&mut issuer.by_stale_keys);
        }
        if let Some(skew) = accepted.skew {
            add_one(&mut issuer.clock_skew_suspected.of(skew).accepted);
        }
    }

    pub(crate) fn refused(&mut self, refusal: Refusal) {
        match refusal.issuer.and_then(|issuer| self.of_issuer(issuer)) {
            None => self.refused.add(refusal.code),
            Some(issuer) => {
                issuer.refused.add(refusal.code);
                if let Some(skew) = refusal.skew {
                    add_one(&mut issuer.clock_skew_suspected.of(skew).refused);
                }
            }
        }
    }

    pub(crate) fn keys_unavailable(&mut self, issuer: IssuerId) {
        if let Some(issuer) = self.of_issuer(issuer) {
            add_one(&mut issuer.keys_unavailable);
        }
    }

    pub(crate) fn fetch_begun(&mut self, issuer: IssuerId) {
        if let Some(issuer) = self.of_issuer(issuer) {
            add_one(&mut issuer.key_fetches.begun);
        }
    }

    /// Counts the end of a fetch: with keys, or with what failed.
    pub(crate) fn fetch_ended(&mut self, issuer: IssuerId, end: Result<(), KeyFailure>) {
        let Some(IssuerCounters { key_fetches, .. }) = self.of_issuer(issuer) else { return };
        add_one(match end {
            Ok(()) => &mut key_fetches.succeeded,
            Err(KeyFailure::Fetch) => &mut key_fetches.failed.fetch,
            Err(KeyFailure::Discovery) => &mut key_fetches.failed.discovery,
            Err(KeyFailure::Keys) => &mut key_fetches.failed.keys,
        });
    }
}

impl IssuerCounters {
    /// Answers how many tokens were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.verified.saturating_add(self.remembered)
    }

    /// Lists the numbers, in the order in which they stand in a line.
    fn numbers_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        let ClockSkew { behind, ahead } = &mut self.clock_skew_suspected;
        let KeyFetchCounters { begun, succeeded, failed } = &mut self.key_fetches;
        let KeyFailures { fetch, discovery, keys } = failed;
        let tokens =
            [&mut self.verified, &mut self.remembered, &mut self.by_stale_keys, &mut self.keys_unavailable];
        let skew = [&mut behind.accepted, &mut behind.refused, &mut ahead.accepted, &mut ahead.refused];
        tokens
            .into_iter()
            .chain(self.refused.numbers_mut())
            .chain(skew)
            .chain([begun, succeeded, fetch, discovery, keys])
    }
}

impl ClockSkew {
    fn of(&mut self, skew: Skew) -> &mut Suspicions {
        match skew {
            Skew::Behind => &mut self.behind,
            Skew::Ahead => &mut self.ahead,
        }
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self { by_code: [0; TokenCode::ALL.len()], of_known_issuer: true }
    }
}

impl Refusals {
    fn of_nobody() -> Self {
        Self { of_known_issuer: false, ..Self::default() }
    }

    /// Answers how many tokens were refused with a code.
    #[must_use]
    pub fn of(&self, code: TokenCode) -> u64 {
        self.iter().find_map(|(known, count)| (known == code).then_some(count)).unwrap_or(0)
    }

    /// Answers how many tokens were refused.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.iter().fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// Lists the codes that there can be, in the order of the checks: up to `issuer` where it isn't known, and from there on where it is.
    pub fn iter(&self) -> impl Iterator<Item = (TokenCode, u64)> + '_ {
        let counted = TokenCode::ALL.iter().copied().zip(self.by_code.iter().copied());
        counted.filter(|(code, _)| (*code > TokenCode::Issuer) == self.of_known_issuer)
    }

    /// Lists the numbers of [`Self::iter`], in its order.
    fn numbers_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        let of_known_issuer = self.of_known_issuer;
        let counted = TokenCode::ALL.iter().zip(&mut self.by_code);
        counted
            .filter(move |(code, _)| (**code > TokenCode::Issuer) == of_known_issuer)
            .map(|(_, count)| count)
    }

    fn add(&mut self, code: TokenCode) {
        let mut counted = TokenCode::ALL.iter().zip(&mut self.by_code);
        if let Some((_, count)) = counted.find(|(known, _)| **known == code) {
            add_one(count);
        }
    }
}

/// Takes a number out of what was counted of an issuer.
type Number = fn(&IssuerCounters) -> u64;

/// Writes texts, and a number behind them.
fn add(text: &mut String, before: &[&str], count: u64) {
    text.extend(before.iter().copied());
    // To write into a text never fails.
    let _ = write!(text, "{count}");
}

/// Writes a name as JSON does; Prometheus escapes quotation marks, backslashes and ends of lines in the same way. No name of a policy has
/// one, but one of an artifact that no compiler made might.
fn quoted(name: &str) -> String {
    // A text always serialises.
    serde_json::to_string(name).unwrap_or_default()
}

fn add_one(count: &mut u64) {
    *count = count.saturating_add(1);
}
