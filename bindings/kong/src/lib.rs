//! The C ABI of gatelaw, as `include/gatelaw.h` declares it: the only crate with `unsafe`.
//!
//! Every export that does something goes through `guarded`: it alone catches panics and writes errors.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

mod border;

use std::ffi::{CString, c_char};
use std::sync::LazyLock;

use border::{Failure, GateError, guarded, slice};
use gatelaw::artifact;

static VERSION: LazyLock<CString> = LazyLock::new(|| CString::new(gatelaw::version()).unwrap_or_default());

/// Names the version of gatelaw, the same for every package of one release.
///
/// The text ends with a zero byte and is never freed.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub extern "C" fn gate_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Checks that bytes begin as an artifact of this gatelaw does, whoever wrote them.
///
/// # Errors
/// `GATE_ERROR` with a code `artifact:…` for bytes that don't, `abi:null` for NULL with a length over 0.
///
/// # Safety
/// `bytes` points to `bytes_len` readable bytes, or is NULL; `error` points to a writable `gate_error`, or is NULL. Both
/// stay so, and untouched by others, during the call.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_load_unsigned(
    bytes: *const u8,
    bytes_len: usize,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller of `gate_load_unsigned` promises `bytes_len` readable bytes, or NULL.
        let bytes = unsafe { slice(bytes, bytes_len) }?;
        artifact::check_magic(bytes).map_err(Failure::from)
    };
    // SAFETY: the caller of `gate_load_unsigned` promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

#[cfg(test)]
mod tests;
