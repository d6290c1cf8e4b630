//! Tokens that are bound to a client certificate (RFC 8705 §3): worth nothing in other hands, remembered or not.

use gatelaw::base64url::encode;
use gatelaw::request::{Token, TokenSource};
use gatelaw::{Plan, Sources, compile};
use gatelaw_host::keys::Algorithm;
use gatelaw_host::{Step, Verifier, Who, is_signature_valid};

use crate::checks::NOW;
use crate::signer::Signer;

const POLICY: &str = r#"
issuer a { url "https://bound.example"  audience "api"  algorithms ES256  bound mtls }
issuer b { url "https://plain.example"  audience "api"  algorithms ES256 }
allow any-signed { for authenticated }
"#;

/// The SHA-256 of two certificates, as hosts give the fact `client_cert`.
const OURS: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const THEIRS: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";
/// [`OURS`], as `x5t#S256` has it.
const THUMBPRINT: &str = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

struct Scene {
    verifier: Verifier<Plan>,
    signer: Signer,
}

impl Scene {
    fn new() -> Self {
        let plan = compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
        let (mut verifier, signer) = (Verifier::new(plan, 10), Signer::new(Algorithm::Es256));
        for issuer in ["a", "b"] {
            verifier.set_keys(verifier.issuer(issuer).unwrap(), signer.keys());
        }
        Self { verifier, signer }
    }

    /// A token with this member beside the usual ones.
    fn token(&self, issuer: &str, cnf: &str) -> String {
        self.signer.token(&format!(
            r#"{{"iss":"https://{issuer}.example","aud":"api","exp":{},"iat":{NOW},"sub":"u"{cnf}}}"#,
            NOW + 600
        ))
    }

    fn begin(&mut self, token: &str, certificate: Option<&str>) -> Step {
        self.verifier.begin(Token { source: TokenSource::Authorization, value: token }, certificate, NOW)
    }

    /// Says what becomes of a token, and whether its signature had to be verified for that.
    fn ask(&mut self, token: &str, certificate: Option<&str>) -> (&'static str, bool) {
        let (who, is_new) = match self.begin(token, certificate) {
            Step::Decided(who) => (who, false),
            Step::NeedsSignature(pending) => {
                let is_valid = is_signature_valid(&pending);
                (self.verifier.settle(*pending, is_valid), true)
            }
            Step::NeedsKeys(wanted) => panic!("{wanted:?} though its keys are fixed"),
        };
        match who {
            Who::Verified(_) => ("ok", is_new),
            Who::Invalid(code) => (code.name(), is_new),
            Who::Anonymous | Who::KeysUnavailable => panic!("a token is there, and so are keys"),
        }
    }
}

