//! Codes of tests in the language: G0800 to G0899.

use crate::diagnostic::Code;

/// A test asks nothing.
pub const REQUEST_MISSING: Code = Code::error(800, "a test has no `request`");
/// A test has a line twice that may stand once.
pub const LINE_TWICE: Code = Code::error(801, "a test has a line twice");
/// A test expects nothing.
pub const EXPECT_MISSING: Code = Code::error(802, "a test expects nothing");
/// The URL of a test's request can't be split.
pub const URL_BAD: Code = Code::error(803, "the URL of a test has no scheme or host");
/// A test signs its caller in with an issuer that isn't declared.
pub const ISSUER_UNKNOWN: Code = Code::error(804, "a test names an issuer that isn't declared");
/// Claims that are no object.
pub const CLAIMS_BAD: Code = Code::error(805, "the claims of a test are no object");
/// A fact that no host gives.
pub const FACT_UNKNOWN: Code = Code::error(806, "a test names an unknown fact");
/// A fact without a value.
pub const FACT_NULL: Code = Code::error(807, "a fact of a test is `null`");
/// `from` or `at` with something else than an address or instant.
pub const LITERAL_TYPE: Code = Code::error(808, "a line of a test has a literal of another type");
/// A test expects a rule that isn't declared.
pub const RULE_UNKNOWN: Code = Code::error(809, "a test names a rule that isn't declared");
/// A test expects of a rule what its kind never does.
pub const RULE_KIND: Code = Code::error(810, "a test expects of a rule what its kind never does");
/// A status that no decision has.
pub const STATUS: Code = Code::error(811, "a test expects a status that no such decision has");
/// A refusal code that doesn't exist.
pub const REFUSAL_UNKNOWN: Code = Code::error(812, "a test names an unknown refusal code");
/// Expectations that can't hold together.
pub const CONTRADICTION: Code = Code::error(813, "the expectations of a test contradict each other");

/// Every code of this file.
pub const ALL: &[Code] = &[
    REQUEST_MISSING,
    LINE_TWICE,
    EXPECT_MISSING,
    URL_BAD,
    ISSUER_UNKNOWN,
    CLAIMS_BAD,
    FACT_UNKNOWN,
    FACT_NULL,
    LITERAL_TYPE,
    RULE_UNKNOWN,
    RULE_KIND,
    STATUS,
    REFUSAL_UNKNOWN,
    CONTRADICTION,
];
