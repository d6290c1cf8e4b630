//! What is counted of tokens and keys: each answer once, and the clocks and endpoints that are to blame.

use gatelaw::limits::{CLOCK_SKEW_SUSPECTED_S_MAX, KEYS_COOL_DOWN_S};
use gatelaw::request::{Token, TokenSource};
use gatelaw::{RawRequest, Sources, compile};
use gatelaw_host::keys::{Algorithm, KeyFailure, KeySet};
use gatelaw_host::token::TokenCode;
use gatelaw_host::{
    ClockSkew, Counters, Fetched, Gate, IssuerCounters, KeyFailures, KeyFetchCounters, Step, Suspicions, Who,
};

use crate::checks::NOW;
use crate::signer::Signer;

const POLICY: &str = r#"
issuer a { url "https://a.example"  audience "api"  algorithms EdDSA  leeway 30s }
issuer b { url "https://b.example"  audience "api"  algorithms EdDSA }
allow any-signed { for authenticated }
"#;

const PAGE: &str = include_str!("../../../../docs/metrics.md");
const TEXT: &str = include_str!("../data/counters.prom");

struct Scene {
    gate: Gate,
    signer: Signer,
}

impl Scene {
    /// A gate with the keys of `b`, and none of `a`.
    fn new() -> Self {
        let mut gate = Gate::new(compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan);
        let signer = Signer::new(Algorithm::EdDsa);
        assert!(gate.set_keys("b", signer.keys()));
        Self { gate, signer }
    }

    /// A token of `issuer` that was issued at NOW and lives for a minute.
    fn token(&self, issuer: &str) -> String {
        self.signer.token(&claims(issuer, 60, "u"))
    }

    fn ask(&mut self, token: &str, now: i64, fetched: Option<Result<KeySet, KeyFailure>>) -> String {
        let value = format!("Bearer {token}");
        let headers: [(&[u8], &[u8]); 1] = [(b"authorization", value.as_bytes())];
        let raw = RawRequest { headers: &headers, now, ..RawRequest::new(b"GET", b"a.example", b"/") };
        match fetched {
            None => self.gate.decide(&raw),
            Some(fetched) => self.gate.decide_fetching(&raw, &mut |_| {
                fetched.clone().map(|keys| Fetched { keys, max_age_s: Some(300) })
            }),
        };
        self.gate.session().to_decision().reason.to_string()
    }

    fn counted(&self, issuer: &str) -> IssuerCounters {
        self.gate.counters().issuer(issuer).unwrap().clone()
    }
}

