//! A token is accepted, or refused by the code of its first mistake, exactly as a second judge says, who is written by the documentation
//! alone and reads no JSON: it knows what the token was made of.
//!
//! Each byte chooses one part of a token, of where it stands, or of who brings it.
#![no_main]

use std::cell::RefCell;

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Plan, Sources, base64url};
use gatelaw_host::Verifier;
use gatelaw_host::keys::KeySet;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

const NOW: i64 = 1_800_000_000;
const SECRET: [u8; 32] = [7; 32];
const POLICY: &str = r#"
issuer a {
  url "https://a.example"  audience "api", "other"  algorithms HS256  leeway 30s  max_age 1h  bound mtls
  roles claim groups as named {staff}
  attribute level: int = claim level
  token cookie "session"
}
issuer b {
  url "https://b.example/"  audience none  algorithms HS256, ES256  type "at+jwt"
  require claim use == "access"
  refuse claim more.groups
  subject claim sub ?? claim name
  attribute level: int = claim level ?? 0
  token header "x-token"
}
role staff
allow read { for staff  when user.level >= 0 }
"#;

/// The SHA-256 of two certificates, as the fact `client_cert` has it.
const CERTIFICATES: [&str; 2] = [
    "1111111111111111111111111111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222222222222222222222222222",
];

/// What an issuer's lines say, for the second judge.
struct Lines {
    url: &'static str,
    audiences: &'static [&'static str],
    algorithms: &'static [&'static str],
    types: &'static [Option<&'static str>],
    leeway_s: i64,
    max_age_s: i64,
    is_bound: bool,
    takes: fn(TokenSource) -> bool,
}

const ISSUERS: [Lines; 2] = [
    Lines {
        url: "https://a.example",
        audiences: &["api", "other"],
        algorithms: &["HS256"],
        types: &[None, Some("jwt"), Some("at+jwt")],
        leeway_s: 30,
        max_age_s: 3600,
        is_bound: true,
        takes: |source| !matches!(source, TokenSource::Header(_)),
    },
    Lines {
        url: "https://b.example/",
        audiences: &[],
        algorithms: &["HS256", "ES256"],
        types: &[Some("at+jwt")],
        leeway_s: 0,
        max_age_s: 86_400,
        is_bound: false,
        takes: |source| !matches!(source, TokenSource::Cookie(_)),
    },
];

/// Bytes, each of which chooses something; where they end, what is right.
struct Choices<'b>(std::slice::Iter<'b, u8>);

impl Choices<'_> {
    /// The first of all for half of the bytes: a token with many mistakes is judged by its first one alone.
    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        let byte = usize::from(self.0.next().copied().unwrap_or(0));
        all[byte.saturating_sub(127) % all.len()].clone()
    }

    /// A time: mostly around a bound, sometimes none.
    fn time(&mut self, usual: i64) -> Option<Value> {
        let around = [0, 1, -1, 29, 30, 31, -29, -30, -31, 600, 3570, 3599, 3600, 3601, 86_400, 86_401];
        let kind: u8 = self.of(&[0, 1, 0, 1, 0, 1, 2]);
        match kind {
            0 => Some(json!(NOW + usual + self.of(&around))),
            1 => Some(json!(NOW + usual - self.of(&around))),
            _ => self.of(&[
                None,
                Some(Value::Null),
                Some(json!((NOW + usual).to_string())),
                Some(json!((NOW + usual) as f64)),
                Some(json!((NOW + usual) as f64 + 0.5)),
                Some(json!(i64::MAX)),
                Some(json!(i64::MIN)),
                Some(json!(u64::MAX)),
                Some(json!(253_402_300_799_i64)),
                Some(json!(253_402_300_800_i64)),
                Some(json!(-62_167_219_200_i64)),
                Some(json!(-62_167_219_201_i64)),
                Some(json!(1e300)),
                Some(json!(0)),
                Some(json!([NOW])),
            ]),
        }
    }
}

/// A token in its parts, and who brings it.
struct Case {
    header: Value,
    claims: Value,
    is_signed: bool,
    source: TokenSource,
    certificate: Option<&'static str>,
}

