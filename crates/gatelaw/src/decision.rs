//! The answer to one request, and how its texts are made.
//!
//! Whatever evaluates a policy uses these texts: [`Challenge`], [`Text`] and [`LimitKey`].

mod challenge;
mod limit_key;
mod text;

pub use challenge::{Challenge, ChallengeError};
pub use limit_key::LimitKey;
pub use text::{Text, is_forwardable, is_forwardable_member};

use crate::ast::{AuditLevel, Effect};

/// Holds everything a host acts on and records: the whole answer to one request.
///
/// Equal artifacts and equal inputs give equal decisions, member for member, in every runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may pass.
    pub effect: Effect,
    /// The HTTP status to answer with: 200 on allow, else 400 to 503.
    pub status: u16,
    /// Why.
    pub reason: Reason,
    /// The full name of the rule that decided, where one did.
    pub rule: Option<String>,
    /// The exact value of `WWW-Authenticate`, where one is due (RFC 6750, RFC 9470, RFC 9728).
    pub challenge: Option<String>,
    /// The text that a `respond` sends.
    pub text: Option<String>,
    /// Headers to set on the request that goes on, sorted by name.
    pub set: Vec<(String, String)>,
    /// Headers to remove by fold from the request that goes on, sorted.
    pub remove: Vec<String>,
    /// The limits that an allowed request counts against, sorted by name.
    pub limits: Vec<LimitUse>,
    /// How much the audit record tells.
    pub audit: AuditLevel,
    /// Attributes that the record keeps, with their text, sorted.
    pub keep: Vec<(String, String)>,
    /// Full names of the `observe` rules that matched, sorted.
    pub observed: Vec<String>,
    /// What to forward: the canonical target, absent where the request was refused.
    pub target: Option<String>,
    /// The digest of the policy that decided: `sha256:` and 64 hex digits.
    pub policy: String,
}

/// Holds what a [`Decision`] holds, its texts those of a session and its plan: who only looks at an answer, or writes it elsewhere at once,
/// needs no copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionText<'d> {
    /// As in a [`Decision`], and so are all others.
    pub effect: Effect,
    /// The HTTP status to answer with.
    pub status: u16,
    /// Why.
    pub reason: Reason,
    /// The full name of the rule that decided.
    pub rule: Option<&'d str>,
    /// The value of `WWW-Authenticate`.
    pub challenge: Option<&'d str>,
    /// The text that a `respond` sends.
    pub text: Option<&'d str>,
    /// Headers to set.
    pub set: Vec<(&'d str, &'d str)>,
    /// Headers to remove.
    pub remove: Vec<&'d str>,
    /// The limits that the request counts against.
    pub limits: Vec<LimitText<'d>>,
    /// How much the audit record tells.
    pub audit: AuditLevel,
    /// Attributes that the record keeps.
    pub keep: Vec<(&'d str, &'d str)>,
    /// Full names of the `observe` rules that matched.
    pub observed: Vec<&'d str>,
    /// What to forward.
    pub target: Option<&'d str>,
    /// The digest of the policy.
    pub policy: &'d str,
}

/// Holds what a [`LimitUse`] holds, without copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitText<'d> {
    /// Full name of the rule.
    pub name: &'d str,
    /// The key, as base64url.
    pub key: &'d str,
    /// Requests a period.
    pub rate: u32,
    /// The period, in seconds.
    pub per_s: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

impl Decision {
    /// Looks at the decision without copies.
    #[must_use]
    pub fn as_text(&self) -> DecisionText<'_> {
        DecisionText {
            effect: self.effect,
            status: self.status,
            reason: self.reason.clone(),
            rule: self.rule.as_deref(),
            challenge: self.challenge.as_deref(),
            text: self.text.as_deref(),
            set: pairs(&self.set),
            remove: self.remove.iter().map(String::as_str).collect(),
            limits: self.limits.iter().map(LimitUse::as_text).collect(),
            audit: self.audit,
            keep: pairs(&self.keep),
            observed: self.observed.iter().map(String::as_str).collect(),
            target: self.target.as_deref(),
            policy: &self.policy,
        }
    }
}

impl DecisionText<'_> {
    /// Copies it into a decision of its own.
    #[must_use]
    pub fn into_owned(self) -> Decision {
        Decision {
            effect: self.effect,
            status: self.status,
            reason: self.reason,
            rule: self.rule.map(str::to_owned),
            challenge: self.challenge.map(str::to_owned),
            text: self.text.map(str::to_owned),
            set: owned_pairs(self.set),
            remove: self.remove.into_iter().map(str::to_owned).collect(),
            limits: self.limits.into_iter().map(LimitText::into_owned).collect(),
            audit: self.audit,
            keep: owned_pairs(self.keep),
            observed: self.observed.into_iter().map(str::to_owned).collect(),
            target: self.target.map(str::to_owned),
            policy: self.policy.to_owned(),
        }
    }
}

impl LimitUse {
    fn as_text(&self) -> LimitText<'_> {
        let Self { name, key, rate, per_s, burst } = self;
        LimitText { name, key, rate: *rate, per_s: *per_s, burst: *burst }
    }
}

impl LimitText<'_> {
    fn into_owned(self) -> LimitUse {
        let Self { name, key, rate, per_s, burst } = self;
        LimitUse { name: name.to_owned(), key: key.to_owned(), rate, per_s, burst }
    }
}

fn pairs(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn owned_pairs(pairs: Vec<(&str, &str)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Says why a decision is as it is. The list is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// `rule`: the named rule decided.
    Rule,
    /// `no_rule`: no rule allowed it.
    NoRule,
    /// `unauthenticated`: no rule allowed it, and nobody is signed in.
    Unauthenticated,
    /// `insufficient_user_authentication` (RFC 9470)
    InsufficientUserAuthentication,
    /// `insufficient_scope` (RFC 6750)
    InsufficientScope,
    /// `keys_unavailable`: no keys were ever had for the token's issuer.
    KeysUnavailable,
    /// `forward_value`: a header that the named rule sets can't carry its value, or headers of this and other rules come to too much.
    ForwardValue,
    /// `record_size`: the named rule, with others, keeps more than a record holds.
    RecordSize,
    /// `refused:CODE`: the request has no one meaning.
    Refused(String),
    /// `token:CODE`: the token is not valid.
    Token(String),
    /// `fact:NAME`: the host gave a fact of a wrong type, or owes it.
    Fact(&'static str),
}

/// Names one limit that a request counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitUse {
    /// Full name of the rule.
    pub name: String,
    /// Base64url of the SHA-256 over the rule's name and the key's values.
    pub key: String,
    /// Requests a period.
    pub rate: u32,
    /// The period, in seconds: 1, 60, 3,600 or 86,400.
    pub per_s: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

impl Reason {
    /// Returns its text in two parts: what all reasons of its kind begin with, and what follows for this one, mostly nothing.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Rule => ("rule", ""),
            Self::NoRule => ("no_rule", ""),
            Self::Unauthenticated => ("unauthenticated", ""),
            Self::InsufficientUserAuthentication => ("insufficient_user_authentication", ""),
            Self::InsufficientScope => ("insufficient_scope", ""),
            Self::KeysUnavailable => ("keys_unavailable", ""),
            Self::ForwardValue => ("forward_value", ""),
            Self::RecordSize => ("record_size", ""),
            Self::Refused(code) => ("refused:", code),
            Self::Token(code) => ("token:", code),
            Self::Fact(name) => ("fact:", name),
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, detail) = self.parts();
        f.write_str(kind)?;
        f.write_str(detail)
    }
}
