//! A key set as its document says it (RFC 7517 §5): refused whole where it is hostile or broken, so that nobody chooses which part
//! of it counts.

use std::sync::Arc;

use gatelaw::base64url;
use gatelaw::json::JsonText;
use gatelaw::limits::{
    KEY_ID_BYTES_MAX, KEY_SET_BYTES_MAX, KEYS_MAX, RSA_BITS_MAX, RSA_BITS_MIN, TOKEN_DEPTH_MAX,
};

use super::point::{is_ed25519_key, is_on_curve};
use super::{Algorithm, Curve, Jwk, KeyMaterial, KeySet};
use crate::json::parse_nested;
use crate::token::is_key_id;

/// Says why a document is no key set: a stable code, and where in it the fault is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .code.message(), place(*.key, .kid.as_deref(), .member.unwrap_or_default()))]
pub struct KeySetError {
    /// The kind of mistake.
    pub code: KeySetCode,
    /// The place of the key at fault, from 0.
    pub key: Option<usize>,
    /// Its `kid`, if it has one that a token can name.
    pub kid: Option<String>,
    /// The member at fault, of the key or of the document; never what it holds.
    pub member: Option<&'static str>,
}

/// Writes where the fault is: ``, in `keys[3].crv`, kid `a` ``.
fn place(key: Option<usize>, kid: Option<&str>, member: &str) -> String {
    let dot = if member.is_empty() { "" } else { "." };
    let kid = kid.map_or_else(String::new, |kid| format!(", kid `{kid}`"));
    match key {
        Some(key) => format!(", in `keys[{key}]{dot}{member}`{kid}"),
        None if member.is_empty() => String::new(),
        None => format!(", in `{member}`"),
    }
}

/// Names the kinds of mistakes in a key set. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySetCode {
    /// `keys:size`: longer than 256 KiB.
    Size,
    /// `keys:json`: no JSON object, a member stands twice, or bytes follow it.
    Json,
    /// `keys:member`: a member is missing or of another type.
    Member,
    /// `keys:many`: more than 64 keys.
    Many,
    /// `keys:private`: a private or secret key, which no endpoint should show.
    Private,
    /// `keys:duplicate`: two keys have one id.
    Duplicate,
    /// `keys:number`: a number of a key isn't base64url of its one length, or none that a key can have.
    Number,
    /// `keys:point`: a point is not on its curve, or of small order.
    Point,
    /// `keys:alg`: the algorithm is none for a key of this kind.
    Alg,
}

impl KeySetCode {
    /// Names the code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Size => "keys:size",
            Self::Json => "keys:json",
            Self::Member => "keys:member",
            Self::Many => "keys:many",
            Self::Private => "keys:private",
            Self::Duplicate => "keys:duplicate",
            Self::Number => "keys:number",
            Self::Point => "keys:point",
            Self::Alg => "keys:alg",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Size => "a key set has at most 256 KiB",
            Self::Json => "a key set is one JSON object, with each member once, and nothing behind it",
            Self::Member => "a member is missing, or of another type",
            Self::Many => "a key set has at most 64 keys",
            Self::Private => "a private or secret key stands in the key set: revoke it",
            Self::Duplicate => "two keys have one `kid`",
            Self::Number => {
                "a number is not base64url of the length that it must have, or none that a key can have"
            }
            Self::Point => "the point is not on its curve, or of small order",
            Self::Alg => "the `alg` is none for a key of this kind",
        }
    }
}

/// Whether a document may hold shared secrets: one from a file of the host may, one from an endpoint never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Refused,
    Taken,
}

impl KeySet {
    /// Reads a key set that an issuer publishes.
    ///
    /// Keys of another kind, use or algorithm than gatelaw verifies, and RSA keys of fewer than 2,048 or more than 8,192 bits, are
    /// left out: tokens that name them are refused.
    ///
    /// # Errors
    /// The first mistake of the document, or of its keys in their order.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        read(document, Secrets::Refused)
    }

    /// Reads a key set of the host's own, in which shared secrets (`kty` oct) may stand.
    ///
    /// # Errors
    /// As [`KeySet::parse`].
    pub fn parse_with_secrets(document: &[u8]) -> Result<Self, KeySetError> {
        read(document, Secrets::Taken)
    }
}

