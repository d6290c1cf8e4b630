//! The exports, called as C calls them, and the declarations that must agree with each other.

use std::collections::BTreeMap;
use std::ffi::CStr;

use super::*;

const HEADER: &str = include_str!("../include/gatelaw.h");
const RUST: [&str; 10] = [
    include_str!("lib.rs"),
    include_str!("border.rs"),
    include_str!("text.rs"),
    include_str!("request.rs"),
    include_str!("answer.rs"),
    include_str!("certificate.rs"),
    include_str!("session.rs"),
    include_str!("identity.rs"),
    include_str!("verifier.rs"),
    include_str!("trace.rs"),
];

fn no_error() -> GateError {
    GateError { code: [0; 64], message: [0; 448] }
}

/// Takes a handle out of a call, or the code of its error.
fn made<T>(call: impl FnOnce(*mut *mut T, *mut GateError) -> i32) -> Result<*mut T, String> {
    let (mut object, mut error) = (std::ptr::null_mut(), no_error());
    if call(&raw mut object, &raw mut error) == border::OK {
        return Ok(object);
    }
    // SAFETY: an error's code ends with a zero byte.
    Err(unsafe { CStr::from_ptr(error.code.as_ptr()) }.to_str().unwrap().to_owned())
}

fn load(bytes: &[u8]) -> Result<*mut Policy, String> {
    // SAFETY: all are locals.
    made(|policy, error| unsafe { gate_load_unsigned(bytes.as_ptr(), bytes.len(), policy, error) })
}

fn policy(text: &str) -> *mut Policy {
    let compiled = gatelaw::compile(&gatelaw::Sources::from_text("policy.gate", text)).unwrap();
    load(&compiled.plan.to_bytes()).unwrap()
}

fn session(policy: *const Policy) -> Result<*mut Session, String> {
    // SAFETY: the policy isn't freed, the rest are locals.
    made(|session, error| unsafe { gate_session_new(policy, std::ptr::null(), session, error) })
}

