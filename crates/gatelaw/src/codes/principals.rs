//! Codes of principals: G0450 to G0499.

use crate::diagnostic::Code;

/// A `for` that is true when all its terms are false.
pub const MATCHES_NOBODY_KNOWN: Code = Code::error(450, "a `for` that is true when all its terms are false");
/// An attribute of the caller where the caller may be anonymous.
pub const NOT_SIGNED_IN: Code =
    Code::error(451, "an attribute of the caller where the caller may be anonymous");

/// Every code of this file.
pub const ALL: &[Code] = &[MATCHES_NOBODY_KNOWN, NOT_SIGNED_IN];
