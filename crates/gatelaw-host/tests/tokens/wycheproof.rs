//! Project Wycheproof's vectors for JSON Web Signature.

use gatelaw_host::is_signed;
use gatelaw_host::keys::KeySet;
use gatelaw_host::token::Jws;

/// The vectors that give way, each with its reason.
const GIVES_WAY: &[(u64, &str)] = &[
    (346, "the key is for PS256 and the token says PS384: one key, one algorithm (RFC 8725 §3.1)"),
    (347, "ES512: no issuer can list it, and no other runtime's WebCrypto has to have P-521"),
    (350, "as 346"),
    (351, "as 347"),
    (367, "byte for byte vector 357, which is valid: no padding stands in it"),
    (370, "byte for byte vector 357 too"),
    (
        372,
        "a character that base64url doesn't have stands in the header, where the vector skips it (RFC 7515 §2, RFC 4648 §3.3)",
    ),
    (373, "as 372, in the payload"),
];

#[test]
fn vectors_are_agreed_with() {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../data/json_web_signature_test.json")).unwrap();
    let (mut count, mut disagreed) = (0, Vec::new());
    for group in all["testGroups"].as_array().unwrap() {
        let key = ["public", "private"].iter().map(|name| &group[name]).find(|key| key.is_object()).unwrap();
        let set = KeySet::parse_with_secrets(serde_json::json!({ "keys": [key] }).to_string().as_bytes());
        for test in group["tests"].as_array().unwrap() {
            count += 1;
            let accepted = set.as_ref().is_ok_and(|set| accepts(set, test["jws"].as_str().unwrap_or("")));
            if accepted != (test["result"] == "valid") {
                disagreed.push(test["tcId"].as_u64().unwrap());
            }
        }
    }
    assert_eq!(count, all["numberOfTests"].as_u64().unwrap());
    assert_eq!(disagreed, GIVES_WAY.iter().map(|(id, _)| *id).collect::<Vec<_>>());
}

fn accepts(set: &KeySet, text: &str) -> bool {
    let Ok(jws) = Jws::read(text) else { return false };
    let Some(algorithm) = jws.header.algorithm else { return false };
    let key = set.find(jws.header.kid.as_deref(), algorithm).filter(|key| key.fits(algorithm));
    key.is_some_and(|key| is_signed(key, algorithm, jws.signed, jws.signature))
}