impl Case {
    fn of(bytes: &[u8]) -> Self {
        let mut choices = Choices(bytes.iter());
        let issuer: usize = choices.of(&[0, 1, 1, 2]);
        let typ = if issuer == 1 { Some(json!("at+jwt")) } else { None };
        let some = |value: Value| Some(value);
        let claims = [
            (
                "iss",
                match issuer {
                    0 | 1 => some(json!(ISSUERS[issuer].url)),
                    _ => choices.of(&[
                        None,
                        some(json!("https://a.example/")),
                        some(json!(["https://a.example"])),
                        some(json!("")),
                    ]),
                },
            ),
            (
                "aud",
                choices.of(&[
                    some(json!("api")),
                    some(json!(["x", "other"])),
                    some(json!(["api"])),
                    None,
                    some(json!([])),
                    some(json!("API")),
                    some(json!(["api", 1])),
                    some(Value::Null),
                    some(json!({"aud": "api"})),
                ]),
            ),
            ("exp", choices.time(600)),
            ("iat", choices.time(0)),
            ("nbf", if choices.of(&[false, true]) { choices.time(0) } else { None }),
            ("auth_time", if choices.of(&[false, true]) { choices.time(0) } else { None }),
            ("sub", choices.of(&[some(json!("u")), some(json!("")), None, some(json!(5)), some(json!("ü"))])),
            ("name", choices.of(&[None, some(json!("n")), some(json!("")), some(Value::Null)])),
            (
                "level",
                choices.of(&[
                    some(json!(1)),
                    some(json!(-1)),
                    None,
                    some(json!("1")),
                    some(json!(2.0)),
                    some(json!(2.5)),
                ]),
            ),
            ("use", choices.of(&[some(json!("access")), some(json!("id")), None, some(json!(["access"]))])),
            (
                "more",
                choices.of(&[
                    None,
                    some(json!({})),
                    some(json!({"groups": null})),
                    some(json!({"groups": 1})),
                    some(json!([])),
                ]),
            ),
            (
                "groups",
                choices.of(&[
                    None,
                    some(json!(["staff"])),
                    some(json!("staff")),
                    some(json!(["staff", null])),
                    some(json!([])),
                ]),
            ),
            (
                "cnf",
                choices.of(&[
                    None,
                    None,
                    some(json!({"x5t#S256": base64url::encode(&[0x11; 32])})),
                    some(json!({"x5t#S256": base64url::encode(&[0x11; 32]), "jkt": "x"})),
                    some(json!({})),
                    some(Value::Null),
                ]),
            ),
        ];
        let header = [
            (
                "alg",
                choices.of(&[
                    some(json!("HS256")),
                    some(json!("HS256")),
                    some(json!("ES256")),
                    some(json!("none")),
                    some(json!("hs256")),
                    some(json!("")),
                    None,
                    some(json!(["HS256"])),
                ]),
            ),
            (
                "typ",
                choices.of(&[
                    typ,
                    None,
                    some(json!("JWT")),
                    some(json!("application/AT+JWT")),
                    some(json!("application/x/at+jwt")),
                    some(json!("at+jwt ")),
                    some(json!(1)),
                ]),
            ),
            (
                "kid",
                choices.of(&[
                    some(json!("k")),
                    None,
                    some(json!("other")),
                    some(json!("")),
                    some(json!("k".repeat(256))),
                    some(json!("k".repeat(257))),
                    some(json!("k\n")),
                    some(json!(1)),
                ]),
            ),
            ("crit", choices.of(&[None, some(json!([])), some(json!(["b64"]))])),
            ("b64", choices.of(&[None, some(json!(false))])),
            ("jku", choices.of(&[None, some(json!("https://evil.example/keys"))])),
        ];
        Self {
            header: object(header),
            claims: object(claims),
            is_signed: choices.of(&[true, false]),
            source: choices.of(&[TokenSource::Authorization, TokenSource::Header(0), TokenSource::Cookie(0)]),
            certificate: choices.of(&[None, Some(CERTIFICATES[0]), Some(CERTIFICATES[1])]),
        }
    }

    fn token(&self) -> String {
        let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&self.header), part(&self.claims));
        let secret = if self.is_signed { SECRET } else { [8; 32] };
        let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(&secret), Algorithm::HS256);
        format!("{signed}.{}", signature.expect("a text is signed"))
    }
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

/// The second judge: who is asking, or what is wrong first.
fn judged_by_the_lines(case: &Case) -> Result<String, &'static str> {
    let (header, claims) = (&case.header, &case.claims);
    let [alg, typ, kid] = ["alg", "typ", "kid"].map(|name| header.get(name));
    let is_text = |value: Option<&Value>| value.is_none_or(Value::is_string);
    let is_id = |kid: &str| (1..=256).contains(&kid.len()) && kid.chars().all(|c| (' '..='~').contains(&c));
    if alg.is_none() || ![alg, typ, kid].into_iter().all(is_text) || header.get("b64").is_some() {
        return Err("header");
    }
    if kid.and_then(Value::as_str).is_some_and(|kid| !is_id(kid)) {
        return Err("header");
    }
    if header.get("crit").is_some() {
        return Err("crit");
    }
    let lines = ISSUERS.iter().find(|lines| claims["iss"] == lines.url).ok_or("issuer")?;
    if !(lines.takes)(case.source) {
        return Err("source");
    }
    let alg = alg.and_then(Value::as_str).filter(|alg| lines.algorithms.contains(alg)).ok_or("alg")?;
    let typ = typ.and_then(Value::as_str).map(str::to_ascii_lowercase);
    let typ = typ.as_deref().map(|typ| match typ.strip_prefix("application/") {
        Some(short) if !short.contains('/') => short,
        _ => typ,
    });
    if !lines.types.contains(&typ) {
        return Err("type");
    }
    if !is_for(lines.audiences, claims.get("aud")) {
        return Err("audience");
    }
    in_time(lines, claims)?;
    let subject = who(lines, case).ok_or("claims")?;
    // The one key that there is, is a secret.
    if alg != "HS256" || kid.is_some_and(|kid| *kid != "k") {
        return Err("key");
    }
    if case.is_signed { Ok(subject) } else { Err("signature") }
}

