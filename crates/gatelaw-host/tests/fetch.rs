//! What goes wrong with keys and clocks, at an endpoint on this machine: down, slow, huge, hostile, redirecting, rotating.
//!
//! Each test names the fault. Token and keys are of one Ed25519 key for tests, made once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gatelaw::limits::{KEY_SET_BYTES_MAX, KEYS_COOL_DOWN_S, KEYS_FRESH_S_MAX};
use gatelaw::policy::Issuer;
use gatelaw::request::{Token, TokenSource};
use gatelaw::{Plan, Sources, compile};
use gatelaw_host::keys::{DiscoveryError, KeyFailure};
use gatelaw_host::{FetchError, Fetcher};
use gatelaw_host::{Step, Verifier, Who, is_signature_valid};

/// The token was issued a minute before, and expires nine minutes after.
const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://acme.okta.com/oauth2/default";
const KEYS: &str = include_str!("fetch/keys.json");
const GOOD: &str = include_str!("fetch/good.jwt");
const UNKNOWN_KID: &str = include_str!("fetch/unknown_kid.jwt");
const OTHER_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k9","alg":"EdDSA","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// What the endpoint answers, and after how long.
#[derive(Clone)]
struct Script {
    answer: Vec<u8>,
    wait: Duration,
    /// How long it waits after each byte.
    pause: Duration,
}

/// An endpoint on this machine that answers every request by its script.
struct Endpoint {
    url: String,
    script: Arc<Mutex<Script>>,
    asked: Arc<AtomicUsize>,
}

impl Endpoint {
    fn new(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script {
            answer: answer.into(),
            wait: Duration::ZERO,
            pause: Duration::ZERO,
        }));
        let asked = Arc::new(AtomicUsize::new(0));
        let (scripted, counted) = (Arc::clone(&script), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                let script = scripted.lock().unwrap().clone();
                thread::spawn(move || answer_with(stream, &script));
            }
        });
        Self { url, script, asked }
    }

    fn answers(&self, answer: impl Into<Vec<u8>>) {
        self.script.lock().unwrap().answer = answer.into();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer_with(mut stream: TcpStream, script: &Script) {
    let mut request = [0; 2_048];
    let _ = stream.read(&mut request);
    thread::sleep(script.wait);
    // A client that hangs up early does what it should.
    if script.pause.is_zero() {
        let _ = stream.write_all(&script.answer);
        return;
    }
    for byte in &script.answer {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        thread::sleep(script.pause);
    }
}

fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

fn plan(issuer: &str, keys: &str) -> Plan {
    let text = include_str!("fetch/policy.gate")
        .replace(&format!("\"{ISSUER}\""), &format!("\"{issuer}\"\n  {keys}"));
    let compiled = compile(&Sources::from_text("policy.gate", &text));
    compiled.unwrap_or_else(|errors| panic!("{errors:?}")).plan
}

/// The provider's policy, with its keys at an endpoint.
fn plan_at(endpoint: &Endpoint) -> Plan {
    plan(ISSUER, &format!("keys \"{}/keys\"", endpoint.url))
}

fn issuer(plan: &Plan) -> &Issuer {
    &plan.identity_model().issuers[0]
}

fn fetcher() -> Fetcher {
    Fetcher::new(Duration::from_millis(500)).allow_loopback()
}

/// A host in small: it fetches where keys are wanted, and waits for them.
struct Host<'p> {
    verifier: Verifier<&'p Plan>,
    fetcher: Fetcher,
    last: Option<FetchError>,
}

impl<'p> Host<'p> {
    fn new(plan: &'p Plan) -> Self {
        Self { verifier: Verifier::new(plan, 100), fetcher: fetcher(), last: None }
    }

    fn refresh(&mut self, now: i64) {
        let due: Vec<_> = self.verifier.due(now).collect();
        for id in due {
            if !self.verifier.begin_fetch(id, now) {
                continue;
            }
            let plan = self.verifier.plan();
            let fetched = self.fetcher.fetch(&plan.identity_model().issuers[id.0 as usize], now);
            match fetched {
                Ok(fetched) => assert!(self.verifier.fetched(id, fetched.keys, fetched.max_age_s, now)),
                Err(error) => {
                    self.verifier.failed(id, KeyFailure::Fetch, now);
                    self.last = Some(error);
                }
            }
        }
    }

