//! Key sets that attack: each is refused whole for the reason that stands beside it, and a good one is read.

use gatelaw_host::keys::KeySet;

/// What gatelaw says of each document, by its name.
const VERDICTS: [(&str, Result<usize, &str>); 13] = [
    ("empty", Err("keys:member")),
    ("keys object", Err("keys:member")),
    ("private key leaked", Err("keys:private")),
    ("duplicate kid", Err("keys:duplicate")),
    ("e=1", Err("keys:number")),
    ("n padded zero", Err("keys:number")),
    ("point not on curve", Err("keys:point")),
    ("wrong crv", Err("keys:point")),
    ("ed25519 small order", Err("keys:point")),
    ("unknown kty + good", Ok(1)),
    ("dup json member", Err("keys:json")),
    ("trailing garbage", Err("keys:json")),
    ("gzip magic", Err("keys:json")),
];

#[test]
fn hostile_key_sets_are_refused_for_their_reasons() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../data/jwks_documents.json")).unwrap();
    assert_eq!(cases.len(), VERDICTS.len());
    for (case, (name, verdict)) in cases.iter().zip(VERDICTS) {
        assert_eq!(case["name"], name);
        let read = KeySet::parse(case["doc"].as_str().unwrap().as_bytes());
        let found = read.map(|set| set.keys.len()).map_err(|error| error.code.name());
        assert_eq!(found, verdict, "{name}");
        let is_expected = match case["expect"]["usable"].as_u64() {
            Some(usable) => verdict.is_ok_and(|keys| u64::try_from(keys) == Ok(usable)),
            None => {
                case["expect"].as_str().is_some_and(|text| text.starts_with("refused")) && verdict.is_err()
            }
        };
        assert!(is_expected, "{name}: {}", case["expect"]);
    }
}
