//! Whatever a token is, judging it ends in a code or a caller; and what is accepted, others read alike: jsonwebtoken verifies it,
//! serde_json reads the same claims in it, and these are what the issuer's lines ask for.
#![no_main]

use std::cell::RefCell;
use std::sync::LazyLock;

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Plan, Sources, base64url};
use gatelaw_fuzz::changed;
use gatelaw_host::Verifier;
use gatelaw_host::keys::KeySet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, crypto, decode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const NOW: i64 = 1_800_000_000;
const SECRET: [u8; 32] = [7; 32];
const POLICY: &str = r#"
issuer a {
  url "https://a.example"  audience "api"  algorithms HS256
  scopes claim scp
  roles claim realm.roles as named {staff}
  attribute level: int = claim level ?? 0
  attribute mail: string? = claim mail
}
role staff
allow read { for staff or scope "read"  when user.level >= 0 }
allow mail { for authenticated  when user.mail? == "x" }
"#;

const HEADERS: [&str; 4] = [
    r#"{"alg":"HS256","typ":"JWT"}"#,
    r#"{"alg":"HS256","kid":"k","typ":"at+jwt"}"#,
    r#"{ "typ" : "application/JWT", "alg" : "HS256" }"#,
    r#"{"alg":"HS256","kid":"k","x":[{"y":null}]}"#,
];
const CLAIMS: [&str; 4] = [
    r#"{"iss":"https://a.example","aud":"api","exp":1800000600,"iat":1799999990,"sub":"u","scp":"read write"}"#,
    r#"{"iss":"https://a.example","aud":["x","api"],"exp":1800000600,"iat":1799999990,"nbf":1799999990,"sub":"u","level":3}"#,
    r#"{"iss":"https://a.example","aud":"api","exp":1800000600,"iat":1799999990,"auth_time":1799999000,"sub":"u","realm":{"roles":["staff"]}}"#,
    r#"{"iss":"https://a.example","aud":"api","exp":1.8000006e9,"iat":1799999990,"sub":"\u00fc","mail":"x","jti":"1"}"#,
];
const WORDS: [&str; 32] = [
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
    ".0",
    "e1",
    "-",
    "0",
    "9",
    "1e99",
    "\\u0000",
    "\\u0061",
    "\\ud800",
    "é",
    "\u{202e}",
    " ",
    "\"aud\":\"api\",",
    "\"exp\":1800000601,",
    "\"nbf\":1800000001,",
    "\"crit\":[],",
    "\"b64\":false,",
    "\"kid\":\"k\",",
    "\"alg\":\"none\",",
    "\"cnf\":{},",
    "\"iat\":",
    "\"sub\":\"\",",
];

thread_local! {
    static VERIFIER: RefCell<Verifier<Plan>> = RefCell::new(verifier());
}

static KEY: LazyLock<DecodingKey> = LazyLock::new(|| DecodingKey::from_secret(&SECRET));

fn verifier() -> Verifier<Plan> {
    let plan =
        gatelaw::compile(&Sources::from_text("policy.gate", POLICY)).expect("the policy compiles").plan;
    let keys = format!(r#"{{"keys":[{{"kty":"oct","kid":"k","k":"{}"}}]}}"#, base64url::encode(&SECRET));
    let keys = KeySet::parse_with_secrets(keys.as_bytes()).expect("the keys are right");
    let mut verifier = Verifier::new(plan, 64);
    verifier.set_keys(verifier.issuer("a").expect("the policy has it"), keys);
    verifier
}

/// Judges a token to its end: the subject of one that is valid, or the code.
fn judged(text: &str) -> Result<String, &'static str> {
    let token = Token { source: TokenSource::Authorization, value: text };
    VERIFIER.with_borrow_mut(|verifier| gatelaw_fuzz::judged(verifier, token, None, NOW))
}

/// Holds what was accepted to what others make of the same text.
fn is_read_alike(text: &str, subject: &str) {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["api"]);
    validation.set_issuer(&["https://a.example"]);
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    // Its clock is the machine's: the times are judged below.
    validation.validate_exp = false;
    let claims = decode::<Value>(text, &KEY, &validation).expect("another library accepts it").claims;
    assert_eq!(claims["sub"], subject);
    let time = |name: &str| {
        let value = claims.get(name)?;
        let time = value.as_f64().expect("a time is a number");
        assert!(time.fract() == 0.0, "{name} is {time}");
        Some(time)
    };
    let (exp, iat, now) = (time("exp").expect("it has one"), time("iat").expect("it has one"), NOW as f64);
    assert!(iat <= now && now < exp && exp - iat <= 86_400.0, "from {iat} to {exp}");
    assert!(["nbf", "auth_time"].iter().all(|name| time(name).is_none_or(|time| time <= now)), "{claims}");
    assert!(claims.get("cnf").is_none(), "{claims}");
}

fuzz_target!(|bytes: &[u8]| {
    // Bytes as they are.
    let raw = String::from_utf8_lossy(bytes);
    let answer = judged(&raw);
    assert_eq!(judged(&raw), answer);
    if let Ok(subject) = answer {
        is_read_alike(&raw, &subject);
    }
    // A token whose header and payload are changed before they are signed, and whose text is changed once more behind that.
    let ([header, claims, split, ..], [_, _, _, changes @ ..]) = (bytes, bytes) else { return };
    let (of_header, of_claims) = changes.split_at(changes.len().min(usize::from(split % 16)));
    let header = changed(HEADERS[usize::from(*header) % HEADERS.len()], &WORDS, of_header);
    let claims = changed(CLAIMS[usize::from(*claims) % CLAIMS.len()], &WORDS, of_claims);
    let signed = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()));
    let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(&SECRET), Algorithm::HS256);
    let mut token = format!("{signed}.{}", signature.expect("a text is signed"));
    if split & 0x80 != 0 {
        token = changed(&token, &[".", "=", "A", "-", "\n", "%2E"], &changes[..changes.len().min(3)]);
    }
    let answer = judged(&token);
    assert_eq!(judged(&token), answer, "{token}");
    if let Ok(subject) = answer {
        is_read_alike(&token, &subject);
    }
});
