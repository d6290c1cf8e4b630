//! Clocks that are wrong, and what is remembered under them.

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Sources, compile};
use gatelaw_host::keys::Algorithm;
use gatelaw_host::{Step, Verifier, Who};

use crate::checks::NOW;
use crate::signer::Signer;

const POLICY: &str = r#"
issuer a { url "https://a.example"  audience "api"  algorithms EdDSA  leeway 30s }
allow any-signed { for authenticated }
"#;

/// 1970, 2038, 2106, the years 0 and 9999, and the ends of what a clock can say.
const CLOCKS: [i64; 14] = [
    i64::MIN,
    i64::MIN + 1,
    -62_167_219_200,
    -1,
    0,
    1,
    2_147_483_647,
    2_147_483_648,
    4_294_967_295,
    4_294_967_296,
    253_402_300_799,
    253_402_300_800,
    i64::MAX - 1,
    i64::MAX,
];

#[test]
fn a_token_is_valid_within_its_times_whatever_the_clock_does() {
    let signer = Signer::new(Algorithm::EdDsa);
    let plan = compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
    let (iat, exp) = (NOW - 100, NOW + 100);
    let text = signer
        .token(&format!(r#"{{"iss":"https://a.example","aud":"api","iat":{iat},"exp":{exp},"sub":"u"}}"#));
    let token = Token { source: TokenSource::Authorization, value: &text };
    let around = [iat - 31, iat - 30, iat, NOW, exp, exp + 29, exp + 30];
    for remembers in [0, 10] {
        let mut verifier = Verifier::new(&plan, remembers);
        verifier.set_keys(verifier.issuer("a").unwrap(), signer.keys());
        let Step::NeedsSignature(pending) = verifier.begin(token, None, NOW) else { panic!("it is valid") };
        assert!(matches!(verifier.settle(*pending, true), Who::Verified(_)));
        for now in CLOCKS.into_iter().chain(around) {
            let expected = match now {
                _ if now < iat - 30 => "not_yet_valid",
                _ if now >= exp + 30 => "expired",
                _ => "ok",
            };
            let found = match verifier.begin(token, None, now) {
                Step::Decided(Who::Invalid(code)) => code.name(),
                Step::Decided(Who::Verified(_)) if remembers > 0 => "ok",
                Step::NeedsSignature(_) if remembers == 0 => "ok",
                other => panic!("{other:?} at {now}"),
            };
            assert_eq!(found, expected, "at {now}, of {remembers} remembered");
        }
    }
}

#[test]
fn tokens_with_times_at_the_ends_are_judged() {
    let signer = Signer::new(Algorithm::EdDsa);
    let plan = compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
    let mut verifier = Verifier::new(&plan, 10);
    verifier.set_keys(verifier.issuer("a").unwrap(), signer.keys());
    for iat in CLOCKS {
        for exp in CLOCKS {
            let text = signer.token(&format!(
                r#"{{"iss":"https://a.example","aud":"api","iat":{iat},"exp":{exp},"sub":"u"}}"#
            ));
            for now in CLOCKS {
                let step =
                    verifier.begin(Token { source: TokenSource::Authorization, value: &text }, None, now);
                let fits = (iat..exp).contains(&now) && exp.abs_diff(iat) <= 86_400;
                let fits =
                    fits && (-62_167_219_200..=253_402_300_799).contains(&iat) && exp <= 253_402_300_799;
                let is_open = matches!(step, Step::NeedsSignature(_));
                // Leeway lets some more through around the ends, never anything else.
                assert!(!fits || is_open, "{iat} {exp} at {now}");
                assert!(!is_open || (exp.abs_diff(iat) <= 86_400 && iat < exp), "{iat} {exp} at {now}");
            }
        }
    }
}
