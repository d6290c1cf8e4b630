//! Endpoints of keys that fail, are slow, flooded or serve other keys, and clocks that jump meanwhile: scripted, without waiting.

use gatelaw::base64url::encode;
use gatelaw::limits::{KEYS_COOL_DOWN_S, KEYS_FRESH_S_DEFAULT};
use gatelaw::policy::IssuerId;
use gatelaw::request::{Token, TokenSource};
use gatelaw::{Plan, Sources, compile};
use gatelaw_host::keys::{Algorithm, DiscoveryError, KeyFailure, KeySet, KeySource, Wanted};
use gatelaw_host::token::TokenCode;
use gatelaw_host::{KeyFailures, KeyFetchCounters, Step, Verifier, Who};

use crate::checks::NOW;
use crate::signer::Signer;

const POLICY: &str = r#"
issuer a { url "https://a.example"  audience "api"  algorithms EdDSA  leeway 30s  max_age 24h }
allow any-signed { for authenticated }
"#;

const ISSUER: IssuerId = IssuerId(0);

/// A verifier without keys, and a token that its issuer's key signed: valid for twelve hours.
struct Scene {
    verifier: Verifier<Plan>,
    signer: Signer,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let plan = compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
        let signer = Signer::new(Algorithm::EdDsa);
        let token = signer.token(&claims());
        Self { verifier: Verifier::new(plan, 10), signer, token }
    }

    /// The same, after the first fetch.
    fn with_keys(max_age_s: Option<i64>) -> Self {
        let mut scene = Self::new();
        assert!(scene.verifier.begin_fetch(ISSUER, NOW));
        scene.verifier.fetched(ISSUER, scene.signer.keys(), max_age_s, NOW);
        scene
    }

    fn ask(&mut self, now: i64) -> &'static str {
        let token = self.token.clone();
        self.ask_with(&token, now)
    }

    /// Says what becomes of a token; what only lacks a signature has a valid one.
    fn ask_with(&mut self, token: &str, now: i64) -> &'static str {
        let token = Token { source: TokenSource::Authorization, value: token };
        match self.verifier.begin(token, None, now) {
            Step::NeedsSignature(pending) => named(&self.verifier.settle(*pending, true)),
            Step::Decided(who) => named(&who),
            Step::NeedsKeys(wanted) => match wanted.otherwise {
                Who::KeysUnavailable => "fetch, or keys_unavailable",
                Who::Invalid(_) => "fetch, or key",
                Who::Anonymous | Who::Verified(_) => "fetch",
            },
        }
    }

    fn is_due(&self, now: i64) -> bool {
        self.verifier.due(now).next().is_some()
    }
}

fn named(who: &Who) -> &'static str {
    match who {
        Who::Anonymous => "anonymous",
        Who::Verified(_) => "verified",
        Who::Invalid(code) => code.name(),
        Who::KeysUnavailable => "keys_unavailable",
    }
}

fn claims() -> String {
    claims_at(NOW)
}

