//! Text as C hands it over and gets it: a pointer and a length.

use crate::border::{Failure, slice};

/// Holds text or bytes that somebody else owns: `gate_text` of the header. A NULL pointer is no text.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct GateText {
    bytes: *const u8,
    len: usize,
}

/// Holds a name and its value: `gate_pair` of the header.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct GatePair {
    pub(crate) name: GateText,
    pub(crate) value: GateText,
}

impl GateText {
    pub(crate) const NONE: Self = Self { bytes: std::ptr::null(), len: 0 };

    /// Points to a text, which must stay where it is as long as C may read it.
    pub(crate) fn of(text: &str) -> Self {
        Self { bytes: text.as_ptr(), len: text.len() }
    }

    pub(crate) fn of_optional(text: Option<&str>) -> Self {
        text.map_or(Self::NONE, Self::of)
    }

    /// Sees the bytes; none where there is no text.
    ///
    /// # Safety
    /// The pointer is NULL, or `len` bytes behind it stay readable and unwritten for `'a`.
    pub(crate) unsafe fn bytes<'a>(self) -> Result<&'a [u8], Failure> {
        // SAFETY: readable or NULL by the promise of the caller.
        unsafe { slice(self.bytes, self.len) }
    }

    /// Sees the bytes, where there is a text.
    ///
    /// # Safety
    /// As for [`Self::bytes`].
    pub(crate) unsafe fn optional<'a>(self) -> Result<Option<&'a [u8]>, Failure> {
        if self.bytes.is_null() && self.len == 0 {
            return Ok(None);
        }
        // SAFETY: readable or NULL by the promise of the caller.
        unsafe { self.bytes() }.map(Some)
    }

    /// Sees the text.
    ///
    /// # Errors
    /// `abi:text` where it is not UTF-8; `argument` names it.
    ///
    /// # Safety
    /// As for [`Self::bytes`].
    pub(crate) unsafe fn text<'a>(self, argument: &str) -> Result<&'a str, Failure> {
        // SAFETY: readable or NULL by the promise of the caller.
        let bytes = unsafe { self.bytes() }?;
        std::str::from_utf8(bytes).map_err(|_| Failure::new("abi:text", format!("{argument} must be UTF-8")))
    }
}

impl GatePair {
    pub(crate) fn of((name, value): &(String, String)) -> Self {
        Self { name: GateText::of(name), value: GateText::of(value) }
    }
}

/// Sees the entries of an array.
///
/// # Errors
/// `abi:null` for NULL with a length over 0, or a length that no array has.
///
/// # Safety
/// `first` is NULL, or points to `len` entries that stay readable and unwritten for `'a`.
pub(crate) unsafe fn array<'a, T>(first: *const T, len: usize, entries: &str) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    let fits = len.checked_mul(size_of::<T>()).is_some_and(|bytes| isize::try_from(bytes).is_ok());
    if first.is_null() || !first.is_aligned() || !fits {
        return Err(Failure::null(entries));
    }
    // SAFETY: not NULL, aligned, not longer than a slice may be, and readable for `'a` by the promise of the caller.
    Ok(unsafe { std::slice::from_raw_parts(first, len) })
}
