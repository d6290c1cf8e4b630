//! Codes of what is wrong with files: G0010 to G0029.

use crate::diagnostic::Code;

/// A file or folder can't be read.
pub const UNREADABLE: Code = Code::error(10, "a file or folder can't be read");
/// A policy without a `.gate` file.
pub const NOTHING_FOUND: Code = Code::error(11, "there is no `.gate` file");
/// A folder that leads back to one it stands in.
pub const CYCLE: Code = Code::error(12, "a cycle of folders");
/// Folders deeper than [`crate::limits::NESTING_MAX`].
pub const TOO_DEEP: Code = Code::error(13, "folders are nested too deep");
/// A file that is no `.gate` file where a policy is asked for.
pub const NO_POLICY: Code = Code::error(14, "a file is no policy");
/// A path that has no name relative to the policy's root.
pub const UNNAMEABLE: Code = Code::error(15, "a file has no name that a policy can carry");
/// Bytes that are not UTF-8.
pub const NOT_UTF8: Code = Code::error(16, "a file is not UTF-8");
/// U+FEFF at the beginning.
pub const BYTE_ORDER_MARK: Code = Code::error(17, "a file begins with a byte order mark");
/// A file over its limit.
pub const TOO_LARGE: Code = Code::error(18, "a file is too large");
/// A file that can't be written.
pub const UNWRITABLE: Code = Code::error(19, "a file can't be written");
/// A folder that already holds something, where a project is to be made.
pub const NOT_EMPTY: Code = Code::error(20, "a folder for a new project is not empty");

/// Every code of this file.
pub const ALL: &[Code] = &[
    UNREADABLE,
    NOTHING_FOUND,
    CYCLE,
    TOO_DEEP,
    NO_POLICY,
    UNNAMEABLE,
    NOT_UTF8,
    BYTE_ORDER_MARK,
    TOO_LARGE,
    UNWRITABLE,
    NOT_EMPTY,
];