fn claims_at(now: i64) -> String {
    let (iat, exp) = (now - 100, now + 43_200);
    format!(r#"{{"iss":"https://a.example","aud":"api","iat":{iat},"exp":{exp},"sub":"u"}}"#)
}

#[test]
fn without_keys_ever_nothing_is_believed_and_the_endpoint_is_asked_again_after_a_while() {
    let mut scene = Scene::new();
    assert!(scene.is_due(NOW));
    assert_eq!(scene.ask(NOW), "fetch, or keys_unavailable");
    assert!(scene.verifier.begin_fetch(ISSUER, NOW));
    scene.verifier.failed(ISSUER, KeyFailure::Fetch, NOW);
    assert_eq!(scene.ask(NOW + 29), "keys_unavailable");
    assert!(!scene.is_due(NOW + 29));
    assert_eq!(scene.ask(NOW + 30), "fetch, or keys_unavailable");
    assert!(scene.is_due(NOW + 30));
}

#[test]
fn keys_are_fresh_as_long_as_their_endpoint_says_within_bounds() {
    for (max_age_s, fresh_s) in
        [(None, 600), (Some(0), 300), (Some(-1), 300), (Some(700), 700), (Some(i64::MAX), 86_400)]
    {
        let scene = Scene::with_keys(max_age_s);
        assert!(!scene.is_due(NOW + fresh_s - 1), "{max_age_s:?}");
        assert!(scene.is_due(NOW + fresh_s), "{max_age_s:?}");
    }
}

#[test]
fn stale_keys_serve_while_their_endpoint_is_down() {
    let mut scene = Scene::with_keys(None);
    for now in (NOW + 600..NOW + 40_000).step_by(30) {
        assert!(scene.is_due(now));
        assert!(scene.verifier.begin_fetch(ISSUER, now));
        assert_eq!(scene.ask(now), "verified");
        scene.verifier.failed(ISSUER, KeyFailure::Fetch, now);
        assert!(!scene.is_due(now));
    }
}

/// There is no age at which good keys are given up: then whoever can keep an endpoint down could lock everybody out.
#[test]
fn stale_keys_serve_for_a_month_new_tokens_too() {
    let mut scene = Scene::with_keys(Some(300));
    for day in 1..=30 {
        let now = NOW + day * 86_400;
        assert!(scene.verifier.begin_fetch(ISSUER, now), "day {day}");
        scene.verifier.failed(ISSUER, KeyFailure::Fetch, now);
        let token = scene.signer.token(&claims_at(now));
        assert_eq!(scene.ask_with(&token, now), "verified", "day {day}");
        assert_eq!(scene.ask(now), "expired", "day {day}");
    }
    // Once it is up again, what it says counts.
    let now = NOW + 31 * 86_400;
    assert!(scene.verifier.begin_fetch(ISSUER, now));
    scene.verifier.fetched(ISSUER, Signer::new(Algorithm::Es256).keys(), None, now);
    let token = scene.signer.token(&claims_at(now));
    assert_eq!(scene.ask_with(&token, now), "key");
}

#[test]
fn an_answer_that_is_no_key_set_leaves_the_keys_that_were_had() {
    let mut scene = Scene::with_keys(None);
    let large = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(5 << 20));
    let answers = [("<html>", "keys:json"), ("", "keys:json"), ("{}", "keys:member"), (&large, "keys:size")];
    for (at, (answer, code)) in (1..).zip(answers) {
        let now = NOW + at * 600;
        assert!(scene.verifier.begin_fetch(ISSUER, now));
        let refused = KeySet::parse(answer.as_bytes()).unwrap_err();
        assert_eq!(refused.code.name(), code);
        scene.verifier.failed(ISSUER, KeyFailure::Fetch, now);
        assert_eq!(scene.ask(now), "verified");
        // It is asked again after a while, not at once.
        assert!(!scene.is_due(now + 29) && scene.is_due(now + 30));
    }
}

