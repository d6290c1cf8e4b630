//! Codes of names: G0201 to G0299.

use crate::diagnostic::Code;

/// A name that is declared twice.
pub const DECLARED_TWICE: Code = Code::error(201, "a name that is declared twice");
/// A reserved word as a name.
pub const RESERVED: Code = Code::error(202, "a reserved word as a name");
/// A name that is not declared.
pub const UNKNOWN_NAME: Code = Code::error(203, "a name that is not declared");
/// A name of another kind.
pub const WRONG_KIND: Code = Code::error(204, "a name of another kind");
/// A name that leads back to itself.
pub const CYCLE: Code = Code::error(205, "a name that leads back to itself");
/// An attribute that does not exist.
pub const UNKNOWN_ATTRIBUTE: Code = Code::error(206, "an attribute that does not exist");
/// A name that the route does not capture.
pub const NOT_CAPTURED: Code = Code::error(207, "a name that the route does not capture");
/// More rules than a policy may have.
pub const TOO_MANY_RULES: Code = Code::error(208, "more rules than a policy may have");

/// Every code of this file.
pub const ALL: &[Code] = &[
    DECLARED_TWICE,
    RESERVED,
    UNKNOWN_NAME,
    WRONG_KIND,
    CYCLE,
    UNKNOWN_ATTRIBUTE,
    NOT_CAPTURED,
    TOO_MANY_RULES,
];