    fn ask(&mut self, token: &str, now: i64) -> String {
        let token = Token { source: TokenSource::Authorization, value: token.trim() };
        let mut step = self.verifier.begin(token, None, now);
        if let Step::NeedsKeys(wanted) = &step
            && self.verifier.begin_fetch(wanted.issuer, now)
        {
            let issuer = wanted.issuer;
            let plan = self.verifier.plan();
            match self.fetcher.fetch(&plan.identity_model().issuers[issuer.0 as usize], now) {
                Ok(fetched) => assert!(self.verifier.fetched(issuer, fetched.keys, fetched.max_age_s, now)),
                Err(error) => {
                    self.verifier.failed(issuer, KeyFailure::Fetch, now);
                    self.last = Some(error);
                }
            }
            step = self.verifier.begin(token, None, now);
        }
        let who = match step {
            Step::Decided(who) => who,
            Step::NeedsKeys(wanted) => wanted.otherwise,
            Step::NeedsSignature(pending) => {
                let is_valid = is_signature_valid(&pending);
                self.verifier.settle(*pending, is_valid)
            }
        };
        match who {
            Who::Anonymous => "anonymous".into(),
            Who::Verified(_) => "verified".into(),
            Who::Invalid(code) => code.name().into(),
            Who::KeysUnavailable => "keys_unavailable".into(),
        }
    }
}

#[test]
fn f01_an_endpoint_that_is_down_at_the_start_denies_and_is_asked_again_after_a_while() {
    let endpoint = Endpoint::new(status("503 Service Unavailable"));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    for _ in 0..100 {
        assert_eq!(host.ask(GOOD, NOW), "keys_unavailable");
    }
    assert_eq!((endpoint.asked(), host.last.clone()), (1, Some(FetchError::Status(503))));
    endpoint.answers(ok(KEYS));
    assert_eq!(host.ask(GOOD, NOW + KEYS_COOL_DOWN_S - 1), "keys_unavailable");
    assert_eq!(host.ask(GOOD, NOW + KEYS_COOL_DOWN_S), "verified");
    assert_eq!(endpoint.asked(), 2);
}

#[test]
fn f02_f03_keys_that_are_at_hand_stay_good_while_their_endpoint_is_down() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    let before = NOW - KEYS_FRESH_S_MAX - 1;
    host.refresh(before);
    endpoint.answers(status("500 Internal Server Error"));
    host.refresh(before + 60);
    assert_eq!(endpoint.asked(), 1, "they are fresh");
    // Older than any endpoint may call them fresh: it is asked, and what is at hand stays.
    host.refresh(NOW);
    assert_eq!((endpoint.asked(), host.last.clone()), (2, Some(FetchError::Status(500))));
    assert_eq!(host.ask(GOOD, NOW), "verified");
}

#[test]
fn f04_answers_that_are_no_key_set_leave_the_keys_that_are_at_hand() {
    let huge = " ".repeat(KEY_SET_BYTES_MAX + 1);
    for (answer, code) in [
        (ok(r#"{"keys":[]}"#), "keys:none"),
        (ok("<html><body>502</body></html>"), "keys:json"),
        (ok(&huge), "fetch:size"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n".to_vec(),
            "fetch:unreachable",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"keys\":".to_vec(), "fetch:unreachable"),
        (b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), "fetch:unreachable"),
        (Vec::new(), "fetch:unreachable"),
        (status("204 No Content"), "fetch:status"),
        (status("404 Not Found"), "fetch:status"),
    ] {
        let endpoint = Endpoint::new(ok(KEYS));
        let plan = plan_at(&endpoint);
        let mut host = Host::new(&plan);
        host.refresh(NOW - 3_600);
        endpoint.answers(answer);
        host.refresh(NOW);
        assert_eq!(host.last.as_ref().map(FetchError::code), Some(code), "{:?}", host.last);
        assert_eq!(host.ask(GOOD, NOW), "verified", "{code}");
    }
}

#[test]
fn f04_a_key_set_may_be_as_long_as_the_limit_says() {
    let longest = format!("{KEYS}{}", " ".repeat(KEY_SET_BYTES_MAX - KEYS.len()));
    for chunked in [false, true] {
        let answer = if chunked {
            let length = longest.len();
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{longest}\r\n0\r\n\r\n"
            )
        } else {
            String::from_utf8(ok(&longest)).unwrap()
        };
        let endpoint = Endpoint::new(answer);
        let plan = plan_at(&endpoint);
        assert_eq!(fetcher().fetch(issuer(&plan), NOW).map(|fetched| fetched.keys.keys.len()), Ok(1));
    }
}