fn claims(issuer: &str, lives_s: i64, subject: &str) -> String {
    let exp = NOW + lives_s;
    format!(r#"{{"iss":"https://{issuer}.example","aud":"api","iat":{NOW},"exp":{exp},"sub":"{subject}"}}"#)
}

/// Answers how many answers there are in counters.
pub(crate) fn answers(counters: &Counters) -> u64 {
    let of = |issuer: &IssuerCounters| issuer.accepted() + issuer.refused.total() + issuer.keys_unavailable;
    counters.refused.total() + counters.issuers.iter().map(of).sum::<u64>()
}

#[test]
fn f10_a_clock_that_is_two_minutes_off_is_suspected() {
    let none = Suspicions::default();
    let (accepted, refused) =
        (Suspicions { accepted: 1, refused: 0 }, Suspicions { accepted: 0, refused: 1 });
    // (from the issuer's clock to the gate's, what becomes of a token that was issued just now and lives a minute, behind, ahead)
    for (skew_s, reason, behind, ahead) in [
        (-331, "token:not_yet_valid", none, none),
        (-330, "token:not_yet_valid", refused, none),
        (-120, "token:not_yet_valid", refused, none),
        (-31, "token:not_yet_valid", refused, none),
        (-30, "rule", accepted, none),
        (-1, "rule", accepted, none),
        (0, "rule", none, none),
        (59, "rule", none, none),
        (60, "rule", none, accepted),
        (89, "rule", none, accepted),
        (90, "token:expired", none, refused),
        (120, "token:expired", none, refused),
        (389, "token:expired", none, refused),
        (390, "token:expired", none, none),
    ] {
        let mut scene = Scene::new();
        assert!(scene.gate.set_keys("a", scene.signer.keys()));
        let token = scene.token("a");
        let twice = |once: Suspicions| Suspicions { accepted: once.accepted * 2, refused: once.refused * 2 };
        assert_eq!(scene.ask(&token, NOW + skew_s, None), reason, "{skew_s}");
        assert_eq!(scene.counted("a").clock_skew_suspected, ClockSkew { behind, ahead }, "{skew_s}");
        // What is remembered is judged by the same clock.
        assert_eq!(scene.ask(&token, NOW + skew_s, None), reason, "{skew_s}");
        let counted = scene.counted("a");
        assert_eq!(
            counted.clock_skew_suspected,
            ClockSkew { behind: twice(behind), ahead: twice(ahead) },
            "{skew_s}"
        );
        assert_eq!(counted.remembered, u64::from(reason == "rule"), "{skew_s}");
        assert_eq!(answers(&scene.gate.counters()), 2, "{skew_s}");
    }
    assert_eq!(CLOCK_SKEW_SUSPECTED_S_MAX, 300);
}

#[test]
fn without_leeway_no_accepted_token_is_suspect() {
    let mut scene = Scene::new();
    for (skew_s, reason) in [(-120, "token:not_yet_valid"), (0, "rule"), (59, "rule"), (120, "token:expired")]
    {
        let token = scene.token("b");
        assert_eq!(scene.ask(&token, NOW + skew_s, None), reason);
    }
    let once = Suspicions { accepted: 0, refused: 1 };
    assert_eq!(scene.counted("b").clock_skew_suspected, ClockSkew { behind: once, ahead: once });
}

#[test]
fn a_request_that_waits_for_keys_counts_by_its_answer_alone() {
    let mut scene = Scene::new();
    let (token, keys) = (scene.token("a"), scene.signer.keys());
    assert_eq!(scene.ask(&token, NOW, None), "keys_unavailable", "nobody fetches");
    assert_eq!(scene.ask(&token, NOW, Some(Err(KeyFailure::Fetch))), "keys_unavailable");
    assert_eq!(scene.ask(&token, NOW, Some(Ok(keys.clone()))), "keys_unavailable", "it cools down");
    let counted = scene.counted("a");
    assert_eq!((counted.keys_unavailable, counted.key_fetches.begun), (3, 1));
    assert_eq!(scene.ask(&token, NOW + KEYS_COOL_DOWN_S, Some(Ok(keys))), "rule");
    let counted = scene.counted("a");
    assert_eq!((counted.keys_unavailable, counted.verified, counted.refused.total()), (3, 1, 0));
    assert_eq!(counted.key_fetches.succeeded, 1);
    // The same of a key that its issuer doesn't have.
    let payload = claims("a", 3_600, "u");
    let unknown = scene.signer.token_of(r#"{"alg":"EdDSA","kid":"next"}"#, payload.as_bytes());
    assert_eq!(scene.ask(&unknown, NOW + 60, None), "token:key");
    assert_eq!(scene.counted("a").refused.of(TokenCode::Key), 1);
    assert_eq!(scene.ask(&unknown, NOW + 60, Some(Err(KeyFailure::Keys))), "token:key");
    let counted = scene.counted("a");
    assert_eq!((counted.refused.of(TokenCode::Key), counted.refused.total()), (2, 2));
    assert_eq!(answers(&scene.gate.counters()), 6);
}

#[test]
fn fetches_count_by_what_failed_of_them() {
    let mut scene = Scene::new();
    let token = scene.signer.token(&claims("a", 3_600, "u"));
    let ends = [
        Err(KeyFailure::Fetch),
        Err(KeyFailure::Discovery),
        Err(KeyFailure::Keys),
        // A set without keys is none.
        Ok(KeySet::default()),
        Ok(scene.signer.keys()),
    ];
    for (at, end) in (0..).zip(ends) {
        scene.ask(&token, NOW + at * KEYS_COOL_DOWN_S, Some(end));
    }
    let failed = KeyFailures { fetch: 1, discovery: 1, keys: 2 };
    assert_eq!(scene.counted("a").key_fetches, KeyFetchCounters { begun: 5, succeeded: 1, failed });
    // What nobody began doesn't end.
    let issuer = scene.gate.verifier().issuer("a").unwrap();
    scene.gate.verifier().failed(issuer, KeyFailure::Fetch, NOW);
    assert_eq!(scene.counted("a").key_fetches.failed, failed);
}

#[test]
fn stale_keys_in_use_are_seen() {
    let mut scene = Scene::new();
    let [one, other] = ["one", "other"].map(|subject| scene.signer.token(&claims("a", 3_600, subject)));
    let keys = scene.signer.keys();
    assert_eq!(scene.ask(&one, NOW, Some(Ok(keys.clone()))), "rule");
    assert_eq!(scene.ask(&one, NOW + 299, None), "rule");
    assert_eq!(scene.counted("a").by_stale_keys, 0);
    assert_eq!(scene.ask(&one, NOW + 300, None), "rule", "remembered");
    assert_eq!(scene.ask(&other, NOW + 300, None), "rule", "verified");
    let counted = scene.counted("a");
    assert_eq!((counted.by_stale_keys, counted.remembered, counted.verified), (2, 2, 2));
    scene.gate.fetch_due(NOW + 301, &mut |_| Ok(Fetched { keys: keys.clone(), max_age_s: None }));
    assert_eq!(scene.ask(&one, NOW + 301, None), "rule");
    assert_eq!(scene.counted("a").by_stale_keys, 2);
    // The host's own keys are as good as the host says.
    let of_b = scene.token("b");
    assert_eq!(scene.ask(&of_b, NOW, None), "rule");
    assert_eq!(scene.counted("b").by_stale_keys, 0);
}

#[test]
fn a_signature_counts_once_it_is_judged() {
    let scene = Scene::new();
    let text = scene.token("b");
    let token = Token { source: TokenSource::Authorization, value: &text };
    let mut verifier = scene.gate.verifier();
    let pending = |verifier: &mut gatelaw_host::Verifier<_>| match verifier.begin(token, None, NOW) {
        Step::NeedsSignature(pending) => *pending,
        other => panic!("{other:?}"),
    };
    let first = pending(&mut verifier);
    assert_eq!(answers(verifier.counters()), 0);
    assert!(matches!(verifier.settle(first, false), Who::Invalid(TokenCode::Signature)));
    let second = pending(&mut verifier);
    let issuer = verifier.issuer("b").unwrap();
    verifier.set_keys(issuer, KeySet::default());
    assert!(matches!(verifier.settle(second, true), Who::Invalid(TokenCode::Key)));
    let counted = verifier.counters().issuer("b").unwrap();
    assert_eq!([TokenCode::Signature, TokenCode::Key].map(|code| counted.refused.of(code)), [1, 1]);
    assert_eq!(answers(verifier.counters()), 2);
}

#[test]
fn the_next_policy_goes_on_counting() {
    let mut scene = Scene::new();
    let token = scene.token("b");
    for token in [&token, "x", &token] {
        scene.ask(token, NOW, None);
    }
    let text = POLICY.replace("issuer a", "issuer other").replace("a.example", "other.example");
    let plan = compile(&Sources::from_text("policy.gate", &text)).unwrap().plan;
    scene.gate = scene.gate.next(plan);
    assert_eq!(scene.ask(&token, NOW, None), "rule");
    let counters = scene.gate.counters();
    let counted = counters.issuer("b").unwrap();
    assert_eq!((counted.verified, counted.remembered, counters.refused.total()), (2, 1, 1));
    assert_eq!(
        counters.issuers.iter().map(|issuer| issuer.name.as_str()).collect::<Vec<_>>(),
        ["b", "other"]
    );
    // All threads of a gate count together.
    let mut share = Scene { gate: scene.gate.share(), signer: Signer::new(Algorithm::EdDsa) };
    share.ask("x", NOW, None);
    assert_eq!(scene.gate.counters().refused.of(TokenCode::Format), 2);
}

#[test]
fn counters_are_written_for_prometheus_and_as_json() {
    let mut scene = Scene::new();
    let (of_a, of_b, keys) = (scene.token("a"), scene.token("b"), scene.signer.keys());
    scene.ask(&of_a, NOW, None);
    scene.ask(&of_a, NOW, Some(Err(KeyFailure::Discovery)));
    scene.ask(&of_a, NOW + 89, Some(Ok(keys)));
    scene.ask(&of_a, NOW + 120, None);
    for token in [&of_b, &of_b, &of_b, "x.y", ""] {
        scene.ask(token, NOW, None);
    }
    let counters = scene.gate.counters();
    assert_eq!(counters.to_prometheus(), TEXT);
    let line = counters.to_line();
    assert!(
        line.starts_with(r#"{"v":1,"refused":{"token:size":0,"token:format":2,"token:header":0,"#),
        "{line}"
    );
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["issuers"]["b"]["remembered"], 2);
    assert_eq!(read["issuers"]["a"]["refused"]["token:expired"], 1);
    assert_eq!(
        read["issuers"]["a"]["clock_skew_suspected"]["ahead"],
        serde_json::json!({"accepted":1,"refused":1})
    );
    assert_eq!(
        read["issuers"]["a"]["key_fetches"],
        serde_json::json!({"begun":2,"succeeded":1,"failed":{"fetch":0,"discovery":1,"keys":0}})
    );
}

/// An artifact that no compiler made can name an issuer as it likes; one that reads this text must not be led astray.
#[test]
fn a_label_ends_where_it_ends() {
    let mut counters = Scene::new().gate.counters();
    counters.issuers.truncate(1);
    counters.issuers[0].name = "a\"} 1\n\\".to_owned();
    let text = counters.to_prometheus();
    assert!(text.contains("gatelaw_tokens_remembered_total{issuer=\"a\\\"} 1\\n\\\\\"} 0\n"), "{text}");
    assert!(text.lines().all(|line| line.starts_with('#') || line.ends_with("} 0")), "{text}");
}

#[test]
fn counters_stay_at_the_largest_number() {
    let mut counted = IssuerCounters { verified: u64::MAX, remembered: 1, ..IssuerCounters::default() };
    assert_eq!(counted.accepted(), u64::MAX);
    counted.name.push('a');
    let counters = Counters { issuers: vec![counted], ..Scene::new().gate.counters() };
    assert!(counters.to_prometheus().contains("{issuer=\"a\",result=\"accepted\"} 18446744073709551615\n"));
}

#[test]
fn the_page_names_what_is_written() {
    let names = TEXT.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"));
    for name in names {
        assert!(PAGE.contains(&format!("\n| `{name}` |")), "{name}");
    }
    let outcomes = TEXT.split("outcome=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    for (outcome, _) in outcomes {
        assert!(PAGE.contains(&format!("`{outcome}`")), "{outcome}");
    }
}
