//! Any claims map to an identity or are refused; neither the order of members nor members that nobody reads change what comes
//! out; and who was mapped is decided as the reference decides, prepared before or not.
//!
//! The first byte chooses a policy, the second an issuer of it. The rest is JSON, and once more changes of a token that has what
//! policies ask for.
#![no_main]

use std::sync::LazyLock;

use gatelaw::json::JsonText;
use gatelaw::{Caller, Compiled, Identity, RawRequest, Session, Sources, compile, reference};
use gatelaw_fuzz::{changed, policies};
use gatelaw_host::json::parse_borrowed;
use libfuzzer_sys::fuzz_target;

/// Policies that know issuers.
static COMPILED: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let compiled = policies().iter().map(|text| compile(&Sources::from_text("policy.gate", text)));
    compiled.filter_map(Result::ok).filter(|c| !c.policy.identity.issuers.is_empty()).collect()
});

const CLAIMS: &str = r#"{"sub":"u1","iss":"https://idp.example","org_id":"t1","tenant":"t1","groups":["staff","Orders Staff"],
"roles":["admin"],"role":"admin","scope":"orders:read orders:write","scp":["read"],"client_id":"c1","azp":"c1","level":3,
"mfa":true,"act":{"sub":"agent"},"jti":"j1","iat":1700000000,"auth_time":1700000000,"amr":["pwd","otp"],"acr":"2",
"realm_access":{"roles":["admin"]},"cnf":{"x5t#S256":"x"},"email":"u@example.com","email_verified":true}"#;

const WORDS: [&str; 24] = [
    "null",
    "true",
    "false",
    "1",
    "-1",
    "1.5",
    "9223372036854775808",
    "\"\"",
    "\"a\"",
    "[]",
    "{}",
    "[\"a\"]",
    "[1]",
    "{\"sub\":\"a\"}",
    ",",
    ":",
    "\"",
    "\\u0000",
    " ",
    "é",
    "\"groups\":",
    "\"sub\":",
    "[\"a\",\"a\"]",
    "\"a  b\"",
];

fuzz_target!(|bytes: &[u8]| {
    let [policy, issuer, rest @ ..] = bytes else { return };
    let compiled = &COMPILED[usize::from(*policy) % COMPILED.len()];
    let issuers = &compiled.policy.identity.issuers;
    let issuer = &*issuers[usize::from(*issuer) % issuers.len()].name;
    for text in [String::from_utf8_lossy(rest).into_owned(), changed(CLAIMS, &WORDS, rest)] {
        let Ok(claims) = parse_borrowed(&text) else { continue };
        let map = |claims: &JsonText<'_>| Identity::map(&compiled.policy.identity, issuer, claims, None);
        let mapped = map(&claims);
        assert_eq!(map(&rearranged(&claims)), mapped, "{text}");
        if let Ok(identity) = mapped {
            decide(compiled, identity);
        }
    }
});

/// Turns the members of every object round, and adds one that nobody reads.
fn rearranged<'t>(claims: &JsonText<'t>) -> JsonText<'t> {
    match claims {
        JsonText::Object(members) => {
            let turned = members.iter().rev().map(|(name, value)| (name.clone(), rearranged(value)));
            let unread = ("nobody reads this".into(), JsonText::Null);
            JsonText::Object(std::iter::once(unread).chain(turned).collect())
        }
        JsonText::Array(values) => JsonText::Array(values.iter().map(rearranged).collect()),
        other => other.clone(),
    }
}

fn decide(compiled: &Compiled, identity: Identity) {
    let (plan, policy) = (&compiled.plan, &compiled.policy);
    let prepared = plan.prepare(identity.clone());
    let mut session = Session::new(plan);
    for target in ["/", "/v1/orders/t1", "/a/b"] {
        let mut raw = RawRequest::new(b"GET", b"api.acme.com", target.as_bytes());
        raw.now = 1_700_000_100;
        let expected = reference::decide(policy, plan.digest(), &raw, Caller::Verified(&identity));
        assert_eq!(session.decision(&raw, Caller::Verified(&identity)), expected);
        assert_eq!(session.decision(&raw, Caller::Prepared(&prepared)), expected);
    }
}
