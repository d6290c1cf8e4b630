//! Any line, and any request that was changed, is answered: by a decision that can be read back, or by what is wrong with it.
#![no_main]

use std::cell::RefCell;
use std::path::Path;
use std::sync::LazyLock;

use gatelaw::{Plan, Session};
use gatelaw_fuzz::changed;
use gatelaw_host::{decide_line, explain_line, files, read_decision};
use libfuzzer_sys::fuzz_target;

static REQUESTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/orders-api/requests.jsonl");
    let text = std::fs::read_to_string(path).expect("the requests are read");
    text.lines().map(str::to_owned).collect()
});

const WORDS: [&str; 24] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "1.5",
    "-1",
    "1e99",
    "9223372036854775808",
    "\\u0000",
    "\\ud800",
    "é",
    "/",
    "%2f",
    "..",
    "\"issuer\":",
    "\"claims\":{}",
    "\"token\":\"x\"",
    "{\"hex\":\"e9\"}",
];

thread_local! {
    static SESSION: RefCell<Session<Plan>> = RefCell::new(session());
}

fn session() -> Session<Plan> {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/orders-api");
    Session::new(gatelaw::compile(&files::read(&[policy]).sources).expect("the policy compiles").plan)
}

fuzz_target!(|bytes: &[u8]| {
    let (first, changes) = bytes.split_first().unwrap_or((&0, &[]));
    let request = &REQUESTS[usize::from(*first) % REQUESTS.len()];
    SESSION.with(|session| {
        let session = &mut *session.borrow_mut();
        for line in [String::from_utf8_lossy(bytes).into_owned(), changed(request, &WORDS, changes)] {
            let answer = decide_line(session, &line, None);
            assert!(answer.starts_with(r#"{"v":1,"error":""#) || read_decision(&answer).is_ok(), "{answer}");
            assert_eq!(decide_line(session, &line, None), answer);
            let explained = explain_line(session, &line, None);
            assert_eq!(
                explained.starts_with(r#"{"v":1,"error":""#),
                answer.starts_with(r#"{"v":1,"error":""#)
            );
        }
    });
});
