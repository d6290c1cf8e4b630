//! Why a token is refused.

use std::fmt;

/// Names the check that a token fails first: `token:CODE` in a decision's reason.
///
/// The list is closed, and in the order of the checks. What is cheap is checked first, the signature last: a token that is refused
/// for another reason costs neither a fetch nor a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenCode {
    /// `size`: longer than 16 KiB.
    Size,
    /// `format`: not three parts of base64url without padding (RFC 7515 §7.1).
    Format,
    /// `header`: no JSON object, a member twice, no `alg`, a member of a wrong type, a `kid` that is no id, or `b64`, which
    /// changes what is signed.
    Header,
    /// `crit`: the header names extensions that must be understood (RFC 7515 §4.1.11); none is.
    Crit,
    /// `payload`: no JSON object, a member twice, or nested more than 16 deep.
    Payload,
    /// `issuer`: no issuer of the policy has this `iss`.
    Issuer,
    /// `source`: the issuer takes no tokens from the header or cookie in which this one came.
    Source,
    /// `alg`: an algorithm that the issuer doesn't list; `none` is listed by none.
    Alg,
    /// `type`: a `typ` that the issuer doesn't list.
    Type,
    /// `audience`: none of the issuer's audiences.
    Audience,
    /// `times`: `exp` or `iat` is missing, or a time is no number of seconds.
    Times,
    /// `expired`: `exp` has passed.
    Expired,
    /// `not_yet_valid`: `nbf`, `iat` or `auth_time` is in the future.
    NotYetValid,
    /// `lifetime`: it is valid for longer than the issuer's `max_age`, or for no time at all.
    Lifetime,
    /// `claims`: a claim is missing, of a wrong type, or not what the issuer's lines ask for.
    Claims,
    /// `key`: the issuer has no key of this id, or none for this algorithm.
    Key,
    /// `signature`: the signature is of another key, or of another text.
    Signature,
}

impl TokenCode {
    /// Lists all, in the order of the checks.
    pub const ALL: [Self; 17] = [
        Self::Size,
        Self::Format,
        Self::Header,
        Self::Crit,
        Self::Payload,
        Self::Issuer,
        Self::Source,
        Self::Alg,
        Self::Type,
        Self::Audience,
        Self::Times,
        Self::Expired,
        Self::NotYetValid,
        Self::Lifetime,
        Self::Claims,
        Self::Key,
        Self::Signature,
    ];

    /// Names it, as it stands behind `token:`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Format => "format",
            Self::Header => "header",
            Self::Crit => "crit",
            Self::Payload => "payload",
            Self::Issuer => "issuer",
            Self::Source => "source",
            Self::Alg => "alg",
            Self::Type => "type",
            Self::Audience => "audience",
            Self::Times => "times",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Lifetime => "lifetime",
            Self::Claims => "claims",
            Self::Key => "key",
            Self::Signature => "signature",
        }
    }

    /// Says in a sentence what was wrong, for a person who may know the token.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Size => "the token is longer than 16 KiB",
            Self::Format => "the token is not three parts of base64url without padding",
            Self::Header => {
                "the token's header is no JSON object with an `alg`, each member once and of its type"
            }
            Self::Crit => "the token's header names critical extensions, and none is understood",
            Self::Payload => "the token's payload is no JSON object with each member once, at most 16 deep",
            Self::Issuer => "the policy has no issuer with the token's `iss`",
            Self::Source => "the issuer takes no tokens from where this one stands",
            Self::Alg => "the token's algorithm is none that its issuer signs with",
            Self::Type => "the token's `typ` is none that its issuer gives",
            Self::Audience => "the token is for another audience",
            Self::Times => "the token's `exp` or `iat` is missing, or a time is no number of seconds",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::Lifetime => {
                "the token is valid for longer than its issuer's `max_age`, or for no time at all"
            }
            Self::Claims => "the token's claims are not what the issuer's lines ask for",
            Self::Key => "the issuer has no key that the token names, for its algorithm",
            Self::Signature => "the token's signature is wrong",
        }
    }
}

impl fmt::Display for TokenCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
