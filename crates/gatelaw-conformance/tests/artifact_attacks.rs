//! Any bytes that are no artifact are refused; changed ones with digests that fit are refused, or decide safely.
//!
//! `MUTATIONS` says how many changed artifacts are tried.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use gatelaw::Session;
use gatelaw::artifact::load_unsigned;
use gatelaw_conformance::attack::{change, seal};
use gatelaw_conformance::generate::Rng;
use gatelaw_host::{decide_line, files};

/// Between them: lists, patterns, captures, time windows, limits, forwards, tokens of agents.
const POLICIES: [&str; 5] =
    ["authzen-gateway", "orders-api", "multi-tenant-saas", "break-glass", "ai-agents"];
const MUTATIONS: u64 = 20_000;

/// Requests that get as far as a plan lets them.
const REQUESTS: [&str; 4] = [
    r#"{"method":"PUT","scheme":"https","host":"todo.example.com","target":"/todos/7","headers":[],"now":1795000000,"identity":{"issuer":"citadel","claims":{"sub":"m","roles":["editor"]}}}"#,
    r#"{"method":"POST","scheme":"https","host":"prod.example.com","target":"/logs/api","headers":[["x-incident","INC-12345"]],"ip":"10.1.2.3","now":1795000000,"identity":{"issuer":"keycloak","claims":{"sub":"eva","realm_access":{"roles":["engineer"]}}}}"#,
    r#"{"method":"POST","scheme":"https","host":"tools.example.com","target":"/mcp","headers":[["mcp-method","tools/call"],["mcp-name","search"],["mcp-protocol-version","2025-11-25"]],"now":1795000000,"identity":{"issuer":"login","claims":{"sub":"ann","roles":["employee"],"act":{"sub":"agent:assistant"}}}}"#,
    r#"{"method":"GET","scheme":"https","host":"acme.app.example.com","target":"/api/export/a","headers":[],"now":1795000000,"identity":{"issuer":"auth0","claims":{"sub":"u1","https://app.example.com/tenant":"acme","https://app.example.com/roles":["owner"]}}}"#,
];

fn artifacts() -> Vec<Vec<u8>> {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let compiled = POLICIES.map(|policy| {
        let sources = files::read(&[policies.join(policy)]).sources;
        gatelaw::compile(&sources).unwrap().plan.to_bytes()
    });
    compiled.into()
}

#[test]
fn no_part_of_an_artifact_is_one() {
    for bytes in artifacts() {
        for end in 0..bytes.len() {
            let error = load_unsigned(&bytes[..end]).unwrap_err();
            assert!(error.code().starts_with("artifact:"), "{error}");
        }
        assert!(load_unsigned(&[bytes.as_slice(), &[0]].concat()).is_err(), "a byte too many");
    }
}

#[test]
fn no_bit_of_an_artifact_may_flip() {
    for mut bytes in artifacts() {
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert!(load_unsigned(&bytes).is_err(), "bit {bit} of byte {at}");
                bytes[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn sealing_again_changes_nothing() {
    for bytes in artifacts() {
        let mut again = bytes.clone();
        again[20] ^= 1;
        assert!(seal(&mut again));
        assert_eq!(again, bytes);
    }
}

#[test]
fn changed_artifacts_are_refused_or_decide() {
    let mutations = std::env::var("MUTATIONS").map_or(MUTATIONS, |text| text.parse().unwrap());
    let artifacts = artifacts();
    let orders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/orders-api/requests.jsonl");
    let orders = std::fs::read_to_string(orders).unwrap();
    let requests: Vec<&str> = REQUESTS.into_iter().chain(orders.lines().take(6)).collect();
    let (mut misfits, mut refused, mut loaded) = (0_u64, 0_u64, 0_u64);
    for seed in 0..mutations {
        let mut rng = Rng::new(seed);
        let mut bytes = rng.pick(&artifacts).clone();
        let other = rng.pick(&artifacts);
        change(&mut rng, &mut bytes, other);
        misfits += u64::from(!seal(&mut bytes));
        match load_unsigned(&bytes) {
            Err(error) => {
                assert!(error.code().starts_with("artifact:"), "seed {seed}: {error}");
                refused += 1;
            }
            Ok(plan) => {
                let mut session = Session::new(&plan);
                for request in &requests {
                    decide_line(&mut session, request, None);
                }
                loaded += 1;
            }
        }
    }
    println!(
        "{mutations} changed artifacts: {refused} refused, {misfits} of them before their digests; {loaded} loaded"
    );
    // Else the attack would stop at the door.
    assert!(
        loaded > mutations / 50 && refused - misfits > mutations / 20,
        "{loaded} loaded, {refused} refused"
    );
}
