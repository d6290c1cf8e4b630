//! A gate from a raw request to the decision, and what its verifier remembers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use gatelaw::request::{Fact, Facts, Token, TokenSource};
use gatelaw::{Effect, Plan, RawRequest, Sources, compile};
use gatelaw_host::keys::{Algorithm, KeyFailure, KeySet};
use gatelaw_host::{Fetched, Gate, RequestLine, Step, Verifier, Who};

use crate::checks::NOW;
use crate::signer::Signer;

fn plan(algorithm: &str) -> Plan {
    let text = format!(
        r#"
        issuer a {{ url "https://a.example"  audience "api"  algorithms {algorithm}  bound mtls }}
        allow read {{ on GET /orders/**  for authenticated }}
        "#
    );
    compile(&Sources::from_text("policy.gate", &text)).unwrap().plan
}

fn claims(subject: &str) -> String {
    format!(r#"{{"iss":"https://a.example","aud":"api","exp":{},"iat":{NOW},"sub":"{subject}"}}"#, NOW + 600)
}

fn bearer(token: &str) -> Token<'_> {
    Token { source: TokenSource::Authorization, value: token }
}

/// Decides a request with a token at a time: its status and reason.
fn decide(
    gate: &mut Gate,
    token: &str,
    now: i64,
    fetch: &mut dyn FnMut() -> Option<Fetched>,
) -> (u16, String) {
    let value = format!("Bearer {token}");
    let headers: [(&[u8], &[u8]); 1] = [(b"authorization", value.as_bytes())];
    let raw = RawRequest { headers: &headers, now, ..RawRequest::new(b"GET", b"a.example", b"/orders/1") };
    gate.decide_fetching(&raw, &mut |issuer| {
        assert_eq!(issuer.url, "https://a.example");
        fetch().ok_or(KeyFailure::Fetch)
    });
    let decision = gate.session().to_decision();
    (decision.status, decision.reason.to_string())
}

#[test]
fn every_algorithm_is_verified_end_to_end() {
    for algorithm in Algorithm::ALL {
        let (signer, other) = (Signer::new(algorithm), Signer::new(Algorithm::EdDsa));
        let mut gate = Gate::new(plan(algorithm.name()));
        assert!(gate.set_keys("a", signer.keys()));
        let token = signer.token(&claims("u"));
        let (header, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let bent = format!("{header}.{}.{signature}", gatelaw::base64url::encode(claims("admin").as_bytes()));
        for _ in 0..2 {
            assert_eq!(
                decide(&mut gate, &token, NOW, &mut || None),
                (200, "rule".to_owned()),
                "{algorithm:?}"
            );
            let refused = (401, "token:signature".to_owned());
            assert_eq!(decide(&mut gate, &bent, NOW, &mut || None), refused, "{algorithm:?}");
        }
        let forged = other
            .token_of(&format!(r#"{{"alg":"{0}","kid":"{0}"}}"#, algorithm.name()), claims("u").as_bytes());
        assert_eq!(decide(&mut gate, &forged, NOW, &mut || None), (401, "token:signature".to_owned()));
    }
}

#[test]
fn keys_are_fetched_once_and_after_a_cool_down() {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(plan("ES256"));
    let (token, mut fetches) = (signer.token(&claims("u")), 0);
    let unavailable = (503, "keys_unavailable".to_owned());
    for (now, expected) in [(NOW, 1), (NOW + 1, 1), (NOW + 29, 1), (NOW + 30, 2)] {
        let answer = decide(&mut gate, &token, now, &mut || {
            fetches += 1;
            None
        });
        assert_eq!((answer, fetches), (unavailable.clone(), expected), "at {now}");
    }
    let mut fetch = || Some(Fetched { keys: signer.keys(), max_age_s: Some(600) });
    assert_eq!(decide(&mut gate, &token, NOW + 60, &mut fetch), (200, "rule".to_owned()));
    // An unknown key is asked for once, then the answer stands until the cool-down ends.
    let unknown = signer.token_of(r#"{"alg":"ES256","kid":"next"}"#, claims("u").as_bytes());
    let mut fetches = 0;
    for (now, expected) in [(NOW + 61, 0), (NOW + 89, 0), (NOW + 90, 1), (NOW + 91, 1)] {
        let answer = decide(&mut gate, &unknown, now, &mut || {
            fetches += 1;
            Some(Fetched { keys: signer.keys(), max_age_s: Some(600) })
        });
        assert_eq!((answer, fetches), ((401, "token:key".to_owned()), expected), "at {now}");
    }
    // A fetch that fails leaves the keys that were had.
    let answer = decide(&mut gate, &unknown, NOW + 130, &mut || None);
    assert_eq!(answer, (401, "token:key".to_owned()));
    assert_eq!(decide(&mut gate, &token, NOW + 131, &mut || None), (200, "rule".to_owned()));
}

#[test]
fn what_a_key_verified_goes_with_it() {
    let (signer, other) = (Signer::new(Algorithm::Es256), Signer::new(Algorithm::EdDsa));
    let plan = plan("ES256");
    let mut verifier = Verifier::new(&plan, 10);
    let issuer = verifier.issuer("a").unwrap();
    verifier.fetched(issuer, signer.keys(), None, NOW);
    let text = signer.token(&claims("u"));
    let Step::NeedsSignature(pending) = verifier.begin(bearer(&text), None, NOW) else { panic!("it is new") };
    assert!(matches!(verifier.settle(*pending, true), Who::Verified(_)));
    let known = |verifier: &mut Verifier<&Plan>| {
        matches!(verifier.begin(bearer(&text), None, NOW), Step::Decided(Who::Verified(_)))
    };
    assert!(known(&mut verifier));
    // The key stays beside a new one.
    let both = KeySet { keys: vec![Arc::new(other.jwk()), Arc::new(signer.jwk())] };
    verifier.fetched(issuer, both, None, NOW + 1);
    assert!(known(&mut verifier));
    // The same key again, as keys of the host's own.
    verifier.set_keys(issuer, signer.keys());
    assert!(known(&mut verifier));
    verifier.set_keys(issuer, other.keys());
    assert!(!known(&mut verifier));
    // It comes back: it has to verify anew.
    verifier.set_keys(issuer, signer.keys());
    assert!(matches!(verifier.begin(bearer(&text), None, NOW), Step::NeedsSignature(_)));
}

#[test]
fn a_key_that_goes_away_meanwhile_verifies_nothing() {
    let (signer, other) = (Signer::new(Algorithm::Es256), Signer::new(Algorithm::EdDsa));
    let plan = plan("ES256");
    let mut verifier = Verifier::new(&plan, 10);
    let issuer = verifier.issuer("a").unwrap();
    verifier.set_keys(issuer, signer.keys());
    let text = signer.token(&claims("u"));
    let begin = |verifier: &mut Verifier<&Plan>| match verifier.begin(bearer(&text), None, NOW) {
        Step::NeedsSignature(pending) => pending,
        step => panic!("{step:?}"),
    };
    let pending = begin(&mut verifier);
    verifier.set_keys(issuer, other.keys());
    assert!(matches!(verifier.settle(*pending, true), Who::Invalid(code) if code.name() == "key"));
    verifier.set_keys(issuer, signer.keys());
    // A wrong signature is not remembered.
    let pending = begin(&mut verifier);
    assert!(matches!(verifier.settle(*pending, false), Who::Invalid(code) if code.name() == "signature"));
    drop(begin(&mut verifier));
}

#[test]
fn the_next_policy_takes_the_keys_and_no_token() {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(plan("ES256"));
    let token = signer.token(&claims("u"));
    let mut fetch = || Some(Fetched { keys: signer.keys(), max_age_s: None });
    assert_eq!(decide(&mut gate, &token, NOW, &mut fetch).0, 200);
    let mut next = gate.next(plan("ES256, ES384"));
    let step = next.verifier().begin(bearer(&token), None, NOW);
    assert!(matches!(step, Step::NeedsSignature(_)), "{step:?}");
    assert_eq!(decide(&mut next, &token, NOW, &mut || None).0, 200);
    let mut narrower = gate.next(plan("ES384"));
    assert_eq!(decide(&mut narrower, &token, NOW, &mut || None), (401, "token:alg".to_owned()));
}

#[test]
fn keys_are_taken_over_for_the_same_issuer_alone() {
    let of = |issuers: &[(&str, &str)]| {
        let issuers = issuers.iter().map(|(name, lines)| {
            format!("issuer {name} {{ {lines}  audience \"api\"  algorithms ES256 }}\n")
        });
        let text = issuers.collect::<String>() + "allow read { for authenticated }";
        compile(&Sources::from_text("policy.gate", &text)).unwrap().plan
    };
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::of(Verifier::new(Arc::new(of(&[("a", r#"url "https://a.example""#)])), 3));
    assert!(gate.set_keys("a", signer.keys()));
    assert!(!gate.set_keys("b", signer.keys()));
    // By another name it is the same issuer; of another URL, or with its keys elsewhere, it is none that is known.
    let next = gate.next(of(&[
        ("a", r#"url "https://other.example""#),
        ("b", r#"url "https://a.example""#),
        ("c", r#"url "https://c.example"  keys "https://a.example/keys""#),
    ]));
    let verifier = next.verifier();
    let has = ["a", "b", "c"].map(|name| verifier.key_set(verifier.issuer(name).unwrap()).is_some());
    assert_eq!(has, [false, true, false]);
    assert_eq!((verifier.issuer("d"), verifier.tokens_max()), (None, 3));
    drop(verifier);
    let moved = gate.next(of(&[("a", r#"url "https://a.example"  keys "https://b.example/keys""#)]));
    let verifier = moved.verifier();
    assert!(verifier.key_set(verifier.issuer("a").unwrap()).is_none());
    assert_eq!(verifier.key_set(gatelaw::policy::IssuerId(1)), None);
}

#[test]
fn a_bound_token_needs_its_certificate_each_time() {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(plan("ES256"));
    assert!(gate.set_keys("a", signer.keys()));
    let (ours, theirs) = ("11".repeat(32), "22".repeat(32));
    let thumbprint = gatelaw::base64url::encode(&[0x11; 32]);
    let claims = claims("u").replacen('{', &format!(r#"{{"cnf":{{"x5t#S256":"{thumbprint}"}},"#), 1);
    let value = format!("Bearer {}", signer.token(&claims));
    let headers: [(&[u8], &[u8]); 1] = [(b"authorization", value.as_bytes())];
    for (certificate, expected) in [
        (Fact::Absent, 401),
        (Fact::Present(theirs.as_str()), 401),
        (Fact::Present(ours.as_str()), 200),
        (Fact::Present(theirs.as_str()), 401),
        (Fact::Absent, 401),
        (Fact::Present(ours.as_str()), 200),
    ] {
        let facts = Facts { client_cert: certificate, ..Facts::default() };
        let raw = RawRequest {
            headers: &headers,
            facts,
            now: NOW,
            ..RawRequest::new(b"GET", b"a.example", b"/orders/1")
        };
        assert_eq!(gate.decide(&raw).status(), expected, "{certificate:?}");
    }
}

#[test]
fn threads_share_keys_and_what_was_verified() {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(plan("ES256"));
    assert!(gate.set_keys("a", signer.keys()));
    let tokens: Vec<String> = (0..8).map(|n| signer.token(&claims(&format!("u{n}")))).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (mut gate, tokens) = (gate.share(), &tokens);
            scope.spawn(move || {
                for token in tokens.iter().cycle().take(100) {
                    assert_eq!(decide(&mut gate, token, NOW, &mut || None).0, 200);
                }
            });
        }
    });
    for token in &tokens {
        let step = gate.verifier().begin(bearer(token), None, NOW);
        assert!(matches!(step, Step::Decided(Who::Verified(_))));
    }
}

#[test]
fn a_line_may_bring_a_token() {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(plan("ES256"));
    assert!(gate.set_keys("a", signer.keys()));
    let (good, bad) = (signer.token(&claims("u")), signer.token(&claims("")));
    let identity = |text: &str| format!(r#""identity":{text}"#);
    let header = |token: &str| format!(r#""headers":[["authorization","Bearer {token}"]]"#);
    let table = [
        (identity(&format!(r#"{{"token":"{good}"}}"#)), Effect::Allow, 200),
        (identity(&format!(r#"{{"token":"{bad}"}}"#)), Effect::Deny, 401),
        (identity(r#"{"token":""}"#), Effect::Deny, 401),
        (identity(r#"{"issuer":"a","claims":{"sub":"u"}}"#), Effect::Allow, 200),
        (identity(r#"{"invalid":"expired"}"#), Effect::Deny, 401),
        (identity(r#"{"unavailable":"a"}"#), Effect::Deny, 503),
        (header(&good), Effect::Allow, 200),
        (header(&bad), Effect::Deny, 401),
    ];
    for (member, effect, status) in table {
        let line = format!(
            r#"{{"method":"GET","scheme":"https","host":"a.example","target":"/orders/1","now":{NOW},{member}}}"#
        );
        let request = RequestLine::parse(&line, None).unwrap();
        let outcome = gate.decide_text(&request);
        assert_eq!((outcome.effect(), outcome.status()), (effect, status), "{member}");
    }
}

#[test]
fn requests_that_come_while_keys_are_fetched_wait_for_that_one_fetch() {
    let signer = Signer::new(Algorithm::Es256);
    let gate = Gate::new(plan("ES256"));
    let token = signer.token(&claims("u"));
    let fetches = AtomicUsize::new(0);
    let together = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            let mut gate = gate.share();
            let (together, fetches, token, signer) = (&together, &fetches, &token, &signer);
            scope.spawn(move || {
                together.wait();
                let answer = decide(&mut gate, token, NOW, &mut || {
                    fetches.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(200));
                    Some(Fetched { keys: signer.keys(), max_age_s: None })
                });
                assert_eq!(answer, (200, "rule".to_owned()));
            });
        }
    });
    assert_eq!(fetches.into_inner(), 1);
}

#[test]
fn stale_keys_are_fetched_beside_requests() {
    let signer = Signer::new(Algorithm::Es256);
    let gate = Gate::new(plan("ES256"));
    gate.fetch_stale(NOW, &mut |_| panic!("keys that were never had are not stale"));
    let mut fetches = 0;
    for (now, expected) in [(NOW, 1), (NOW + 599, 1), (NOW + 600, 2), (NOW + 601, 2)] {
        gate.fetch_due(now, &mut |_| {
            fetches += 1;
            Ok(Fetched { keys: signer.keys(), max_age_s: Some(600) })
        });
        assert_eq!(fetches, expected, "at {now}");
    }
    assert_eq!(gate.stale(NOW + 1_199), []);
    gate.fetch_stale(NOW + 1_200, &mut |_| {
        fetches += 1;
        Ok(Fetched { keys: signer.keys(), max_age_s: Some(600) })
    });
    assert_eq!((fetches, gate.stale(NOW + 1_201)), (3, Vec::new()));
}

#[test]
fn what_takes_no_signature_and_no_keys_is_decided_at_once() {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(plan("ES256"));
    let token = signer.token(&claims("u"));
    let line = |identity: &str| {
        format!(
            r#"{{"method":"GET","scheme":"https","host":"a.example","target":"/orders/1","now":{NOW}{identity}}}"#
        )
    };
    let status = |gate: &mut Gate, identity: &str| {
        let line = line(identity);
        let request = RequestLine::parse(&line, None).unwrap();
        gate.decide_text_at_once(&request).map(gatelaw::Outcome::status)
    };
    let with_token = format!(r#","identity":{{"token":"{token}"}}"#);
    assert_eq!(status(&mut gate, ""), Some(401), "nobody asks");
    assert_eq!(status(&mut gate, r#","identity":{"issuer":"a","claims":{"sub":"u"}}"#), Some(200));
    assert_eq!(status(&mut gate, r#","identity":{"token":"x"}"#), Some(401), "no token at all");
    assert_eq!(status(&mut gate, &with_token), None, "keys are missing");
    gate.set_keys("a", signer.keys());
    assert_eq!(status(&mut gate, &with_token), None, "the signature has to be verified");
    let line = line(&with_token);
    let request = RequestLine::parse(&line, None).unwrap();
    assert_eq!(gate.decide_text(&request).status(), 200);
    assert_eq!(status(&mut gate, &with_token), Some(200), "it is remembered");
    let caller = gate.caller(&request, None);
    assert!(
        matches!(caller.caller(), gatelaw::Caller::Prepared(prepared) if prepared.identity().id() == "u")
    );
}
