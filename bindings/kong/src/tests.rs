//! The exports, called as C calls them, and the declarations that must agree with each other.

use std::ffi::CStr;

use super::*;

/// Loads, answers the digest, and frees.
fn load(bytes: &[u8]) -> Result<String, String> {
    let mut error = GateError { code: [0; 64], message: [0; 448] };
    let mut plan = std::ptr::null_mut();
    // SAFETY: all are locals.
    let status = unsafe { gate_load_unsigned(bytes.as_ptr(), bytes.len(), &raw mut plan, &raw mut error) };
    if status == border::OK {
        return Ok(digest_and_free(plan));
    }
    // SAFETY: an error's code ends with a zero byte.
    Err(unsafe { CStr::from_ptr(error.code.as_ptr()) }.to_str().unwrap().to_owned())
}

#[test]
fn the_version_is_that_of_the_core() {
    // SAFETY: the text ends with a zero byte and is never freed.
    let version = unsafe { CStr::from_ptr(gate_version()) };
    assert_eq!(version.to_str().unwrap(), gatelaw::version());
}

fn digest_and_free(plan: *mut Plan) -> String {
    let mut digest_len = 0;
    // SAFETY: the plan was just loaded, the length is a local.
    let digest = unsafe { gate_digest(plan, &raw mut digest_len) };
    // SAFETY: a digest is as long as it says while its plan stands.
    let digest = unsafe { std::slice::from_raw_parts(digest.cast(), digest_len) }.to_vec();
    // SAFETY: the plan was just loaded, and the digest copied.
    unsafe { gate_free(plan) };
    String::from_utf8(digest).unwrap()
}

#[test]
fn an_artifact_loads() {
    let policy = gatelaw::compile(&gatelaw::Sources::from_text(
        "a.gate",
        "allow health { on GET /healthz for anyone }",
    ))
    .unwrap();
    assert_eq!(load(&policy.plan.to_bytes()), Ok(policy.plan.digest().to_owned()));
}

#[test]
fn null_is_no_plan() {
    assert_eq!(digest_and_free(std::ptr::null_mut()), "");
    // SAFETY: NULL is allowed.
    let status = unsafe { gate_load_unsigned(b"".as_ptr(), 0, std::ptr::null_mut(), std::ptr::null_mut()) };
    assert_eq!(status, border::ERROR);
}

#[test]
fn bytes_that_are_no_artifact_are_refused() {
    assert_eq!(load(b"allow GET /orders"), Err("artifact:magic".to_owned()));
    assert_eq!(load(b""), Err("artifact:truncated".to_owned()));
    assert_eq!(load(b"GATELAW"), Err("artifact:truncated".to_owned()));
    assert_eq!(load(b"GATELAW\0\xff\xff"), Err("artifact:version".to_owned()));
}

#[test]
fn the_lua_library_declares_what_the_header_declares() {
    let header = between(include_str!("../include/gatelaw.h"), "/* begin cdef */\n", "/* end cdef */");
    let lua = between(include_str!("../lua/gatelaw.lua"), "ffi.cdef([[\n", "]])");
    assert_eq!(lua, header);
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    text.split_once(begin).unwrap().1.split_once(end).unwrap().0
}
