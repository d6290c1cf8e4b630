//! Codes of types and facts: G0301 to G0399.

use crate::diagnostic::Code;

/// Types that do not fit.
pub const TYPE_MISMATCH: Code = Code::error(301, "types that do not fit");
/// An order on a type that has none.
pub const NO_ORDER: Code = Code::error(302, "an order on a type that has none");
/// An attribute where a test is needed.
pub const NO_TEST: Code = Code::error(303, "an attribute where a test is needed");
/// A value that may be absent, read without a guard.
pub const MAY_BE_ABSENT: Code = Code::error(304, "a value that may be absent, read without a guard");
/// Absence that would grant.
pub const ABSENCE_GRANTS: Code = Code::error(305, "absence that would grant");
/// Asking for what is never absent.
pub const NEVER_ABSENT: Code = Code::error(306, "asking for what is never absent");
/// A comparison without an attribute.
pub const NO_ATTRIBUTE: Code = Code::error(307, "a comparison without an attribute");
/// An interval that holds nothing.
pub const BAD_INTERVAL: Code = Code::error(308, "an interval that holds nothing");
/// A pattern that can not be read.
pub const BAD_PATTERN: Code = Code::error(309, "a pattern that can not be read");
/// A pattern whose automaton is too large.
pub const PATTERN_TOO_LARGE: Code = Code::error(310, "a pattern whose automaton is too large");
/// A header that conditions can not read.
pub const HEADER_UNREADABLE: Code = Code::error(311, "a header that conditions can not read");
/// A text that is no name of a header.
pub const BAD_HEADER_NAME: Code = Code::error(312, "a text that is no name of a header");
/// A condition that is too large once defines stand for themselves.
pub const TOO_LARGE: Code =
    Code::error(313, "a condition that is too large once defines stand for themselves");
/// A capture in a define.
pub const PATH_IN_DEFINE: Code = Code::error(314, "a capture in a define");
/// A secret outside of a condition.
pub const SECRET: Code = Code::error(315, "a secret outside of a condition");
/// A list that may be empty, of which all must be contained.
pub const ALWAYS_CONTAINED: Code =
    Code::error(316, "a list that may be empty, of which all must be contained");
/// A secret that has another name.
pub const SECRET_SHOWN: Code = Code::error(317, "a secret that has another name");

/// Every code of this file.
pub const ALL: &[Code] = &[
    TYPE_MISMATCH,
    NO_ORDER,
    NO_TEST,
    MAY_BE_ABSENT,
    ABSENCE_GRANTS,
    NEVER_ABSENT,
    NO_ATTRIBUTE,
    BAD_INTERVAL,
    BAD_PATTERN,
    PATTERN_TOO_LARGE,
    HEADER_UNREADABLE,
    BAD_HEADER_NAME,
    TOO_LARGE,
    PATH_IN_DEFINE,
    SECRET,
    ALWAYS_CONTAINED,
    SECRET_SHOWN,
];
