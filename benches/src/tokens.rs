//! What tokens cost: one that comes first, beside jsonwebtoken's own `decode`; one that was verified before, with its decision; and
//! those of unknown keys.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaPublicKeyComponents,
};
use gatelaw::base64url::encode;
use gatelaw::request::{Token, TokenSource};
use gatelaw::{Caller, Plan, RawRequest, Session, Sources, compile};
use gatelaw_benches::clock::{least_ns, ratio};
use gatelaw_benches::{Workload, policy};
use gatelaw_host::keys::{Algorithm, Curve, Jwk, KeyMaterial, KeySet};
use gatelaw_host::{Gate, Signatures, Step, Verifier, Who};
use jsonwebtoken::{Algorithm as Jose, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::flood;

const TOKENS: usize = 64;
const TOKEN_BYTES: usize = 4096;
const REQUESTS: usize = 10_000;
const ROUNDS: usize = 40;

type HeaderLines<'r> = Vec<(&'r [u8], &'r [u8])>;

/// Prints the tables.
pub(crate) fn print(rules: &[usize]) -> Result<(), String> {
    println!(
        "\nfirst verification of a token of 4 KiB, beside jsonwebtoken's `decode` into a typed struct; µs"
    );
    println!("{:>9} {:>9} {:>9} {:>10}", "algorithm", "gatelaw", "decode", "to decode");
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Hs256] {
        let [ours, theirs] = first(algorithm)?;
        let micros = |ns: u64| format!("{}.{:02}", ns / 1000, ns % 1000 / 10);
        let (name, to_theirs) = (algorithm.name(), ratio(ours, theirs));
        println!("{name:>9} {:>9} {:>9} {to_theirs:>10}", micros(ours), micros(theirs));
    }
    println!("\na token that was verified before, and its decision, beside a caller who is known; ns");
    println!("{:>9} {:>12} {:>12} {:>12}", "rules", "known caller", "1,000 tokens", "one token");
    for rules in rules {
        let [known, tokens, one] = repeated(*rules)?;
        println!("{rules:>9} {known:>12} {tokens:>12} {one:>12}");
    }
    flood::print()
}

/// What another program would read of a token.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed to be timed, never read")]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    iat: i64,
    groups: Vec<String>,
    scp: Vec<String>,
    org_id: String,
}

/// Times the first verification of a token: by gatelaw, and by `decode`.
fn first(algorithm: Algorithm) -> Result<[u64; 2], String> {
    let plan = plan_of(algorithm)?;
    let signer = Signer::new(algorithm)?;
    let now = now()?;
    let tokens = (0..TOKENS).map(|n| signer.token(&large_claims(n, now))).collect::<Result<Vec<_>, _>>()?;
    // One is remembered, and each token is another one than that.
    let mut verifier = Verifier::new(&plan, 1);
    let issuer = verifier.issuer("okta").ok_or("the policy has its issuer")?;
    verifier.set_keys(issuer, signer.keys());
    let mut signatures = Signatures::default();
    let (key, jose) = signer.decoding_key()?;
    let mut validation = Validation::new(jose);
    validation.set_audience(&["api"]);
    validation.set_issuer(&["https://acme.okta.com"]);
    let mut valid = [0_usize; 2];
    let [ours_valid, theirs_valid] = &mut valid;
    let times = least_ns(
        ROUNDS,
        [
            &mut || {
                for value in &tokens {
                    let token = Token { source: TokenSource::Authorization, value };
                    if let Step::NeedsSignature(pending) = verifier.begin(token, None, now) {
                        let is_valid = signatures.is_valid(&pending);
                        let who = verifier.settle(*pending, is_valid);
                        *ours_valid += usize::from(matches!(who, Who::Verified(_)));
                    }
                }
            },
            &mut || {
                for token in &tokens {
                    *theirs_valid += usize::from(decode::<Claims>(token, &key, &validation).is_ok());
                }
            },
        ],
    );
    if valid != [TOKENS * ROUNDS; 2] {
        return Err(format!("{valid:?} of {} tokens are valid", TOKENS * ROUNDS));
    }
    Ok(times.map(|ns| ns / 64))
}

