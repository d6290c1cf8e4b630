//! Tokens that attack: each is refused for the reason that stands beside it, and those that are right are accepted.

use std::fmt::Write as _;

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Effect, RawRequest, Sources, compile};
use gatelaw_host::keys::KeySet;
use gatelaw_host::{Gate, Step, Verifier, Who, is_signature_valid};

const POLICY: &str = r#"
issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }
allow any-signed { for authenticated }
"#;

const CODES: &str = include_str!("../data/jwt_attacks.codes");

struct Attacks {
    keys: KeySet,
    now: i64,
    cases: Vec<serde_json::Value>,
}

impl Attacks {
    fn read() -> Self {
        let mut all: serde_json::Value =
            serde_json::from_str(include_str!("../data/jwt_attacks.json")).unwrap();
        let keys = KeySet::parse(all["jwks"].to_string().as_bytes()).unwrap();
        let cases = all["cases"].as_array_mut().map(std::mem::take).unwrap();
        Self { keys, now: all["meta"]["now"].as_i64().unwrap(), cases }
    }
}

/// Returns the token of a case: as it stands, or as parts that are repeated.
fn token_of(case: &serde_json::Value) -> String {
    case["token_gen"].as_array().map_or_else(
        || case["token"].as_str().unwrap().to_owned(),
        |parts| {
            parts.iter().map(|p| p[0].as_str().unwrap().repeat(p[1].as_u64().unwrap() as usize)).collect()
        },
    )
}

/// Judges a token whatever the request around it makes of it: `ok`, or the code.
fn judged(attacks: &Attacks, token: &str) -> &'static str {
    let plan = compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
    let mut verifier = Verifier::new(plan, 10);
    verifier.set_keys(verifier.issuer("idp").unwrap(), attacks.keys.clone());
    let token = Token { source: TokenSource::Authorization, value: token };
    let who = match verifier.begin(token, None, attacks.now) {
        Step::Decided(who) => who,
        Step::NeedsSignature(pending) => {
            let is_valid = is_signature_valid(&pending);
            verifier.settle(*pending, is_valid)
        }
        Step::NeedsKeys(wanted) => panic!("{wanted:?} though its keys are fixed"),
    };
    match who {
        Who::Verified(_) => "ok",
        Who::Invalid(code) => code.name(),
        Who::Anonymous | Who::KeysUnavailable => panic!("a token is there, and so are keys"),
    }
}

#[test]
fn attacks_are_refused() {
    let attacks = Attacks::read();
    let mut codes = String::new();
    for case in &attacks.cases {
        let [id, name, expect] = ["id", "name", "expect"].map(|member| case[member].as_str().unwrap());
        let code = judged(&attacks, &token_of(case));
        match expect {
            "accept" => assert_eq!(code, "ok", "{id} {name}"),
            "reject" => assert_ne!(code, "ok", "{id} {name}"),
            _ => assert_eq!(expect, "either"),
        }
        writeln!(codes, "{id} {code}").unwrap();
    }
    assert!(attacks.cases.len() >= 113);
    assert_eq!(codes, CODES);
}

#[test]
fn gates_refuse_the_requests_that_bring_them() {
    let attacks = Attacks::read();
    let mut gate = Gate::new(compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan);
    assert!(gate.set_keys("idp", attacks.keys.clone()));
    for (case, line) in attacks.cases.iter().zip(CODES.lines()) {
        let value = format!("Bearer {}", token_of(case));
        let headers: [(&[u8], &[u8]); 1] = [(b"authorization", value.as_bytes())];
        let raw = RawRequest {
            headers: &headers,
            now: attacks.now,
            ..RawRequest::new(b"GET", b"a.example", b"/x")
        };
        for _ in 0..2 {
            let outcome = gate.decide(&raw);
            let allowed = outcome.effect() == Effect::Allow;
            assert_eq!(allowed, line.ends_with(" ok"), "{line}");
            assert!(allowed || matches!(outcome.status(), 400 | 401), "{line}");
        }
    }
}
