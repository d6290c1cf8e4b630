//! Any document is a key set or is refused. What is taken of it another reader finds in it, each key once and by its rules; points are
//! taken exactly where two other libraries take them; and what was taken is taken again as it is.
#![no_main]

use std::collections::BTreeSet;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey};
use curve25519_dalek::edwards::CompressedEdwardsY;
use gatelaw::base64url;
use gatelaw_fuzz::changed;
use gatelaw_host::keys::{Algorithm, Curve, Jwk, KeyMaterial, KeySet, KeySetCode, KeySetError};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

/// A key of each kind: of RFC 7515 (appendices A.2 and A.3), one on P-384, and of RFC 8037 (appendix A.2).
const KEYS: [&str; 4] = [
    r#"{"kty":"RSA","kid":"r","use":"sig","alg":"RS256","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
    r#"{"kty":"EC","kid":"e","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    r#"{"kty":"EC","kid":"f","crv":"P-384","alg":"ES384","x":"vRPyAx5ql9pR6eb8wRIZ8bohG0gymgsCz--p48tLlH8aG31Gf4-wz9-iwfRNhbxq","y":"5YBApNrQryQy2i7BGl47mw6hhH3T696Ef3HrOnpN5lrGb25XOjcG7b185CpjMeuh"}"#,
    r#"{"kty":"OKP","crv":"Ed25519","kid":"o","key_ops":["verify"],"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
];