/// What is wrong with a key, and in which member of it.
struct Fault(KeySetCode, Option<&'static str>);

impl KeySetCode {
    const fn of(self, member: &'static str) -> Fault {
        Fault(self, Some(member))
    }
}

fn read(document: &[u8], secrets: Secrets) -> Result<KeySet, KeySetError> {
    let whole = |code| KeySetError { code, key: None, kid: None, member: None };
    if document.len() > KEY_SET_BYTES_MAX {
        return Err(whole(KeySetCode::Size));
    }
    let text = std::str::from_utf8(document).map_err(|_| whole(KeySetCode::Json))?;
    let json = parse_nested(text, TOKEN_DEPTH_MAX).map_err(|_| whole(KeySetCode::Json))?;
    if !matches!(json, JsonText::Object(_)) {
        return Err(whole(KeySetCode::Json));
    }
    let Some(JsonText::Array(entries)) = json.member("keys") else {
        return Err(KeySetError { member: Some("keys"), ..whole(KeySetCode::Member) });
    };
    if entries.len() > KEYS_MAX {
        return Err(whole(KeySetCode::Many));
    }
    let mut keys: Vec<Arc<Jwk>> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let wrong =
            |Fault(code, member)| KeySetError { code, key: Some(at), kid: nameable_kid(entry), member };
        let Some(key) = key(entry, secrets).map_err(wrong)? else { continue };
        if key.kid.is_some() && keys.iter().any(|known| known.kid == key.kid) {
            return Err(wrong(KeySetCode::Duplicate.of("kid")));
        }
        keys.push(Arc::new(key));
    }
    Ok(KeySet { keys })
}

/// Reads the id of a key at fault, to be shown: printable, and no longer than one that a token can name.
fn nameable_kid(entry: &JsonText<'_>) -> Option<String> {
    match entry.member("kid") {
        Some(JsonText::String(kid)) if is_key_id(kid) => Some(kid.clone().into_owned()),
        _ => None,
    }
}

/// The members that only private keys have (RFC 7518 §6.2.2 and §6.3.2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Reads a key; `None` for one that isn't for verifying what gatelaw verifies.
fn key(entry: &JsonText<'_>, secrets: Secrets) -> Result<Option<Jwk>, Fault> {
    if !matches!(entry, JsonText::Object(_)) {
        return Err(Fault(KeySetCode::Member, None));
    }
    if let Some(name) = PRIVATE.into_iter().find(|name| entry.member(name).is_some()) {
        return Err(KeySetCode::Private.of(name));
    }
    let kty = needed(entry, "kty")?;
    if entry.member("k").is_some() && (kty != "oct" || secrets == Secrets::Refused) {
        return Err(KeySetCode::Private.of("k"));
    }
    let (kid, alg) = (text(entry, "kid")?, text(entry, "alg")?);
    let algorithm = alg.map(Algorithm::named);
    if !is_for_verifying(entry)? || algorithm == Some(None) {
        return Ok(None);
    }
    let Some(material) = material(kty, entry)? else { return Ok(None) };
    // No token can name a longer one: it would be found by none.
    let kid = kid.filter(|kid| kid.len() <= KEY_ID_BYTES_MAX).map(str::to_owned);
    let key = Jwk { kid, alg: algorithm.flatten(), material };
    if key.alg.is_some_and(|alg| !key.fits(alg)) {
        return Err(KeySetCode::Alg.of("alg"));
    }
    Ok(Some(key))
}

/// Says whether `use` and `key_ops` let a key verify (RFC 7517 §4.2 and §4.3).
fn is_for_verifying(entry: &JsonText<'_>) -> Result<bool, Fault> {
    let operations = match entry.member("key_ops") {
        None => true,
        Some(JsonText::Array(names)) => {
            names.iter().any(|name| matches!(name, JsonText::String(name) if name == "verify"))
        }
        Some(_) => return Err(KeySetCode::Member.of("key_ops")),
    };
    Ok(operations && text(entry, "use")?.is_none_or(|name| name == "sig"))
}

