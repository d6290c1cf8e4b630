//! The border between C and Rust: pointers to slices, errors to structs, panics to errors.

use std::borrow::Cow;
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
    code: Cow<'static, str>,
    message: String,
}

impl Failure {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    /// Says that a pointer is NULL, or its length impossible.
    pub(crate) fn null(promised: &str) -> Self {
        Self::new("abi:null", format!("a pointer to {promised} was promised: pass one"))
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::new(error.code(), error.to_string())
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
    // Unwind safe: a session that a panic left half done is made anew before it is used again.
    let failure = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(_panic) => Failure::new(
            "abi:panic",
            "gatelaw met a defect of its own: deny the request, and report what stands in the log",
        ),
    };
    // SAFETY: writable or NULL by the promise of the caller.
    if let Some(error) = unsafe { error.as_mut() } {
        write(&mut error.code, &failure.code);
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

/// Makes a decision panic where a test asks for it; in no other build.
#[cfg(feature = "forced-panic")]
pub(crate) mod forced {
    use std::sync::atomic::{AtomicU32, Ordering};

    /// How many decisions are left until one panics; 0 for none.
    static LEFT: AtomicU32 = AtomicU32::new(0);

    /// Makes a decision panic: the next one, or as many after it as `skip` says.
    // SAFETY: no other symbol of this library or of those it links begins with `gate_`.
    #[unsafe(no_mangle)]
    extern "C" fn gate_panic_in_next_decision(skip: u32) {
        LEFT.store(skip.saturating_add(1), Ordering::SeqCst);
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    pub(crate) fn panic_if_asked() {
        let one_less = |left: u32| left.checked_sub(1);
        if LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) == Ok(1) {
            panic!("forced by a test");
        }
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
        let fails = || Err(Failure::new("abi:test", ""));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { guarded(std::ptr::null_mut(), fails) }, ERROR);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let mut error = empty();
        let fails = || Err(Failure::new("abi:test", "é".repeat(400)));
        // SAFETY: `error` is a local.
        unsafe { guarded(&raw mut error, fails) };
        assert_eq!(text(&error.message), "é".repeat(223));
    }

    #[test]
    fn null_is_no_bytes_unless_none_are_promised() {
        // SAFETY: NULL is allowed.
        assert!(matches!(unsafe { slice(std::ptr::null(), 0) }, Ok([])));
        // SAFETY: NULL is allowed.
        assert!(unsafe { slice(std::ptr::null(), 1) }.is_err_and(|failure| failure.code == "abi:null"));
    }
}
