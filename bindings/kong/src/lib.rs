//! The C ABI of gatelaw, as `include/gatelaw.h` declares it: the only crate with `unsafe`.
//!
//! Every export that does something goes through `guarded`: it alone catches panics and writes errors.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

mod border;

use std::ffi::{CString, c_char};
use std::sync::LazyLock;

use border::{Failure, GateError, guarded, slice};
use gatelaw::{Plan, artifact};

static VERSION: LazyLock<CString> = LazyLock::new(|| CString::new(gatelaw::version()).unwrap_or_default());

/// Names the version of gatelaw, the same for every package of one release.
///
/// The text ends with a zero byte and is never freed.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub extern "C" fn gate_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
///
/// On `GATE_OK`, `plan` is written: the caller owns it, and gives it to [`gate_free`] once.
///
/// # Errors
/// `GATE_ERROR` with a code `artifact:…` for bytes that are no artifact of this gatelaw, `abi:null` for a NULL.
///
/// # Safety
/// `bytes` points to `bytes_len` readable bytes, `plan` to a writable pointer, `error` to a writable `gate_error`; each may
/// be NULL, and stays so, untouched by others, during the call.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_load_unsigned(
    bytes: *const u8,
    bytes_len: usize,
    plan: *mut *mut Plan,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises `bytes_len` readable bytes, or NULL.
        let bytes = unsafe { slice(bytes, bytes_len) }?;
        // SAFETY: the caller promises a writable pointer, or NULL.
        let plan = unsafe { plan.as_mut() }.ok_or_else(|| Failure::null("a place for the plan"))?;
        *plan = Box::into_raw(Box::new(artifact::load_unsigned(bytes)?));
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Answers the digest of what decides, `sha256:` and 64 hex digits, and writes its length. NULL has none.
///
/// The text has no zero byte at its end. It stands as long as the plan.
///
/// # Safety
/// `plan` comes from [`gate_load_unsigned`] and isn't freed, `digest_len` points to a writable length; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_digest(plan: *const Plan, digest_len: *mut usize) -> *const c_char {
    // SAFETY: the caller promises a plan that isn't freed, or NULL.
    let digest = unsafe { plan.as_ref() }.map_or("", Plan::digest);
    // SAFETY: the caller promises a writable length, or NULL.
    if let Some(digest_len) = unsafe { digest_len.as_mut() } {
        *digest_len = digest.len();
    }
    digest.as_ptr().cast()
}

/// Frees a plan; NULL is none.
///
/// # Safety
/// `plan` comes from [`gate_load_unsigned`], no other call has freed it, and nobody uses it or its digest any more; or it is
/// NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_free(plan: *mut Plan) {
    if plan.is_null() {
        return;
    }
    let call = || {
        // SAFETY: the caller promises a plan that `gate_load_unsigned` boxed and nobody else has freed.
        drop(unsafe { Box::from_raw(plan) });
        Ok(())
    };
    // SAFETY: NULL is allowed: nobody can be told of a plan that doesn't free.
    unsafe { guarded(std::ptr::null_mut(), call) };
}

#[cfg(test)]
mod tests;
