//! An artifact that was changed and given fitting digests again is refused, or decides without a panic.
//!
//! The bytes of the fuzzer are changes, four bytes each: a place, and what stands there afterwards.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use gatelaw::Session;
use gatelaw::artifact::load_unsigned;
use gatelaw_conformance::attack::seal;
use gatelaw_host::{decide_line, files};
use libfuzzer_sys::fuzz_target;

static POLICY: LazyLock<PathBuf> =
    LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/orders-api"));
static ARTIFACT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let sources = files::read(&[POLICY.clone()]).sources;
    gatelaw::compile(&sources).expect("the policy compiles").plan.to_bytes()
});
static REQUESTS: LazyLock<String> =
    LazyLock::new(|| std::fs::read_to_string(POLICY.join("requests.jsonl")).expect("the requests are read"));

fuzz_target!(|changes: &[u8]| {
    let mut bytes = ARTIFACT.clone();
    for change in changes.chunks(4) {
        let [a, b, c, value] = std::array::from_fn(|i| change.get(i).copied().unwrap_or(0));
        // Spread by Fibonacci hashing: small changes of the fuzzer's bytes reach every part of the artifact.
        let place = u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9E37_79B1) as usize % bytes.len();
        bytes[place] = value;
    }
    if seal(&mut bytes)
        && let Ok(plan) = load_unsigned(&bytes)
    {
        let mut session = Session::new(&plan);
        for request in REQUESTS.lines() {
            decide_line(&mut session, request, None);
        }
    }
});