/// Times a decision: with a caller who is known already, with tokens that were verified before, and with one of them.
fn repeated(rules: usize) -> Result<[u64; 3], String> {
    let workload = Workload::new(1, rules, REQUESTS);
    let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload)))
        .map_err(|errors| format!("the policy has {} errors", errors.len()))?;
    let identities = policy::identities(&workload, &compiled.policy.identity);
    let identities: Vec<_> = identities.into_iter().map(|identity| compiled.plan.prepare(identity)).collect();
    let signer = Signer::new(Algorithm::Rs256)?;
    let now = now()?;
    let bearer = |(number, caller)| {
        let mut claims: Value = policy::claims(number, caller);
        if let Some(members) = claims.as_object_mut() {
            members.insert("iss".into(), json!("https://acme.okta.com/oauth2/default"));
            members.insert("aud".into(), json!("api://gateway"));
            members.insert("iat".into(), json!(now));
            members.insert("exp".into(), json!(now + 3600));
        }
        signer.token(&claims.to_string()).map(|token| format!("Bearer {token}"))
    };
    let bearers = workload.callers.iter().enumerate().map(bearer).collect::<Result<Vec<_>, _>>()?;
    let plain: Vec<_> = workload.requests.iter().map(policy::header_lines).collect();
    let with_tokens = workload.requests.iter().map(|request| {
        let mut lines = policy::header_lines(request);
        let bearer = request.caller.and_then(|number| bearers.get(number));
        lines.extend(bearer.map(|bearer| (&b"authorization"[..], bearer.as_bytes())));
        lines
    });
    let with_tokens: Vec<_> = with_tokens.collect();
    let (known, tokens) = (raws(&workload, &plain, now), raws(&workload, &with_tokens, now));
    let one = tokens.iter().find(|raw| raw.headers.iter().any(|(name, _)| *name == b"authorization"));
    let one = one.ok_or("some request has a token")?;
    let mut session = Session::new(&compiled.plan);
    let mut gate = Gate::new(compiled.plan.clone());
    if !gate.set_keys("okta", signer.keys()) {
        return Err("the policy has its issuer".to_owned());
    }
    // All are verified before the clock starts.
    let mut other_gate = gate.share();
    for raw in &tokens {
        gate.decide(raw);
    }
    let mut sums = [0_u64; 3];
    let [known_sum, tokens_sum, one_sum] = &mut sums;
    let times = least_ns(
        ROUNDS,
        [
            &mut || {
                for (raw, request) in known.iter().zip(&workload.requests) {
                    let identity = request.caller.and_then(|n| identities.get(n));
                    let outcome = session.decide(raw, identity.map_or(Caller::Anonymous, Caller::Prepared));
                    *known_sum += u64::from(outcome.status());
                }
            },
            &mut || {
                for raw in &tokens {
                    *tokens_sum += u64::from(gate.decide(raw).status());
                }
            },
            &mut || {
                for _ in 0..REQUESTS {
                    *one_sum += u64::from(other_gate.decide(one).status());
                }
            },
        ],
    );
    if known_sum != tokens_sum {
        return Err(format!("with {rules} rules tokens are answered otherwise than their callers"));
    }
    Ok(times.map(|ns| ns / 10_000))
}

fn raws<'r>(workload: &'r Workload, lines: &'r [HeaderLines<'r>], now: i64) -> Vec<RawRequest<'r>> {
    let requests = workload.requests.iter().zip(lines);
    requests.map(|(request, lines)| RawRequest { now, ..policy::raw(request, lines) }).collect()
}

/// Claims that make a token of [`TOKEN_BYTES`], under any of the algorithms about.
fn large_claims(number: usize, now: i64) -> String {
    let mut groups = vec!["staff".to_owned()];
    let claims = |groups: &[String]| {
        json!({
            "iss": "https://acme.okta.com", "aud": "api", "iat": now - 10, "exp": now + 3600,
            "sub": format!("user.{number}@acme.example"), "org_id": "t1",
            "scp": ["openid", "profile", "read"], "groups": groups,
        })
        .to_string()
    };
    while claims(&groups).len() * 4 / 3 < TOKEN_BYTES - 350 {
        groups.push(format!("Department {} of {number}", groups.len()));
    }
    claims(&groups)
}

