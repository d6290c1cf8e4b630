//! Codes of warnings: G0901 to G0999.

use crate::diagnostic::Code;

/// A deny of GET that lets HEAD pass.
pub const HEAD_NOT_DENIED: Code = Code::warning(901, "a deny of GET that lets HEAD pass");
/// A deny that does not match where a fact is absent.
pub const ABSENT_FACT: Code = Code::warning(902, "a deny that does not match where a fact is absent");
/// Something that is declared and never used.
pub const UNUSED: Code = Code::warning(903, "something that is declared and never used");
/// A role that no issuer grants.
pub const ROLE_UNGRANTED: Code = Code::warning(904, "a role that no issuer grants");
/// Two offsets in one rule.
pub const TWO_OFFSETS: Code = Code::warning(905, "two offsets in one rule");
/// Limits without a catch-all.
pub const NO_CATCH_ALL: Code = Code::warning(906, "limits without a catch-all");
/// A rule that can never match.
pub const NEVER_MATCHES: Code = Code::warning(907, "a rule that can never match");
/// An allow that a deny always covers.
pub const COVERED: Code = Code::warning(908, "an allow that a deny always covers");
/// Two rules with the same condition.
pub const SAME_CONDITION: Code = Code::warning(909, "two rules with the same condition");
/// Two denies that answer differently and can both match.
pub const RESPONDS_DIFFER: Code = Code::warning(910, "two denies that answer differently and can both match");
/// A text that the attribute beside it never is.
pub const NEVER_HAD: Code = Code::warning(911, "a text that an attribute never is");

/// Every code of this file.
pub const ALL: &[Code] = &[
    HEAD_NOT_DENIED,
    ABSENT_FACT,
    UNUSED,
    ROLE_UNGRANTED,
    TWO_OFFSETS,
    NO_CATCH_ALL,
    NEVER_MATCHES,
    COVERED,
    SAME_CONDITION,
    RESPONDS_DIFFER,
    NEVER_HAD,
];
