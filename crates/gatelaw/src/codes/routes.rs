//! Codes of services, hosts and routes: G0501 to G0599.

use crate::diagnostic::Code;

/// A setting that stands twice.
pub const SETTING_TWICE: Code = Code::error(501, "a setting that stands twice");
/// A text that is no host pattern.
pub const BAD_HOST: Code = Code::error(502, "a text that is no host pattern");
/// A path pattern that can not be read.
pub const BAD_PATTERN: Code = Code::error(503, "a path pattern that can not be read");
/// A pattern that no canonical request can match.
pub const NEVER_MATCHES: Code = Code::error(504, "a pattern that no canonical request can match");
/// A trailing slash that is ignored anyway.
pub const TRAILING_SLASH: Code = Code::error(505, "a trailing slash that is ignored anyway");
/// A base that is not literal.
pub const BASE_NOT_LITERAL: Code = Code::error(506, "a base that is not literal");
/// Patterns with and without methods in one rule.
pub const METHODS_MIXED: Code = Code::error(507, "patterns with and without methods in one rule");
/// A method that no canonical request has.
pub const BAD_METHOD: Code = Code::error(508, "a method that no canonical request has");
/// A name that one pattern captures twice.
pub const CAPTURED_TWICE: Code = Code::error(509, "a name that one pattern captures twice");
/// A name at two places of patterns that can both match.
pub const CAPTURES_DIFFER: Code = Code::error(510, "a name at two places of patterns that can both match");
/// Services of one host that relax differently.
pub const RELAXATIONS_DIFFER: Code = Code::error(511, "services of one host that relax differently");
/// Services of one base that name different metadata.
pub const METADATA_DIFFERS: Code = Code::error(512, "services of one base that name different metadata");

/// Every code of this file.
pub const ALL: &[Code] = &[
    SETTING_TWICE,
    BAD_HOST,
    BAD_PATTERN,
    NEVER_MATCHES,
    TRAILING_SLASH,
    BASE_NOT_LITERAL,
    METHODS_MIXED,
    BAD_METHOD,
    CAPTURED_TWICE,
    CAPTURES_DIFFER,
    RELAXATIONS_DIFFER,
    METADATA_DIFFERS,
];