fn material(kty: &str, entry: &JsonText<'_>) -> Result<Option<KeyMaterial>, Fault> {
    match kty {
        "RSA" => rsa(entry),
        "EC" => ec(entry),
        "OKP" => okp(entry),
        "oct" => secret(entry).map(Some),
        _ => Ok(None),
    }
}

fn rsa(entry: &JsonText<'_>) -> Result<Option<KeyMaterial>, Fault> {
    let ((n, modulus), (e, exponent)) = (number(entry, "n")?, number(entry, "e")?);
    let is_odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
    // The shortest form alone (RFC 7518 §6.3.1.1); an exponent of one verifies anything, and long ones only cost time.
    let is_short = |bytes: &[u8]| bytes.first().is_some_and(|first| *first != 0);
    if !is_short(&modulus) || !is_odd(&modulus) {
        return Err(KeySetCode::Number.of("n"));
    }
    if !is_short(&exponent) || !is_odd(&exponent) || exponent == [1] || exponent.len() > 4 {
        return Err(KeySetCode::Number.of("e"));
    }
    let unused = modulus.first().map_or(0, |first| first.leading_zeros());
    let bits = modulus.len() * 8 - usize::try_from(unused).unwrap_or(0);
    Ok((RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits).then_some(KeyMaterial::Rsa { n, e }))
}

fn ec(entry: &JsonText<'_>) -> Result<Option<KeyMaterial>, Fault> {
    let curve = match needed(entry, "crv")? {
        "P-256" => Curve::P256,
        "P-384" => Curve::P384,
        _ => return Ok(None),
    };
    let ((x, x_bytes), (y, y_bytes)) = (number(entry, "x")?, number(entry, "y")?);
    if !is_on_curve(curve, &x_bytes, &y_bytes) {
        return Err(KeySetCode::Point.of("x"));
    }
    Ok(Some(KeyMaterial::Ec { curve, x, y }))
}

fn okp(entry: &JsonText<'_>) -> Result<Option<KeyMaterial>, Fault> {
    if needed(entry, "crv")? != "Ed25519" {
        return Ok(None);
    }
    let (x, bytes) = number(entry, "x")?;
    if is_ed25519_key(&bytes) { Ok(Some(KeyMaterial::Ed25519 { x })) } else { Err(KeySetCode::Point.of("x")) }
}

/// A secret for HS256 has at least as many bits as its hash (RFC 7518 §3.2).
fn secret(entry: &JsonText<'_>) -> Result<KeyMaterial, Fault> {
    let (k, bytes) = number(entry, "k")?;
    if bytes.len() < 32 { Err(KeySetCode::Number.of("k")) } else { Ok(KeyMaterial::Secret { k }) }
}

/// Reads a member that is base64url: its text, and its bytes.
fn number(entry: &JsonText<'_>, name: &'static str) -> Result<(String, Vec<u8>), Fault> {
    let text = needed(entry, name)?;
    let bytes = base64url::decode(text.as_bytes()).ok_or(KeySetCode::Number.of(name))?;
    Ok((text.to_owned(), bytes))
}

/// Reads a member that has to be there, and a text.
fn needed<'e>(entry: &'e JsonText<'_>, name: &'static str) -> Result<&'e str, Fault> {
    text(entry, name)?.ok_or(KeySetCode::Member.of(name))
}

