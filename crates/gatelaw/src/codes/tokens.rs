//! Codes of tokens: G0001 to G0009.

use crate::diagnostic::Code;

/// A character that begins no token.
pub const UNKNOWN_CHARACTER: Code = Code::error(1, "a character that begins no token");
/// A string without its closing quote on the same line.
pub const OPEN_STRING: Code = Code::error(2, "a string that does not end on its line");
/// An escape that strings don't know.
pub const BAD_ESCAPE: Code = Code::error(3, "an escape that strings do not know");
/// A `#` glued to a token.
pub const GLUED_COMMENT: Code = Code::error(4, "a comment glued to a token");
/// A number-like text that is no literal.
pub const BAD_LITERAL: Code = Code::error(5, "a text that is no literal");
/// A name that is too long or has other characters than names have.
pub const BAD_NAME: Code = Code::error(6, "a name that is not one");
/// Something of another language: `&&`, `!`, `'text'`, `//`.
pub const FOREIGN: Code = Code::error(7, "a sign of another language");
/// A character that shows a reader another text than the one that is parsed.
pub const MISLEADING: Code = Code::error(8, "a character that shows a reader another text");

/// Lists the codes of this file.
pub const ALL: &[Code] =
    &[UNKNOWN_CHARACTER, OPEN_STRING, BAD_ESCAPE, GLUED_COMMENT, BAD_LITERAL, BAD_NAME, FOREIGN, MISLEADING];