fn text(text: GateText) -> Option<String> {
    // SAFETY: what answered the text isn't freed.
    let bytes = unsafe { text.optional() }.ok().unwrap();
    bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

fn decide_json(session: *mut Session, line: &str) -> String {
    let (mut answered, now) = (GateText::NONE, std::ptr::null());
    let (bytes, len, error) = (line.as_ptr(), line.len(), std::ptr::null_mut());
    // SAFETY: the session isn't freed, the rest are locals.
    let status = unsafe { gate_decide_json(session, bytes, len, now, &raw mut answered, error) };
    assert_eq!(status, border::OK);
    text(answered).unwrap()
}

#[test]
fn the_version_is_that_of_the_core() {
    // SAFETY: the text ends with a zero byte and is never freed.
    let version = unsafe { CStr::from_ptr(gate_version()) };
    assert_eq!(version.to_str().unwrap(), gatelaw::version());
}

#[test]
fn lines_are_answered_by_a_session_that_outlives_its_policy() {
    let policy = policy("allow health { on GET /healthz for anyone }");
    // SAFETY: the policy isn't freed.
    let digest = text(unsafe { gate_digest(policy) }).unwrap();
    let session = session(policy).unwrap();
    // SAFETY: the policy isn't freed, and nobody uses it below.
    unsafe { gate_policy_free(policy) };
    let line = r#"{"method":"GET","scheme":"https","host":"a.com","target":"/healthz","now":0}"#;
    let answer = decide_json(session, line);
    assert!(answer.starts_with(r#"{"v":1,"effect":"allow","status":200,"#), "{answer}");
    assert!(answer.ends_with(&format!("\"policy\":\"{digest}\"}}")), "{answer}");
    assert_eq!(decide_json(session, "\u{e9}"), r#"{"v":1,"error":"json","at":""}"#);
    // SAFETY: the session isn't freed.
    unsafe { gate_session_free(session) };
}

#[test]
fn null_is_no_handle() {
    // SAFETY: NULL is allowed.
    assert_eq!(text(unsafe { gate_digest(std::ptr::null()) }), None);
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { gate_has_limits(std::ptr::null()) }, 0);
    assert_eq!(session(std::ptr::null()), Err("abi:null".to_owned()));
    let (none, error) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: NULL is allowed.
    let status =
        unsafe { gate_decide(none, std::ptr::null(), std::ptr::null(), std::ptr::null_mut(), error) };
    assert_eq!(status, border::ERROR);
    // SAFETY: NULL is allowed.
    unsafe { gate_session_free(std::ptr::null_mut()) };
}

#[test]
fn a_policy_with_limits_is_refused_unless_they_are_reported() {
    let policy = policy(
        "limit each { on GET /**  rate 10 per minute  by request.ip }\nallow a { on GET /a for anyone }",
    );
    assert_eq!(session(policy), Err("gate:limits".to_owned()));
    // SAFETY: the policy isn't freed before, and not used behind.
    unsafe { gate_policy_free(policy) };
}

#[test]
fn bytes_that_are_no_artifact_are_refused() {
    let code = |bytes: &[u8]| load(bytes).err().unwrap();
    assert_eq!(code(b"allow GET /orders"), "artifact:magic");
    assert_eq!(code(b""), "artifact:truncated");
    assert_eq!(code(b"GATELAW"), "artifact:truncated");
    assert_eq!(code(b"GATELAW\0\xff\xff"), "artifact:version");
}

#[test]
fn the_lua_library_declares_what_the_header_declares() {
    let header = between(HEADER, "/* begin cdef */\n", "/* end cdef */");
    let lua = between(include_str!("../lua/gatelaw.lua"), "ffi.cdef([[\n", "  ]])");
    assert_eq!(lua, header);
}

#[test]
fn the_abi_has_one_number() {
    for (text, before) in [(HEADER, "#define GATE_ABI "), (include_str!("../lua/gatelaw.lua"), "GATE_ABI = ")]
    {
        assert_eq!(between(text, before, "\n").parse(), Ok(ABI));
    }
}

#[test]
fn the_header_declares_the_structs_of_rust() {
    let declared: BTreeMap<String, Vec<(String, String)>> = pieces(HEADER, "typedef struct gate_", "\n}")
        .into_iter()
        .filter_map(|piece| piece.split_once(" {\n"))
        .map(|(name, fields)| (camel(name), fields.lines().map(c_field).collect()))
        .collect();
    let mut defined = BTreeMap::new();
    for file in RUST {
        for (before, rest) in file.split("#[repr(C)]").skip(1).filter_map(|piece| piece.split_once(" {\n")) {
            let name = before.rsplit("struct Gate").next().unwrap().to_owned();
            let fields = rest.split_once("\n}").unwrap().0.lines().filter(|line| !line.contains("//"));
            defined.insert(name, fields.map(rust_field).collect::<Vec<_>>());
        }
    }
    assert!(defined.len() >= 8);
    assert_eq!(declared, defined);
}

#[test]
fn the_header_declares_the_functions_of_rust() {
    let declared: Vec<&str> = pieces(between(HEADER, "begin cdef", "end cdef"), "gate_", "(")
        .into_iter()
        .filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .collect();
    let defined = pieces(RUST[0], "extern \"C\" fn gate_", "(");
    assert_eq!(declared, defined);
}

/// `  const gate_pair *set;` as name and type: `("set", "*const GatePair")`.
fn c_field(line: &str) -> (String, String) {
    let line = line.trim().trim_end_matches(';').trim_start_matches("const ");
    let (kind, name) = line.split_once(' ').unwrap();
    let kind = match kind {
        "int32_t" => "i32".to_owned(),
        "uint32_t" => "u32".to_owned(),
        "int64_t" => "i64".to_owned(),
        "uint8_t" => "u8".to_owned(),
        "size_t" => "usize".to_owned(),
        "char" => "c_char".to_owned(),
        other => format!("Gate{}", camel(other.strip_prefix("gate_").unwrap())),
    };
    if let Some(name) = name.strip_prefix('*') {
        return (name.to_owned(), format!("*const {kind}"));
    }
    match name.split_once('[') {
        Some((name, len)) => (name.to_owned(), format!("[{kind}; {}]", len.trim_end_matches(']'))),
        None => (name.to_owned(), kind),
    }
}

fn rust_field(line: &str) -> (String, String) {
    let line = line.trim().trim_end_matches(',').trim_start_matches("pub(crate) ");
    let (name, kind) = line.split_once(": ").unwrap();
    (name.to_owned(), kind.to_owned())
}

fn camel(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn pieces<'t>(text: &'t str, begin: &str, end: &str) -> Vec<&'t str> {
    text.split(begin).skip(1).filter_map(|piece| Some(piece.split_once(end)?.0)).collect()
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    text.split_once(begin).unwrap().1.split_once(end).unwrap().0
}
