//! Codes of issuer items: G0400 to G0449.

use crate::diagnostic::Code;

/// An issuer lacks a line that it must have.
pub const LINE_MISSING: Code = Code::error(400, "an issuer lacks a line that it must have");
/// An issuer has a line twice.
pub const LINE_TWICE: Code = Code::error(401, "an issuer has a line twice");
/// An issuer is `like` a profile that doesn't exist.
pub const PROFILE_UNKNOWN: Code = Code::error(402, "an issuer is `like` a profile that doesn't exist");
/// A URL can't be trusted or is malformed.
pub const URL_BAD: Code = Code::error(403, "a URL can't be trusted or is malformed");
/// Two issuers have one `url`.
pub const URL_SHARED: Code = Code::error(404, "two issuers have one `url`");
/// An algorithm is unknown.
pub const ALGORITHM_UNKNOWN: Code = Code::error(405, "an algorithm is unknown");
/// An algorithm may not sign tokens here.
pub const ALGORITHM_UNSAFE: Code = Code::error(406, "an algorithm may not sign tokens here");
/// A duration of an issuer is out of range.
pub const DURATION_RANGE: Code = Code::error(407, "a duration of an issuer is out of range");
/// A text that can't be empty is empty.
pub const TEXT_EMPTY: Code = Code::error(408, "a text that can't be empty is empty");
/// A required claim is compared with what no claim holds.
pub const REQUIRE_LITERAL: Code = Code::error(409, "a required claim is compared with what no claim holds");
/// An issuer grants a role that isn't declared.
pub const ROLE_UNKNOWN: Code = Code::error(410, "an issuer grants a role that isn't declared");
/// A `roles` line grants nothing.
pub const GRANTS_EMPTY: Code = Code::error(411, "a `roles` line grants nothing");
/// An issuer declares an attribute twice.
pub const ATTRIBUTE_TWICE: Code = Code::error(412, "an issuer declares an attribute twice");
/// An attribute is named like a built-in one.
pub const ATTRIBUTE_BUILT_IN: Code = Code::error(413, "an attribute is named like a built-in one");
/// An attribute has a type that no claim gives.
pub const ATTRIBUTE_TYPE: Code = Code::error(414, "an attribute has a type that no claim gives");
/// A set is never absent.
pub const ATTRIBUTE_OPTIONAL_SET: Code = Code::error(415, "a set is never absent");
/// A shape stands on an attribute that is no set.
pub const ATTRIBUTE_SHAPE: Code = Code::error(416, "a shape stands on an attribute that is no set");
/// A default doesn't fit its attribute.
pub const ATTRIBUTE_DEFAULT: Code = Code::error(417, "a default doesn't fit its attribute");
/// Two issuers give one attribute different types.
pub const ATTRIBUTE_TYPES_DIFFER: Code = Code::error(418, "two issuers give one attribute different types");
/// Tokens can't be taken from there.
pub const TOKEN_SOURCE: Code = Code::error(419, "tokens can't be taken from there");
/// An issuer refuses a claim that its tokens must have.
pub const REFUSE_NEEDED: Code = Code::error(420, "an issuer refuses a claim that its tokens must have");

/// Every code of this file.
pub const ALL: &[Code] = &[
    LINE_MISSING,
    LINE_TWICE,
    PROFILE_UNKNOWN,
    URL_BAD,
    URL_SHARED,
    ALGORITHM_UNKNOWN,
    ALGORITHM_UNSAFE,
    DURATION_RANGE,
    TEXT_EMPTY,
    REQUIRE_LITERAL,
    ROLE_UNKNOWN,
    GRANTS_EMPTY,
    ATTRIBUTE_TWICE,
    ATTRIBUTE_BUILT_IN,
    ATTRIBUTE_TYPE,
    ATTRIBUTE_OPTIONAL_SET,
    ATTRIBUTE_SHAPE,
    ATTRIBUTE_DEFAULT,
    ATTRIBUTE_TYPES_DIFFER,
    TOKEN_SOURCE,
    REFUSE_NEEDED,
];
