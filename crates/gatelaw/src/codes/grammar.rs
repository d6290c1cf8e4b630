//! Codes of the grammar: G0101 to G0199.

use crate::diagnostic::Code;

/// Something else belongs here.
pub const EXPECTED: Code = Code::error(101, "something else belongs here");
/// A brace, bracket or parenthesis that is never closed.
pub const NEVER_CLOSED: Code = Code::error(102, "an opening that is never closed");
/// `and` and `or` beside each other without parentheses.
pub const MIXED: Code = Code::error(103, "`and` and `or` without parentheses");
/// `a < b < c`
pub const CHAINED: Code = Code::error(104, "comparisons in a chain");
/// More nested than 64 deep.
pub const TOO_DEEP: Code = Code::error(105, "nested too deep");
/// A word that begins no item.
pub const UNKNOWN_ITEM: Code = Code::error(106, "a word that begins no item");
/// A word that begins no line or clause of its block.
pub const UNKNOWN_CLAUSE: Code = Code::error(107, "a word that begins no line of its block");
/// A comma with nothing behind it.
pub const TRAILING_COMMA: Code = Code::error(108, "a comma with nothing behind it");
/// `in []`
pub const EMPTY_LITERAL: Code = Code::error(109, "an empty list literal");
/// A method that is not in capitals.
pub const METHOD_CASE: Code = Code::error(110, "a method that is not in capitals");
/// A member that stands twice in one object.
pub const TWICE: Code = Code::error(111, "a member that stands twice");

/// Lists the codes of this file.
pub const ALL: &[Code] = &[
    EXPECTED,
    NEVER_CLOSED,
    MIXED,
    CHAINED,
    TOO_DEEP,
    UNKNOWN_ITEM,
    UNKNOWN_CLAUSE,
    TRAILING_COMMA,
    EMPTY_LITERAL,
    METHOD_CASE,
    TWICE,
];