/// Reads a member that is a text or isn't there.
fn text<'e>(entry: &'e JsonText<'_>, name: &'static str) -> Result<Option<&'e str>, Fault> {
    match entry.member(name) {
        None => Ok(None),
        Some(JsonText::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeySetCode::Member.of(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "3A9JAVNNcwCTripWUrtpEzhhAK2MxW_EEcK_3WMsYUk";
    const Y: &str = "3SXVNIaH7-pvAgpSrNWjYX3ZW2bqJJzWrPrsT8jprb0";

    #[track_caller]
    fn check(keys: &str, expected: Result<usize, KeySetCode>) {
        let found = KeySet::parse(format!(r#"{{"keys":[{keys}]}}"#).as_bytes());
        assert_eq!(found.map(|set| set.keys.len()).map_err(|error| error.code), expected, "{keys}");
    }

    fn ec(more: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"{more}}}"#)
    }

    fn rsa(modulus: &[u8], e: &str) -> String {
        format!(r#"{{"kty":"RSA","n":"{}","e":"{e}"}}"#, base64url::encode(modulus))
    }

    #[test]
    fn keys_for_other_things_are_left_out() {
        check("", Ok(0));
        check(&ec(""), Ok(1));
        check(&ec(r#","use":"sig","alg":"ES256","kid":"a","key_ops":["verify"],"x5t":"AA""#), Ok(1));
        for other in [r#","use":"enc""#, r#","key_ops":["sign"]"#, r#","alg":"ECDH-ES""#] {
            check(&ec(other), Ok(0));
        }
        check(r#"{"kty":"AKP","alg":"ML-DSA-65","pub":"AA"}"#, Ok(0));
        check(r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, Ok(0));
        check(r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#, Ok(0));
    }

    #[test]
    fn hostile_documents_are_refused_whole() {
        let good = ec(r#","kid":"a""#);
        check(&format!("{good},{good}"), Err(KeySetCode::Duplicate));
        check(&format!(r#"{good},{}"#, ec(r#","d":"AA""#)), Err(KeySetCode::Private));
        check(r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#, Err(KeySetCode::Private));
        check(&ec(r#","kid":5"#), Err(KeySetCode::Member));
        check(&ec(r#","alg":"RS256""#), Err(KeySetCode::Alg));
        check(&ec(r#","x":"AA""#), Err(KeySetCode::Json));
        check("5", Err(KeySetCode::Member));
        check(r#"{"kid":"a"}"#, Err(KeySetCode::Member));
        check(&ec("").replace("P-256", "P-384"), Err(KeySetCode::Point));
        check(&ec("").replace(Y, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"), Err(KeySetCode::Point));
        check(&ec("").replace(Y, &format!("{Y}=")), Err(KeySetCode::Number));
        check(&vec![ec(""); 65].join(","), Err(KeySetCode::Many));
        let code = |bytes: &[u8]| KeySet::parse(bytes).unwrap_err().code;
        assert_eq!(code(&vec![b' '; KEY_SET_BYTES_MAX + 1]), KeySetCode::Size);
        assert_eq!(code(b"{}"), KeySetCode::Member);
        assert_eq!(code(br#"{"keys":{}}"#), KeySetCode::Member);
        for bad in [&b"[]"[..], b"", b"\xFF", b"{\"keys\":[]} x", b"{\"keys\":[],\"keys\":[]}", b"<html>"] {
            assert_eq!(code(bad), KeySetCode::Json);
        }
    }

    #[test]
    fn the_key_and_its_member_at_fault_are_named() {
        let good = ec(r#","kid":"a""#);
        let long = "k".repeat(KEY_ID_BYTES_MAX + 1);
        for (keys, place) in [
            (format!("{good},5"), "in `keys[1]`"),
            (format!(r#"{good},{{"kid":"b"}}"#), "in `keys[1].kty`, kid `b`"),
            (format!("{good},{good}"), "in `keys[1].kid`, kid `a`"),
            (ec(r#","kid":7"#), "in `keys[0].kid`"),
            (ec(r#","kid":"b","key_ops":"verify""#), "in `keys[0].key_ops`, kid `b`"),
            (ec(r#","kid":"b","use":1"#), "in `keys[0].use`, kid `b`"),
            (ec(r#","kid":"b","alg":"RS256""#), "in `keys[0].alg`, kid `b`"),
            (ec(r#","kid":"b","d":"AA""#), "in `keys[0].d`, kid `b`"),
            (r#"{"kty":"EC","kid":"b"}"#.to_owned(), "in `keys[0].crv`, kid `b`"),
            (r#"{"kty":"EC","crv":"P-256","x":"="}"#.to_owned(), "in `keys[0].x`"),
            (rsa(&[0xAA; 256], "AQAB"), "in `keys[0].n`"),
            (rsa(&[0xAB; 256], "AQ"), "in `keys[0].e`"),
            // What can't be shown, or is of no token, isn't.
            (ec(r#","kid":"\u001b[2J","alg":"RS256""#), "in `keys[0].alg`"),
            (ec(&format!(r#","kid":"{long}","alg":"RS256""#)), "in `keys[0].alg`"),
            (ec(r#","kid":"","alg":"RS256""#), "in `keys[0].alg`"),
        ] {
            let error = KeySet::parse(format!(r#"{{"keys":[{keys}]}}"#).as_bytes()).unwrap_err().to_string();
            assert!(error.ends_with(&format!(", {place}")), "{error} is not {place}");
        }
        assert!(KeySet::parse(b"{}").unwrap_err().to_string().ends_with(", in `keys`"));
        assert_eq!(KeySet::parse(b"[]").unwrap_err().to_string(), KeySetCode::Json.message());
    }

    #[test]
    fn a_document_is_read_up_to_its_bounds() {
        let padded = |bytes: usize| format!(r#"{{"keys":[]{}}}"#, " ".repeat(bytes - r#"{"keys":[]}"#.len()));
        assert!(KeySet::parse(padded(KEY_SET_BYTES_MAX).as_bytes()).is_ok());
        assert_eq!(
            KeySet::parse(padded(KEY_SET_BYTES_MAX + 1).as_bytes()).unwrap_err().code,
            KeySetCode::Size
        );
        check(&vec![ec(""); KEYS_MAX].join(","), Ok(KEYS_MAX));
        let ids = |bytes: usize| {
            let set = format!(r#"{{"keys":[{}]}}"#, ec(&format!(r#","kid":"{}""#, "k".repeat(bytes))));
            KeySet::parse(set.as_bytes()).unwrap().keys[0].kid.is_some()
        };
        assert!(ids(KEY_ID_BYTES_MAX) && !ids(KEY_ID_BYTES_MAX + 1));
    }

    #[test]
    fn rsa_keys_have_sound_numbers() {
        let modulus = |bytes| {
            let mut modulus = vec![0xAB; bytes];
            *modulus.last_mut().unwrap() = 0xAD;
            modulus
        };
        check(&rsa(&modulus(256), "AQAB"), Ok(1));
        check(&rsa(&modulus(256), "Aw"), Ok(1));
        check(&rsa(&modulus(256), "AQAAAQ"), Ok(1));
        check(&rsa(&modulus(1024), "AQAB"), Ok(1));
        // 2,047 bits, and 8,200.
        check(&rsa(&[&[0x7F][..], &modulus(255)].concat(), "AQAB"), Ok(0));
        check(&rsa(&modulus(1025), "AQAB"), Ok(0));
        for e in ["AQ", "Ag", "AA", "", "AAEAAQ", "AQAAAAE"] {
            check(&rsa(&modulus(256), e), Err(KeySetCode::Number));
        }
        check(&rsa(&[&[0][..], &modulus(256)].concat(), "AQAB"), Err(KeySetCode::Number));
        check(&rsa(&[0xAA; 256], "AQAB"), Err(KeySetCode::Number));
    }

    #[test]
    fn secrets_are_taken_from_the_host_alone_and_never_shown() {
        let document =
            r#"{"keys":[{"kty":"oct","kid":"s","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;
        let set = KeySet::parse_with_secrets(document.as_bytes()).unwrap();
        assert!(
            matches!(&set.keys[..], [key] if matches!(&key.material, KeyMaterial::Secret { k } if k.len() == 43))
        );
        assert!(!format!("{set:?}").contains("AAAA"));
        let secret = |bytes: usize| {
            let k = base64url::encode(&vec![7; bytes]);
            let set = format!(r#"{{"keys":[{{"kty":"oct","k":"{k}"}}]}}"#);
            KeySet::parse_with_secrets(set.as_bytes()).map(|set| set.keys.len()).map_err(|error| error.code)
        };
        assert_eq!([31, 32, 64].map(secret), [Err(KeySetCode::Number), Ok(1), Ok(1)]);
        // A secret in a key of another kind is a private one that was mislabelled, whosever file it is.
        let both = format!(r#"{{"keys":[{}]}}"#, ec(r#","k":"AA""#));
        assert_eq!(KeySet::parse_with_secrets(both.as_bytes()).unwrap_err().code, KeySetCode::Private);
        assert_eq!(
            KeySet::parse(document.as_bytes()).unwrap_err().to_string(),
            "a private or secret key stands in the key set: revoke it, in `keys[0].k`, kid `s`"
        );
    }
}
