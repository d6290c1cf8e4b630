//! Codes of clauses of rules: G0601 to G0699.

use crate::diagnostic::Code;

/// A clause that stands twice.
pub const CLAUSE_TWICE: Code = Code::error(601, "a clause that stands twice");
/// A clause that this kind of rule does not have.
pub const CLAUSE_UNFIT: Code = Code::error(602, "a clause that this kind of rule does not have");
/// A clause that is missing.
pub const CLAUSE_MISSING: Code = Code::error(603, "a clause that is missing");
/// `observe` before a rule that can not be observed.
pub const OBSERVE_UNFIT: Code = Code::error(604, "`observe` before a rule that can not be observed");
/// A status that a deny can not have.
pub const STATUS_UNFIT: Code = Code::error(605, "a status that a deny can not have");
/// A text that is too long.
pub const TEXT_TOO_LONG: Code = Code::error(606, "a text that is too long");
/// A number out of its range.
pub const OUT_OF_RANGE: Code = Code::error(607, "a number out of its range");
/// An attribute that can not be a key.
pub const KEY_UNFIT: Code = Code::error(608, "an attribute that can not be a key");
/// A header that a rule can not set or remove.
pub const HEADER_UNFIT: Code = Code::error(609, "a header that a rule can not set or remove");
/// A value that a header can not carry.
pub const VALUE_UNFIT: Code = Code::error(610, "a value that a header can not carry");
/// An attribute that a record can not keep.
pub const RECORD_UNFIT: Code = Code::error(611, "an attribute that a record can not keep");
/// Two rules that set one header differently.
pub const FORWARD_CONFLICT: Code = Code::error(612, "two rules that set one header differently");

/// Every code of this file.
pub const ALL: &[Code] = &[
    CLAUSE_TWICE,
    CLAUSE_UNFIT,
    CLAUSE_MISSING,
    OBSERVE_UNFIT,
    STATUS_UNFIT,
    TEXT_TOO_LONG,
    OUT_OF_RANGE,
    KEY_UNFIT,
    HEADER_UNFIT,
    VALUE_UNFIT,
    RECORD_UNFIT,
    FORWARD_CONFLICT,
];