fn x5t(thumbprint: &str) -> String {
    format!(r#","cnf":{{"x5t#S256":"{thumbprint}"}}"#)
}

#[test]
fn a_certificate_proves_a_token_by_its_thumbprint_alone() {
    let mut scene = Scene::new();
    let (upper, longer) = (OURS.to_uppercase(), format!("{OURS}00"));
    let half: String = OURS.chars().take(32).collect();
    let right = x5t(THUMBPRINT);
    // (what stands in the token, the certificate, what becomes of it)
    let table = [
        (right.clone(), Some(OURS), "ok"),
        (right.clone(), Some(THEIRS), "claims"),
        (right.clone(), None, "claims"),
        // The fact has one form: 64 lower-case hex digits.
        (right.clone(), Some(&upper), "claims"),
        (right.clone(), Some(&longer), "claims"),
        (right.clone(), Some(&half), "claims"),
        (right.clone(), Some(""), "claims"),
        (right, Some(THUMBPRINT), "claims"),
        // So has the thumbprint: no padding, no other alphabet, no stray bits, no hex.
        (x5t(&format!("{THUMBPRINT}=")), Some(OURS), "claims"),
        (x5t(&THUMBPRINT.replace('-', "+").replace('_', "/")), Some(OURS), "claims"),
        (x5t(&THUMBPRINT.replace("Cgg", "Cgh")), Some(OURS), "claims"),
        (x5t(OURS), Some(OURS), "claims"),
        (x5t(""), Some(OURS), "claims"),
        (x5t(""), None, "claims"),
        // A proof that no gate can see is none, and neither is one of another name.
        (r#","cnf":{"jkt":"x"}"#.to_owned(), Some(OURS), "claims"),
        (format!(r#","cnf":{{"x5t#S256":"{THUMBPRINT}","jkt":"x"}}"#), Some(OURS), "claims"),
        (format!(r#","cnf":{{"x5t":"{THUMBPRINT}"}}"#), Some(OURS), "claims"),
        (format!(r#","cnf":{{"X5T#S256":"{THUMBPRINT}"}}"#), Some(OURS), "claims"),
        (format!(r#","cnf":{{"x5t#S256":["{THUMBPRINT}"]}}"#), Some(OURS), "claims"),
        (format!(r#","cnf":"{THUMBPRINT}""#), Some(OURS), "claims"),
        (r#","cnf":{}"#.to_owned(), Some(OURS), "claims"),
        (r#","cnf":null"#.to_owned(), Some(OURS), "claims"),
        // A token without it is as good as ever.
        (String::new(), None, "ok"),
        (String::new(), Some(THEIRS), "ok"),
    ];
    for (cnf, certificate, expected) in table {
        let token = scene.token("bound", &cnf);
        assert_eq!(scene.ask(&token, certificate), (expected, expected == "ok"), "{cnf} by {certificate:?}");
    }
}

#[test]
fn an_issuer_that_binds_nothing_takes_no_bound_token() {
    let mut scene = Scene::new();
    let token = scene.token("plain", &x5t(THUMBPRINT));
    assert_eq!(scene.ask(&token, Some(OURS)), ("claims", false));
    assert_eq!(scene.ask(&token, None), ("claims", false));
}

#[test]
fn a_stolen_token_is_refused_though_it_is_remembered() {
    let mut scene = Scene::new();
    let (bound, free) = (scene.token("bound", &x5t(THUMBPRINT)), scene.token("bound", ""));
    // Whoever stole it comes first: nothing is verified for them, and nothing remembered.
    assert_eq!(scene.ask(&bound, Some(THEIRS)), ("claims", false));
    assert_eq!(scene.ask(&bound, Some(OURS)), ("ok", true));
    for _ in 0..3 {
        assert_eq!(scene.ask(&bound, Some(OURS)), ("ok", false));
        assert_eq!(scene.ask(&bound, Some(THEIRS)), ("claims", false));
        assert_eq!(scene.ask(&bound, Some(&OURS.to_uppercase())), ("claims", false));
        assert_eq!(scene.ask(&bound, None), ("claims", false));
    }
    // One that isn't bound is remembered for every certificate.
    assert_eq!(scene.ask(&free, Some(OURS)), ("ok", true));
    assert_eq!(scene.ask(&free, Some(THEIRS)), ("ok", false));
    assert_eq!(scene.ask(&free, None), ("ok", false));
}

#[test]
fn who_waits_for_a_signature_keeps_its_own_certificate() {
    // Two connections have their tokens verified at once: what is remembered of each is bound to its own.
    let mut scene = Scene::new();
    let theirs = encode(&(0..64).step_by(2).map(|at| hex(&THEIRS[at..at + 2])).collect::<Vec<_>>());
    let (one, other) = (scene.token("bound", &x5t(THUMBPRINT)), scene.token("bound", &x5t(&theirs)));
    let Step::NeedsSignature(first) = scene.begin(&one, Some(OURS)) else { panic!("it is new") };
    let Step::NeedsSignature(second) = scene.begin(&other, Some(THEIRS)) else { panic!("it is new") };
    for pending in [second, first] {
        let is_valid = is_signature_valid(&pending);
        assert!(matches!(scene.verifier.settle(*pending, is_valid), Who::Verified(_)));
    }
    assert_eq!(scene.ask(&one, Some(OURS)), ("ok", false));
    assert_eq!(scene.ask(&other, Some(THEIRS)), ("ok", false));
    assert_eq!(scene.ask(&one, Some(THEIRS)), ("claims", false));
    assert_eq!(scene.ask(&other, Some(OURS)), ("claims", false));
}

fn hex(digits: &str) -> u8 {
    u8::from_str_radix(digits, 16).unwrap()
}
