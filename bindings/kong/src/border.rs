//! The border between C and Rust: pointers to slices, errors to structs, panics to errors.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gatelaw::artifact::LoadError;

/// `GATE_OK` of the header.
pub(crate) const OK: i32 = 0;
/// `GATE_ERROR` of the header.
pub(crate) const ERROR: i32 = 1;

/// Carries an error to the caller: `gate_error` of the header.
#[repr(C)]
pub struct GateError {
    // INVARIANT: both end with a zero byte and hold UTF-8 before it; `write` keeps it.
    pub(crate) code: [c_char; 64],
    pub(crate) message: [c_char; 448],
}

/// Says why a call failed.
pub(crate) struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    /// Says that a pointer is NULL, or its length impossible.
    pub(crate) fn null(promised: &str) -> Self {
        Self { code: "abi:null", message: format!("a pointer to {promised} was promised: pass one") }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

/// Sees the bytes of a caller.
///
/// # Errors
/// `abi:null` for NULL with a length over 0, or a length that no slice has.
///
/// # Safety
/// `bytes` points to `bytes_len` bytes that stay readable and unwritten for `'a`, or is NULL.
pub(crate) unsafe fn slice<'a>(bytes: *const u8, bytes_len: usize) -> Result<&'a [u8], Failure> {
    if bytes_len == 0 {
        return Ok(&[]);
    }
    if bytes.is_null() || isize::try_from(bytes_len).is_err() {
        return Err(Failure::null("as many bytes as their length says"));
    }
    // SAFETY: not NULL, not longer than a slice may be, and readable for `'a` by the promise of the caller.
    Ok(unsafe { std::slice::from_raw_parts(bytes, bytes_len) })
}

/// Calls, catches a panic, and writes what went wrong: the wrapper around every export.
///
/// # Safety
/// `error` points to a writable [`GateError`] that nobody else touches during the call, or is NULL.
pub(crate) unsafe fn guarded(error: *mut GateError, call: impl FnOnce() -> Result<(), Failure>) -> i32 {
    // Nothing that the call touches outlives a panic: an export borrows from its caller and owns the rest.
    let failure = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(_panic) => Failure {
            code: "abi:panic",
            message: "gatelaw met a defect of its own: deny the request, and report what stands in the log"
                .to_owned(),
        },
    };
    // SAFETY: writable or NULL by the promise of the caller.
    if let Some(error) = unsafe { error.as_mut() } {
        write(&mut error.code, failure.code);
        write(&mut error.message, &failure.message);
    }
    ERROR
}

/// Writes text and a zero byte, cut between two characters where it is too long.
fn write(target: &mut [c_char], text: &str) {
    let room = target.len().saturating_sub(1);
    let text = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
    let bytes = text.bytes().chain(std::iter::repeat(0));
    for (slot, byte) in target.iter_mut().zip(bytes) {
        *slot = c_char::from_ne_bytes([byte]);
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn empty() -> GateError {
        GateError { code: [1; 64], message: [1; 448] }
    }

    fn text(chars: &[c_char]) -> &str {
        let bytes: Vec<u8> = chars.iter().map(|c| c.to_ne_bytes()[0]).collect();
        CStr::from_bytes_until_nul(&bytes).unwrap().to_str().unwrap().to_owned().leak()
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let mut error = empty();
        // SAFETY: `error` is a local.
        let status = unsafe { guarded(&raw mut error, || panic!("a defect")) };
        assert_eq!((status, text(&error.code)), (ERROR, "abi:panic"));
    }

    #[test]
    fn an_error_may_go_nowhere() {
        let fails = || Err(Failure { code: "abi:test", message: String::new() });
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { guarded(std::ptr::null_mut(), fails) }, ERROR);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let mut error = empty();
        let fails = || Err(Failure { code: "abi:test", message: "é".repeat(400) });
        // SAFETY: `error` is a local.
        unsafe { guarded(&raw mut error, fails) };
        assert_eq!(text(&error.message), "é".repeat(223));
    }

    #[test]
    fn null_is_no_bytes_unless_none_are_promised() {
        // SAFETY: NULL is allowed.
        assert!(matches!(unsafe { slice(std::ptr::null(), 0) }, Ok([])));
        // SAFETY: NULL is allowed.
        assert!(matches!(unsafe { slice(std::ptr::null(), 1) }, Err(Failure { code: "abi:null", .. })));
    }
}