/// Hosts refuse redirects; what a document itself could redirect to is refused here.
#[test]
fn a_discovery_document_leads_to_https_alone() {
    let plan = compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
    let mut source = KeySource::of(&plan.identity_model().issuers[0]);
    for elsewhere in [
        "http://169.254.169.254/latest/meta-data",
        "http://a.example/keys",
        "http://localhost/keys",
        "ftp://a.example/keys",
        "https://user:secret@a.example/keys",
        "https://a.example/keys#x",
        "//169.254.169.254/keys",
        "/keys",
        "",
    ] {
        let document = format!(r#"{{"issuer":"https://a.example","jwks_uri":"{elsewhere}"}}"#);
        assert_eq!(source.discovered(document.as_bytes(), NOW), Err(DiscoveryError::Keys), "{elsewhere}");
        assert!(matches!(source.wanted(NOW), Wanted::Discovery(_)), "{elsewhere}");
    }
}

#[test]
fn clocks_two_minutes_apart_are_more_than_leeway() {
    // (from the issuer's clock to the gate's, what becomes of a token that was issued just now and lives a minute)
    for (skew, expected) in [
        (-120, "not_yet_valid"),
        (-31, "not_yet_valid"),
        (-30, "verified"),
        (0, "verified"),
        (60, "verified"),
        (89, "verified"),
        (90, "expired"),
        (120, "expired"),
    ] {
        let mut scene = Scene::with_keys(None);
        let (iat, exp) = (NOW, NOW + 60);
        let token = scene.signer.token(&format!(
            r#"{{"iss":"https://a.example","aud":"api","iat":{iat},"exp":{exp},"sub":"u"}}"#
        ));
        // Twice: what is remembered is judged by the same clock.
        for _ in 0..2 {
            assert_eq!(scene.ask_with(&token, NOW + skew), expected, "{skew}");
        }
    }
    let more = POLICY.replace("leeway 30s", "leeway 2m");
    assert!(compile(&Sources::from_text("policy.gate", &more)).is_err(), "no policy can ask for more");
}

#[test]
fn a_token_that_expired_is_remembered_no_more_once_the_clock_was_right() {
    let mut scene = Scene::with_keys(None);
    assert_eq!(scene.ask(NOW), "verified");
    // The clock jumps an hour back, before the token was issued, and forth behind its end.
    for (now, expected) in [
        (NOW - 3_600, "not_yet_valid"),
        (NOW, "verified"),
        (NOW + 43_230, "expired"),
        (NOW + 43_229, "verified"),
        (NOW + 90_000, "expired"),
    ] {
        assert_eq!(scene.ask(now), expected, "{now}");
    }
}

#[test]
fn a_clock_that_jumps_while_keys_are_fetched_makes_them_stale_at_most() {
    for (ends_at, then) in [(NOW - 3_600, NOW), (NOW + 3_600, NOW + 10), (NOW + 86_400, NOW)] {
        let mut scene = Scene::new();
        assert!(scene.verifier.begin_fetch(ISSUER, NOW));
        scene.verifier.fetched(ISSUER, scene.signer.keys(), Some(600), ends_at);
        assert_eq!(scene.ask(then), "verified", "ended at {ends_at}");
        // Nobody waits for them until the clock says again what it said.
        assert!(scene.is_due(then) && scene.verifier.begin_fetch(ISSUER, then), "ended at {ends_at}");
        scene.verifier.fetched(ISSUER, scene.signer.keys(), Some(600), then);
        assert!(!scene.is_due(then + 599) && scene.is_due(then + 600), "ended at {ends_at}");
    }
}

#[test]
fn a_token_goes_with_its_key() {
    // Another key of the same id is another key.
    let mut scene = Scene::with_keys(None);
    assert_eq!(scene.ask(NOW), "verified");
    let now = NOW + 600;
    assert!(scene.verifier.begin_fetch(ISSUER, now));
    scene.verifier.fetched(ISSUER, Signer::new(Algorithm::EdDsa).keys(), None, now);
    let token = Token { source: TokenSource::Authorization, value: &scene.token };
    assert!(matches!(scene.verifier.begin(token, None, now), Step::NeedsSignature(_)));

    let mut scene = Scene::with_keys(None);
    assert_eq!(scene.ask(NOW), "verified");
    assert!(scene.verifier.begin_fetch(ISSUER, now));
    scene.verifier.fetched(ISSUER, Signer::new(Algorithm::Es256).keys(), None, now);
    assert_eq!(scene.ask(now), "key");
    assert_eq!(scene.ask(now + 30), "fetch, or key");
}

#[test]
fn ten_thousand_unknown_keys_a_second_cost_one_fetch_per_cool_down() {
    let mut scene = Scene::with_keys(None);
    assert_eq!(scene.ask(NOW), "verified");
    let payload = encode(claims().as_bytes());
    let mut fetches = Vec::new();
    for second in [0, 29, 30, 59, 60] {
        let now = NOW + second;
        for kid in 0..10_000 {
            let header = encode(format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#).as_bytes());
            let token = format!("{header}.{payload}.{}", "A".repeat(86));
            if scene.ask_with(&token, now) == "fetch, or key" && scene.verifier.begin_fetch(ISSUER, now) {
                fetches.push(second);
                scene.verifier.fetched(ISSUER, scene.signer.keys(), None, now);
            }
        }
        // What was verified is remembered all the while: its signature isn't asked for.
        let token = Token { source: TokenSource::Authorization, value: &scene.token };
        assert!(matches!(scene.verifier.begin(token, None, now), Step::Decided(Who::Verified(_))));
    }
    assert_eq!(fetches, [30, 60]);
    let counted = scene.verifier.counters().issuer("a").unwrap();
    let KeyFetchCounters { begun, succeeded, failed } = counted.key_fetches;
    assert_eq!(
        (begun, succeeded, failed),
        (3, 3, KeyFailures::default()),
        "the first one, and one per cool-down"
    );
    // Those that began a fetch were asked again by nobody.
    assert_eq!(counted.refused.of(TokenCode::Key), 50_000 - 2);
}

#[test]
fn of_a_thousand_callers_one_fetches_and_a_fetch_without_an_end_gives_way() {
    let mut scene = Scene::with_keys(None);
    let stale = NOW + 600;
    let begun =
        |scene: &mut Scene, now| (0..1_000).filter(|_| scene.verifier.begin_fetch(ISSUER, now)).count();
    assert_eq!(begun(&mut scene, stale), 1);
    assert_eq!(begun(&mut scene, stale + 9), 0);
    assert_eq!(scene.ask(stale + 9), "verified");
    assert_eq!(begun(&mut scene, stale + 10), 1);
}

#[test]
fn clocks_that_jump_let_no_keys_live_for_ever() {
    for jump in [-3_600, -1, 86_400, i64::MIN, i64::MAX] {
        let mut scene = Scene::with_keys(Some(i64::MAX));
        let now = NOW.saturating_add(jump);
        assert!(scene.is_due(now), "{jump}");
        assert!(scene.verifier.begin_fetch(ISSUER, now), "{jump}");
        assert!(!scene.verifier.begin_fetch(ISSUER, now), "{jump}");
        scene.verifier.failed(ISSUER, KeyFailure::Fetch, now);
        assert!(!scene.is_due(now), "{jump}");
    }
}

#[test]
fn f04_a_fetched_set_without_keys_is_none() {
    let mut scene = Scene::with_keys(None);
    // The token is valid for half a day, the keys are fresh for ten minutes.
    let later = NOW + KEYS_FRESH_S_DEFAULT;
    assert!(scene.verifier.begin_fetch(ISSUER, later));
    assert!(!scene.verifier.fetched(ISSUER, KeySet::default(), None, later));
    assert_eq!(scene.ask(later), "verified", "by the keys that were there");
    assert!(!scene.verifier.begin_fetch(ISSUER, later), "it counts as a fetch that failed");
    assert_eq!(
        scene.verifier.due(later + KEYS_COOL_DOWN_S).count(),
        1,
        "and what is there is as old as before"
    );
}

#[test]
fn keys_of_a_file_are_never_fetched() {
    let mut scene = Scene::new();
    scene.verifier.set_keys(ISSUER, scene.signer.keys());
    for now in [i64::MIN, NOW, NOW + 40_000, i64::MAX] {
        assert!(!scene.is_due(now));
        assert!(!scene.verifier.begin_fetch(ISSUER, now));
    }
    assert_eq!(scene.ask(NOW), "verified");
    scene.verifier.set_keys(ISSUER, KeySet::default());
    assert_eq!(scene.ask(NOW), "key");
}
