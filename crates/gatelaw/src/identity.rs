//! Who is asking: the claims of a verified token, mapped by the policy.

mod claims;
mod fault;
mod packed;
pub(crate) mod registered;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub use fault::{ClaimFault, ClaimFaultKind};
pub use packed::{AttributeView, Identity, Texts};

use crate::json::JsonText;
use crate::policy::{IdentityModel, IssuerId, RoleId};

/// Holds an [`Identity`] in its parts, for who makes one or shows it; its texts are of its own, or borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityParts<T = String> {
    /// The issuer of the token.
    pub issuer: IssuerId,
    /// The subject; never empty.
    pub id: T,
    /// The roles after mapping and the `includes` closure, sorted.
    pub roles: Vec<RoleId>,
    /// The scopes, sorted and free of duplicates.
    pub scopes: Vec<T>,
    /// The OAuth client.
    pub client: Option<T>,
    /// `act.sub`: an agent acting for the user (RFC 8693 §4.1).
    pub actor: Option<T>,
    /// `jti`
    pub token_id: Option<T>,
    /// `iat`, Unix seconds.
    pub issued_at: Option<i64>,
    /// `auth_time`, Unix seconds.
    pub authenticated_at: Option<i64>,
    /// The declared attributes, by [`crate::policy::AttributeId`]; always as many as the policy declares.
    pub attributes: Vec<Option<AttributeValue<T>>>,
}

/// Holds the value of a declared attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue<T = String> {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `string`
    String(T),
    /// `strings`, sorted and free of duplicates
    Strings(Vec<T>),
    /// `ip`
    Ip(IpAddr),
    /// `duration`, in seconds
    Duration(i64),
    /// `instant`, in Unix seconds
    Instant(i64),
}

/// Says why claims give no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// The policy has no issuer of that name.
    #[error("the policy has no such issuer")]
    Issuer,
    /// A claim is missing, of a wrong type, or not what the issuer requires.
    #[error("the claims are not what the issuer's lines ask for")]
    Claims,
}

impl TokenFault {
    /// Names the fault as it stands behind `token:` in a reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Claims => "claims",
        }
    }
}

impl Identity {
    /// Maps the claims of a verified token by the lines of its issuer.
    ///
    /// `issuer` is the issuer's name in the policy. `client_cert` is the fact of that name, lower-case hex, which a token with
    /// `cnf` must be bound to (RFC 8705 §3.1). Signature, `iss`, `aud` and times are not judged here.
    ///
    /// # Errors
    /// [`TokenFault::Issuer`] for a name that the policy doesn't have; [`TokenFault::Claims`] where a claim is missing, `null`
    /// or of a wrong type, where a `require` or `refuse` line doesn't hold, or where the token is bound to another certificate.
    pub fn map(
        model: &IdentityModel,
        issuer: &str,
        claims: &JsonText<'_>,
        client_cert: Option<&str>,
    ) -> Result<Self, TokenFault> {
        claims::map(model, issuer, claims, client_cert)
    }

    /// Finds the first claim for which [`Identity::map`] answers [`TokenFault::Claims`]; `None` where it maps them.
    #[must_use]
    pub fn claim_at_fault(
        model: &IdentityModel,
        issuer: &str,
        claims: &JsonText<'_>,
        client_cert: Option<&str>,
    ) -> Option<ClaimFault> {
        fault::claim_at_fault(model, issuer, claims, client_cert)
    }
}

impl<T: AsRef<str>> IdentityParts<T> {
    /// Lists all texts.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let optional = [&self.client, &self.actor, &self.token_id].into_iter().flatten();
        let attributes = self.attributes.iter().flatten().flat_map(|value| match value {
            AttributeValue::String(text) => std::slice::from_ref(text),
            AttributeValue::Strings(texts) => texts.as_slice(),
            AttributeValue::Bool(_)
            | AttributeValue::Int(_)
            | AttributeValue::Ip(_)
            | AttributeValue::Duration(_)
            | AttributeValue::Instant(_) => &[],
        });
        std::iter::once(&self.id).chain(optional).chain(&self.scopes).chain(attributes).map(T::as_ref)
    }
}

/// Says what a row of bytes takes of the heap: allocators hand out multiples of 16, and keep a word of their own beside each.
pub(crate) fn allocated(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + size_of::<usize>()).next_multiple_of(16).max(32) }
}

/// Says who a host found to be asking.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// Nobody is signed in, and there is no token.
    Anonymous,
    /// A token was verified and its claims mapped.
    Verified(&'a Identity),
    /// As [`Caller::Verified`], classified before for all requests with this token, see [`crate::Plan::prepare`].
    Prepared(&'a crate::Prepared),
    /// A token is present and not valid: `token:CODE`.
    Invalid(&'a str),
    /// A token is present, and no keys of its issuer were ever had.
    KeysUnavailable,
}