#[test]
fn f05_tokens_of_a_key_that_was_taken_away_are_refused() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    host.refresh(NOW - 3_600);
    assert_eq!(host.ask(GOOD, NOW), "verified");
    endpoint.answers(ok(OTHER_KEYS));
    host.refresh(NOW);
    assert_eq!(host.ask(GOOD, NOW), "key", "remembered or not");
}

#[test]
fn f06_a_flood_of_unknown_key_ids_asks_once_in_a_while_and_hurts_nobody() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    host.refresh(NOW);
    for second in 0..=60 {
        for _ in 0..100 {
            assert_eq!(host.ask(UNKNOWN_KID, NOW + second), "key");
        }
        assert_eq!(host.ask(GOOD, NOW + second), "verified");
    }
    assert_eq!(endpoint.asked(), 3, "at the start, and once for each cool-down that ended");
}

#[test]
fn f07_a_thousand_requests_at_once_fetch_once() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let verifier = Mutex::new(Verifier::new(&plan, 0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..125 {
                    let mut held = verifier.lock().unwrap();
                    let id = held.issuer("okta").unwrap();
                    if !held.begin_fetch(id, NOW) {
                        continue;
                    }
                    drop(held);
                    let fetched = fetcher().fetch(issuer(&plan), NOW).unwrap();
                    let mut held = verifier.lock().unwrap();
                    assert!(held.fetched(id, fetched.keys, fetched.max_age_s, NOW));
                }
            });
        }
    });
    assert_eq!(endpoint.asked(), 1);
}

#[test]
fn f08_a_slow_endpoint_is_left_and_the_keys_at_hand_serve() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    host.refresh(NOW - 3_600);
    endpoint.script.lock().unwrap().wait = Duration::from_secs(30);
    let begun = Instant::now();
    host.refresh(NOW);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(host.last, Some(FetchError::Slow));
    assert_eq!(host.ask(GOOD, NOW), "verified");
}

#[test]
fn f08_an_endpoint_that_sends_a_byte_now_and_then_is_left_too() {
    let endpoint = Endpoint::new(ok(KEYS));
    endpoint.script.lock().unwrap().pause = Duration::from_millis(100);
    let plan = plan_at(&endpoint);
    let begun = Instant::now();
    assert_eq!(fetcher().fetch(issuer(&plan), NOW), Err(FetchError::Slow));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn f08_discovery_and_keys_together_have_the_time_of_one_fetch() {
    let keys = Endpoint::new(ok(KEYS));
    let provider = Endpoint::new("");
    let document = format!(r#"{{"issuer":"{}","jwks_uri":"{}/keys"}}"#, provider.url, keys.url);
    provider.answers(ok(&document));
    for endpoint in [&provider, &keys] {
        endpoint.script.lock().unwrap().wait = Duration::from_millis(900);
    }
    let plan = plan(&provider.url, "");
    let fetcher = Fetcher::new(Duration::from_millis(1_500)).allow_loopback();
    assert_eq!(fetcher.fetch(issuer(&plan), NOW), Err(FetchError::Slow));
    assert_eq!((provider.asked(), keys.asked()), (1, 1));
}

#[test]
fn f09_redirects_are_not_followed_and_http_is_for_this_machine() {
    let inside = Endpoint::new(ok(KEYS));
    for code in ["301", "302", "303", "307", "308"] {
        let to = format!("{code} Elsewhere\r\nlocation: {}/keys", inside.url);
        let endpoint = Endpoint::new(status(&to));
        let plan = plan_at(&endpoint);
        assert_eq!(fetcher().fetch(issuer(&plan), NOW), Err(FetchError::Redirect));
    }
    assert_eq!(inside.asked(), 0);
    let plan = plan_at(&inside);
    let strict = Fetcher::default().fetch(issuer(&plan), NOW);
    assert_eq!((strict, inside.asked()), (Err(FetchError::Insecure), 0));
}

#[test]
fn f10_a_clock_that_is_off_by_more_than_the_leeway_refuses() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    assert_eq!(host.ask(GOOD, NOW - 120), "not_yet_valid");
    assert_eq!(host.ask(GOOD, NOW + 540 + 120), "expired");
    assert_eq!(endpoint.asked(), 0, "such a token costs no fetch");
}

#[test]
fn f11_a_clock_that_goes_back_an_hour_revives_nothing_and_keeps_no_keys_for_ever() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    host.refresh(NOW);
    assert_eq!(host.ask(GOOD, NOW), "verified");
    assert_eq!(host.ask(GOOD, NOW + 540), "expired", "though it is remembered");
    assert_eq!(host.ask(GOOD, NOW - 3_600), "not_yet_valid", "though it is remembered");
    host.refresh(NOW - 3_600);
    assert_eq!(endpoint.asked(), 2, "an age below zero is none: the keys are stale");
    host.refresh(NOW - 3_600 + KEYS_FRESH_S_MAX);
    assert_eq!(endpoint.asked(), 3);
}