const WORDS: [&str; 40] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "1",
    "A",
    "Q",
    "_",
    "-",
    "=",
    "8",
    "AA",
    "AQ",
    "AQAB",
    "Aw",
    "\\u0061",
    "é",
    "{\"keys\":[",
    "]}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\"},",
    "\"kty\":\"RSA\",",
    "\"kty\":\"oct\",",
    "\"crv\":\"P-384\",",
    "\"crv\":\"P-521\",",
    "\"crv\":\"X25519\",",
    "\"alg\":\"EdDSA\",",
    "\"alg\":\"PS256\",",
    "\"use\":\"enc\",",
    "\"use\":\"sig\",",
    "\"key_ops\":[\"sign\"],",
    "\"d\":\"AA\",",
    "\"k\":\"AA\",",
    "\"kid\":\"e\",",
    "\"kid\":null,",
    "\"x5c\":[\"AA\"],",
    "\"x\":",
];

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let [first, changes @ ..] = bytes else { return };
    // Keys of the kinds whose bits are set.
    let kinds = KEYS.iter().enumerate().filter(|(kind, _)| first >> kind & 1 == 1);
    let keys = kinds.map(|(_, key)| *key).collect::<Vec<_>>().join(",");
    check(changed(&format!(r#"{{"keys":[{keys}]}}"#), &WORDS, changes).as_bytes());
    // A key whose numbers are changed and nothing else, so that it is still one.
    let kind = usize::from(first >> 4) % KEYS.len();
    check(format!(r#"{{"keys":[{}]}}"#, renumbered(KEYS[kind], changes)).as_bytes());
});

/// Changes bits of a key's numbers: of each three bytes, the first chooses a number, the second its byte, the third the bits.
fn renumbered(key: &str, changes: &[u8]) -> Value {
    let mut key: Map<String, Value> = serde_json::from_str(key).expect("it is JSON");
    let names: Vec<&str> = ["n", "e", "x", "y"].into_iter().filter(|name| key.contains_key(*name)).collect();
    for change in changes.chunks_exact(3) {
        let name = names[usize::from(change[0]) % names.len()];
        let mut number = number(&key[name]).expect("it is base64url");
        let at = usize::from(change[1]) % number.len();
        number[at] ^= change[2];
        key.insert(name.to_owned(), json!(base64url::encode(&number)));
    }
    Value::Object(key)
}

fn check(document: &[u8]) {
    for (read, is_own) in [(KeySet::parse(document), false), (KeySet::parse_with_secrets(document), true)] {
        let json = || serde_json::from_slice::<Value>(document).expect("another reader takes it");
        match read {
            Ok(set) => is_sound(&set, &json(), is_own),
            Err(KeySetError { code: KeySetCode::Point, key, .. }) => {
                is_no_point(&json()["keys"][key.unwrap()])
            }
            Err(error) => assert!(!error.to_string().is_empty() && error.code.name().starts_with("keys:")),
        }
    }
}

/// Holds a set to its document, and each key to the rules.
fn is_sound(set: &KeySet, document: &Value, is_own: bool) {
    let entries = document["keys"].as_array().expect("they are a list");
    assert!(entries.len() <= 64 && set.keys.len() <= entries.len());
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        assert!(entries.iter().all(|entry| entry.get(name).is_none()), "{name}");
    }
    assert!(is_own || entries.iter().all(|entry| entry.get("k").is_none()));
    let ids: Vec<&str> = set.keys.iter().filter_map(|key| key.kid.as_deref()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert!(ids.iter().all(|id| id.len() <= 256));
    // Each is in the document, in the same order.
    let mut left = entries.iter();
    for key in &set.keys {
        assert!(left.any(|entry| is_written(key, entry)), "{key:?}");
        assert!(Algorithm::ALL.iter().any(|algorithm| key.fits(*algorithm)), "{key:?}");
        assert!(is_strong(key), "{key:?}");
    }
    let again = json!({"keys": set.keys.iter().map(|key| written(key)).collect::<Vec<_>>()}).to_string();
    let again = KeySet::parse_with_secrets(again.as_bytes()).expect("what was taken is taken again");
    assert_eq!(again, *set);
}

/// Says whether an entry of the document is a key. An id that no token can have is left out.
fn is_written(key: &Jwk, entry: &Value) -> bool {
    let written = written(key);
    let members = written.as_object().expect("it is one");
    let id = entry["kid"].as_str().filter(|id| id.len() <= 256);
    members.iter().all(|(name, value)| entry.get(name) == Some(value))
        && id == key.kid.as_deref()
        && entry["use"].as_str().is_none_or(|name| name == "sig")
        && entry["key_ops"].as_array().is_none_or(|names| names.contains(&json!("verify")))
        && entry["alg"].as_str() == key.alg.map(Algorithm::name)
}

fn written(key: &Jwk) -> Value {
    let mut entry = match &key.material {
        KeyMaterial::Rsa { n, e } => json!({"kty": "RSA", "n": n, "e": e}),
        KeyMaterial::Ec { curve, x, y } => {
            json!({"kty": "EC", "crv": if *curve == Curve::P256 { "P-256" } else { "P-384" }, "x": x, "y": y})
        }
        KeyMaterial::Ed25519 { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
        KeyMaterial::Secret { k } => json!({"kty": "oct", "k": k}),
    };
    if let Some(kid) = &key.kid {
        entry["kid"] = json!(kid);
    }
    if let Some(alg) = key.alg {
        entry["alg"] = json!(alg.name());
    }
    entry
}

fn is_strong(key: &Jwk) -> bool {
    match &key.material {
        KeyMaterial::Rsa { n, e } => {
            let [n, e] = [n, e].map(|text| base64url::decode(text.as_bytes()).expect("it is base64url"));
            let bits = n.len() * 8 - n[0].leading_zeros() as usize;
            (2048..=8192).contains(&bits)
                && n[n.len() - 1] & e[e.len() - 1] & 1 == 1
                && (1..=4).contains(&e.len())
                && e != [1]
        }
        KeyMaterial::Ec { .. } | KeyMaterial::Ed25519 { .. } => is_point(&written(key)),
        KeyMaterial::Secret { k } => base64url::decode(k.as_bytes()).is_some_and(|bytes| bytes.len() >= 32),
    }
}

fn is_no_point(entry: &Value) {
    assert!(!is_point(entry), "{entry}");
}

/// Asks other libraries whether a key's numbers are a point, in its one encoding, and not of small order.
fn is_point(entry: &Value) -> bool {
    let Some(x) = number(&entry["x"]) else { return false };
    if entry["kty"] == "OKP" {
        let Ok(encoded) = CompressedEdwardsY::from_slice(&x) else { return false };
        return encoded
            .decompress()
            .is_some_and(|point| !point.is_small_order() && point.compress() == encoded);
    }
    let Some(y) = number(&entry["y"]) else { return false };
    let (algorithm, bytes) = match entry["crv"].as_str() {
        Some("P-256") => (&ECDSA_P256_SHA256_FIXED, 32),
        _ => (&ECDSA_P384_SHA384_FIXED, 48),
    };
    let point = [&[4][..], &x, &y].concat();
    x.len() == bytes && y.len() == bytes && ParsedPublicKey::new(algorithm, point).is_ok()
}

fn number(value: &Value) -> Option<Vec<u8>> {
    base64url::decode(value.as_str()?.as_bytes())
}
