//! Where claims stand that mean the same in every token, and those that a policy may look for elsewhere.

/// `iat` (RFC 7519 §4.1.6).
pub(crate) const ISSUED_AT: &[&str] = &["iat"];
/// `jti` (RFC 7519 §4.1.7).
pub(crate) const TOKEN_ID: &[&str] = &["jti"];
/// `auth_time` (OpenID Connect Core §2).
pub(crate) const AUTHENTICATED_AT: &[&str] = &["auth_time"];
/// `act.sub` (RFC 8693 §4.1).
pub(crate) const ACTOR: &[&str] = &["act", "sub"];
/// `sub` (RFC 7519 §4.1.2), where an issuer has no line `subject`.
pub(crate) const SUBJECT: &[&str] = &["sub"];
/// `azp` (OpenID Connect Core §2), where an issuer has no line `client`;
pub(crate) const AUTHORIZED_PARTY: &[&str] = &["azp"];
/// and `client_id` (RFC 9068 §2.2), where a token has no `azp`.
pub(crate) const CLIENT_ID: &[&str] = &["client_id"];
