//! Whoever asks why a token is refused isn't shown what its policy calls secret, not even where a check is of that claim.

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Sources, compile};
use gatelaw_host::Gate;
use gatelaw_host::keys::Algorithm;
use gatelaw_host::token::TokenCode;

use crate::checks::NOW;
use crate::signer::Signer;

const POLICY: &str = r#"
issuer a {
  url "https://a.example"
  audience "api"
  algorithms ES256
  secret attribute from: string = claim iss
  secret attribute to: strings = claim aud
  secret attribute until: int = claim exp
  secret attribute after: instant? = claim nbf
}
issuer b { url "https://b.example"  audience "api"  algorithms ES256 }
allow x { for authenticated }
"#;

/// Says what stands at one check of a token that is given at `NOW`, and was issued then.
#[track_caller]
fn check(iss: &str, more: &str, at: TokenCode, expected: &str) {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan);
    assert!(gate.set_keys("a", signer.keys()) && gate.set_keys("b", signer.keys()));
    let token = signer.token(&format!(r#"{{"iss":"{iss}","sub":"u","iat":{NOW}{more}}}"#));
    let given = Token { source: TokenSource::Authorization, value: &token };
    let explained = gate.explain_token(given, None, NOW, None);
    let found = explained.checks.iter().find(|found| found.check == at).unwrap();
    assert_eq!(found.says, expected, "{explained:?}");
}

#[test]
fn no_check_shows_the_claim_of_a_secret_attribute() {
    let (a, issued) = ("https://a.example", "iat 2027-01-15T08:00:00Z (now)");
    let good = format!(r#","aud":["api"],"nbf":{},"exp":{}"#, NOW - 9, NOW + 60);
    check(a, &good, TokenCode::Issuer, "iss (secret) is issuer a");
    check(a, &good, TokenCode::Audience, "aud (secret); the policy has `api`");
    check(a, &good, TokenCode::Times, &format!("{issued}, nbf (secret), exp (secret)"));
    check(a, &good, TokenCode::Expired, "exp (secret); leeway 0 s");
    check(a, &good, TokenCode::NotYetValid, &format!("{issued}, nbf (secret); leeway 0 s"));
    check(a, &good, TokenCode::Lifetime, "(secret) from iat to exp, of at most 1 d");
    check(a, r#","aud":"other""#, TokenCode::Audience, "aud (secret); the policy has `api`");
    check(a, r#","aud":"api","exp":"soon""#, TokenCode::Times, &format!("{issued}, exp (secret)"));
    check(a, r#","aud":"api""#, TokenCode::Times, &format!("{issued}, exp missing"));
}

#[test]
fn the_name_of_an_issuer_that_nobody_knows_is_shown_only_where_it_is_no_issuers_secret() {
    let hidden = "iss (secret); the policy has `https://a.example`, `https://b.example`";
    check("https://a.example/", "", TokenCode::Issuer, hidden);
    check("https://c.example", "", TokenCode::Issuer, hidden);
}

#[test]
fn what_is_a_secret_of_one_issuer_is_shown_of_another() {
    let b = "https://b.example";
    let good = format!(r#","aud":"api","exp":{}"#, NOW + 60);
    check(b, &good, TokenCode::Issuer, "iss `https://b.example` is issuer b");
    check(b, &good, TokenCode::Audience, "aud `api`; the policy has `api`");
    check(b, &good, TokenCode::Expired, "exp 2027-01-15T08:01:00Z (in 1 min); leeway 0 s");
    check(b, &good, TokenCode::Lifetime, "1 min from iat to exp, of at most 1 d");
}