fn is_for(ours: &[&str], aud: Option<&Value>) -> bool {
    let is_ours = |name: &Value| ours.is_empty() || ours.iter().any(|ours| name == ours);
    match aud {
        None => ours.is_empty(),
        Some(Value::Array(names)) => names.iter().all(Value::is_string) && names.iter().any(is_ours),
        Some(name) => name.is_string() && is_ours(name),
    }
}

fn in_time(lines: &Lines, claims: &Value) -> Result<(), &'static str> {
    let time = |name| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_i64().map(i128::from).or_else(|| {
                let whole = value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15)?;
                Some(whole as i128)
            });
            let seconds = seconds.filter(|s| (-62_167_219_200..=253_402_300_799).contains(s));
            seconds.map(Some).ok_or("times")
        }
    };
    let (exp, iat, nbf, auth_time) = (time("exp")?, time("iat")?, time("nbf")?, time("auth_time")?);
    let (exp, iat) = (exp.ok_or("times")?, iat.ok_or("times")?);
    let (now, leeway) = (i128::from(NOW), i128::from(lines.leeway_s));
    if now >= exp + leeway {
        return Err("expired");
    }
    if [Some(iat), nbf, auth_time].into_iter().flatten().any(|begins| now + leeway < begins) {
        return Err("not_yet_valid");
    }
    let contradict = exp <= iat || nbf.is_some_and(|nbf| exp <= nbf);
    if contradict || exp - iat > i128::from(lines.max_age_s) { Err("lifetime") } else { Ok(()) }
}

/// Maps the claims that the lines of an issuer name.
fn who(lines: &Lines, case: &Case) -> Option<String> {
    let claims = &case.claims;
    let integer =
        |value: &Value| value.as_i64().is_some() || value.as_f64().is_some_and(|n| n.fract() == 0.0);
    let level = claims.get("level");
    if !level.is_none_or(integer) {
        return None;
    }
    if let Some(cnf) = claims.get("cnf") {
        let proof = json!({"x5t#S256": base64url::encode(&[0x11; 32])});
        let is_proven = lines.is_bound && case.certificate == Some(CERTIFICATES[0]) && *cnf == proof;
        is_proven.then_some(())?;
    }
    let text = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(()),
    };
    if lines.url == ISSUERS[0].url {
        let is_list = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
        (level.is_some() && claims.get("groups").is_none_or(is_list)).then_some(())?;
        return text("sub").ok()?;
    }
    let more = claims.get("more");
    let is_whole = more.is_none_or(|more| more.is_object() && more.get("groups").is_none());
    (claims.get("use") == Some(&json!("access")) && is_whole).then_some(())?;
    match text("sub").ok()? {
        Some(subject) => Some(subject),
        None => text("name").ok()?,
    }
}

thread_local! {
    static VERIFIER: RefCell<Verifier<Plan>> = RefCell::new(verifier());
}

fn verifier() -> Verifier<Plan> {
    let plan =
        gatelaw::compile(&Sources::from_text("policy.gate", POLICY)).expect("the policy compiles").plan;
    let keys = format!(r#"{{"keys":[{{"kty":"oct","kid":"k","k":"{}"}}]}}"#, base64url::encode(&SECRET));
    let mut verifier = Verifier::new(plan, 64);
    for issuer in ["a", "b"] {
        let keys = KeySet::parse_with_secrets(keys.as_bytes()).expect("the keys are right");
        verifier.set_keys(verifier.issuer(issuer).expect("the policy has it"), keys);
    }
    verifier
}

fn judged(case: &Case, text: &str) -> Result<String, &'static str> {
    let token = Token { source: case.source, value: text };
    VERIFIER.with_borrow_mut(|verifier| gatelaw_fuzz::judged(verifier, token, case.certificate, NOW))
}

fuzz_target!(|bytes: &[u8]| {
    let case = Case::of(bytes);
    let (token, expected) = (case.token(), judged_by_the_lines(&case));
    // Once as it comes, and once as it is remembered.
    for _ in 0..2 {
        assert_eq!(judged(&case, &token), expected, "{} {}", case.header, case.claims);
    }
});