/// Compiles a policy whose issuer signs by an algorithm.
pub(crate) fn plan_of(algorithm: Algorithm) -> Result<Plan, String> {
    let text = format!(
        r#"issuer okta {{
             url "https://acme.okta.com"  audience "api"  algorithms {}
             scopes claim scp  roles claim groups as named {{staff}}  attribute tenant: string = claim org_id
           }}
           role staff
           allow read {{ for staff or scope "read"  when user.tenant == "t1" }}"#,
        algorithm.name()
    );
    compile(&Sources::from_text("bench.gate", &text))
        .map(|compiled| compiled.plan)
        .map_err(|errors| format!("the policy has {} errors", errors.len()))
}

pub(crate) fn now() -> Result<i64, String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
    i64::try_from(since.as_secs()).map_err(|e| e.to_string())
}

/// Signs tokens by a key that is made here.
pub(crate) enum Signer {
    Secret([u8; 32]),
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn new(algorithm: Algorithm) -> Result<Self, String> {
        let no_key = |_| "no key can be made".to_owned();
        match algorithm {
            Algorithm::Rs256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).map(|p| Self::Rsa(Box::new(p))).map_err(no_key)
            }
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::Ec).map_err(no_key)
            }
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Self::Ed25519).map_err(no_key),
            Algorithm::Hs256 => Ok(Self::Secret([7; 32])),
            other => Err(format!("no table has {}", other.name())),
        }
    }

    fn algorithm(&self) -> (Algorithm, Jose) {
        match self {
            Self::Secret(_) => (Algorithm::Hs256, Jose::HS256),
            Self::Rsa(_) => (Algorithm::Rs256, Jose::RS256),
            Self::Ec(_) => (Algorithm::Es256, Jose::ES256),
            Self::Ed25519(_) => (Algorithm::EdDsa, Jose::EdDSA),
        }
    }

    fn material(&self) -> KeyMaterial {
        match self {
            Self::Secret(secret) => KeyMaterial::Secret { k: encode(secret) },
            Self::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e } =
                    RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                KeyMaterial::Rsa { n: encode(&n), e: encode(&e) }
            }
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                KeyMaterial::Ec { curve: Curve::P256, x: encode(x), y: encode(y) }
            }
            Self::Ed25519(pair) => KeyMaterial::Ed25519 { x: encode(pair.public_key().as_ref()) },
        }
    }

    pub(crate) fn keys(&self) -> KeySet {
        let (algorithm, _) = self.algorithm();
        KeySet {
            keys: vec![Arc::new(Jwk {
                kid: Some("k".to_owned()),
                alg: Some(algorithm),
                material: self.material(),
            })],
        }
    }

    fn decoding_key(&self) -> Result<(DecodingKey, Jose), String> {
        let key = match self.material() {
            KeyMaterial::Secret { .. } => Ok(DecodingKey::from_secret(&[7; 32])),
            KeyMaterial::Rsa { n, e } => DecodingKey::from_rsa_components(&n, &e),
            KeyMaterial::Ec { x, y, .. } => DecodingKey::from_ec_components(&x, &y),
            KeyMaterial::Ed25519 { x } => DecodingKey::from_ed_components(&x),
        };
        Ok((key.map_err(|e| e.to_string())?, self.algorithm().1))
    }

    fn token(&self, claims: &str) -> Result<String, String> {
        self.token_of("k", claims)
    }

    /// Makes a token that names a key, be it the signer's or none.
    pub(crate) fn token_of(&self, kid: &str, claims: &str) -> Result<String, String> {
        let header = format!(r#"{{"alg":"{}","kid":"{kid}","typ":"JWT"}}"#, self.algorithm().0.name());
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        Ok(format!("{signed}.{}", encode(&self.sign(signed.as_bytes())?)))
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        let (random, no_signature) = (SystemRandom::new(), |_| "the text can't be signed".to_owned());
        match self {
            Self::Secret(secret) => {
                Ok(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text).as_ref().to_vec())
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).map_err(no_signature)?;
                Ok(signature)
            }
            Self::Ec(pair) => pair.sign(&random, text).map(|s| s.as_ref().to_vec()).map_err(no_signature),
            Self::Ed25519(pair) => Ok(pair.sign(text).as_ref().to_vec()),
        }
    }
}
