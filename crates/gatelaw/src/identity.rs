//! Who is asking: the claims of a verified token, mapped by the policy.

use std::net::IpAddr;

use crate::policy::{IssuerId, RoleId};

/// Holds what a policy can ask about an authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issuer of the token.
    pub issuer: IssuerId,
    /// The subject; never empty.
    pub id: String,
    /// The roles after mapping and the `includes` closure, sorted.
    pub roles: Vec<RoleId>,
    /// The scopes, sorted and free of duplicates.
    pub scopes: Vec<String>,
    /// The OAuth client.
    pub client: Option<String>,
    /// `act.sub`: an agent acting for the user (RFC 8693 §4.1).
    pub actor: Option<String>,
    /// `jti`
    pub token_id: Option<String>,
    /// `iat`, Unix seconds.
    pub issued_at: Option<i64>,
    /// `auth_time`, Unix seconds.
    pub authenticated_at: Option<i64>,
    /// The declared attributes, by [`crate::policy::AttributeId`]; always as many as the policy declares.
    pub attributes: Vec<Option<AttributeValue>>,
}

/// Holds the value of a declared attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `string`
    String(String),
    /// `strings`, sorted and free of duplicates
    Strings(Vec<String>),
    /// `ip`
    Ip(IpAddr),
    /// `duration`, in seconds
    Duration(i64),
    /// `instant`, in Unix seconds
    Instant(i64),
}

/// Says who a host found to be asking.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// Nobody is signed in, and there is no token.
    Anonymous,
    /// A token was verified and its claims mapped.
    Verified(&'a Identity),
    /// A token is present and not valid: `token:CODE`.
    Invalid(&'a str),
    /// A token is present, and no keys of its issuer were ever had.
    KeysUnavailable,
}