#[test]
fn f12_a_clock_at_any_end_of_time_denies() {
    let endpoint = Endpoint::new(ok(KEYS));
    let plan = plan_at(&endpoint);
    let mut host = Host::new(&plan);
    for now in [i64::MIN, -1, 0, 2_147_483_648, 4_294_967_296, i64::MAX] {
        let code = host.ask(GOOD, now);
        assert!(matches!(code.as_str(), "not_yet_valid" | "expired"), "{now}: {code}");
        host.refresh(now);
    }
    assert_eq!(host.ask(GOOD, NOW), "verified");
}

#[test]
fn discovery_says_where_keys_are_and_another_issuers_is_refused() {
    let endpoint = Endpoint::new(ok(KEYS));
    let document = |issuer: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{}/keys"}}"#, endpoint.url);
    let provider = Endpoint::new("");
    let plan = plan(&provider.url, "");
    provider.answers(ok(&document(&provider.url)));
    let fetcher = fetcher();
    assert_eq!(fetcher.fetch(issuer(&plan), NOW).unwrap().keys.keys.len(), 1);
    fetcher.fetch(issuer(&plan), NOW).unwrap();
    assert_eq!((provider.asked(), endpoint.asked()), (1, 2), "discovery is remembered");
    // Keys that have moved are looked for anew.
    endpoint.answers(status("410 Gone"));
    assert_eq!(fetcher.fetch(issuer(&plan), NOW), Err(FetchError::Status(410)));
    provider.answers(ok(&document("https://evil.example")));
    let refused = fetcher.fetch(issuer(&plan), NOW);
    assert_eq!(refused, Err(FetchError::Discovery(DiscoveryError::Issuer)));
    assert_eq!((provider.asked(), endpoint.asked()), (2, 3));
}

#[test]
fn freshness_is_what_the_endpoint_says() {
    let with = format!(
        "HTTP/1.1 200 OK\r\ncache-control: public, max-age=900\r\ncontent-length: {}\r\n\r\n{KEYS}",
        KEYS.len()
    );
    let endpoint = Endpoint::new(with);
    let plan = plan_at(&endpoint);
    assert_eq!(fetcher().fetch(issuer(&plan), NOW).unwrap().max_age_s, Some(900));
}

#[test]
fn an_endpoint_that_nobody_listens_at_is_unreachable() {
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let plan = plan(ISSUER, &format!("keys \"{url}/keys?secret=canary\""));
    let error = fetcher().fetch(issuer(&plan), NOW).unwrap_err();
    assert_eq!(error.code(), "fetch:unreachable");
    assert!(!error.to_string().contains("canary"), "{error}");
}
