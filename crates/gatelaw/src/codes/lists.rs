//! Codes of lists: G0701 to G0799.

use crate::diagnostic::Code;

/// An entry of another type than its list.
pub const ENTRY_UNFIT: Code = Code::error(701, "an entry of another type than its list");
/// A list that is empty.
pub const EMPTY: Code = Code::error(702, "a list that is empty");
/// A list file that could not be read.
pub const FILE_UNREAD: Code = Code::error(703, "a list file that could not be read");
/// A list that is too long.
pub const TOO_LONG: Code = Code::error(704, "a list that is too long");
/// A type that lists do not have.
pub const TYPE_UNFIT: Code = Code::error(705, "a type that lists do not have");

/// Every code of this file.
pub const ALL: &[Code] = &[ENTRY_UNFIT, EMPTY, FILE_UNREAD, TOO_LONG, TYPE_UNFIT];
