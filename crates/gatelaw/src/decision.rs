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

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule => f.write_str("rule"),
            Self::NoRule => f.write_str("no_rule"),
            Self::Unauthenticated => f.write_str("unauthenticated"),
            Self::InsufficientUserAuthentication => f.write_str("insufficient_user_authentication"),
            Self::InsufficientScope => f.write_str("insufficient_scope"),
            Self::KeysUnavailable => f.write_str("keys_unavailable"),
            Self::ForwardValue => f.write_str("forward_value"),
            Self::RecordSize => f.write_str("record_size"),
            Self::Refused(code) => write!(f, "refused:{code}"),
            Self::Token(code) => write!(f, "token:{code}"),
            Self::Fact(name) => write!(f, "fact:{name}"),
        }
    }
}
