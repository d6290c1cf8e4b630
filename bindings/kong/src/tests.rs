//! The exports, called as C calls them, and the declarations that must agree with each other.

use std::ffi::CStr;

use super::*;

fn load(bytes: &[u8]) -> Result<(), String> {
    let mut error = GateError { code: [0; 64], message: [0; 448] };
    // SAFETY: both are locals.
    if unsafe { gate_load_unsigned(bytes.as_ptr(), bytes.len(), &raw mut error) } == border::OK {
        return Ok(());
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
