//! Any bytes that are no artifact are refused; changed ones with digests that fit are refused, or decide safely.
//!
//! `MUTATIONS` says how many changed artifacts are tried, `FIRST` from which seed on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use gatelaw::artifact::{LoadError, load_unsigned};
use gatelaw::decision::Decision;
use gatelaw::testing::Question;
use gatelaw::{Compiled, Effect, Plan, Session};
use gatelaw_conformance::attack::{change, seal};
use gatelaw_conformance::generate::Rng;
use gatelaw_host::{decide_line, explain_line, files};

/// Between them: lists, patterns, captures, time windows, limits, forwards, tokens of agents. With each a request that it allows:
/// a line, so that claims are mapped by what the artifact says of them.
const POLICIES: [(&str, &str); 5] = [
    (
        "authzen-gateway",
        r#"{"method":"GET","scheme":"https","host":"todo.example.com","target":"/todos","headers":[],"ip":"192.0.2.1","now":1767268800,"identity":{"issuer":"citadel","claims":{"sub":"beth","roles":["viewer"]}}}"#,
    ),
    (
        "orders-api",
        r#"{"method":"GET","scheme":"https","host":"api.acme.com","target":"/v1/orders/48213","headers":[["x-tenant","t1"]],"ip":"10.20.3.4","facts":{"country":"DE","bot_score":96},"now":1795000000,"identity":{"issuer":"okta","claims":{"sub":"ann","groups":["Orders Staff"],"org_id":"t1","mfa":true}}}"#,
    ),
    (
        "multi-tenant-saas",
        r#"{"method":"GET","scheme":"https","host":"acme.app.example.com","target":"/api/projects/1","headers":[],"ip":"192.0.2.1","now":1767268800,"identity":{"issuer":"auth0","claims":{"sub":"u1","https://app.example.com/tenant":"acme","https://app.example.com/roles":["member"]}}}"#,
    ),
    (
        "break-glass",
        r#"{"method":"GET","scheme":"https","host":"prod.example.com","target":"/logs/api","headers":[["x-incident","INC-12345"]],"ip":"192.0.2.1","now":1767866400,"identity":{"issuer":"keycloak","claims":{"sub":"eva","realm_access":{"roles":["engineer"]}}}}"#,
    ),
    (
        "ai-agents",
        r#"{"method":"POST","scheme":"https","host":"tools.example.com","target":"/mcp","headers":[["mcp-method","tools/list"],["mcp-protocol-version","2026-07-28"]],"ip":"192.0.2.1","now":1767268800,"identity":{"issuer":"login","claims":{"sub":"ann","iat":1767268800,"roles":["employee"],"act":{"sub":"agent:assistant"}}}}"#,
    ),
];
const MUTATIONS: u64 = 20_000;
/// Tests of the artifact's own policy that are asked.
const QUESTIONS: usize = 6;
/// Memory that loading may take, by byte of the artifact: an entry of one byte may become a record of some hundred, and a byte may stand
/// for four words of a table, which take 16, and as many again while paths through them are found.
const LOADED_BYTES_MAX: u64 = 96;
/// Memory that deciding may take: texts of requests of a few hundred bytes, and tables of some ten thousand words.
const DECIDED_BYTES_MAX: u64 = 1 << 20;

fn policies() -> Vec<Compiled> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let compiled = |(name, _)| gatelaw::compile(&files::read(&[folder.join(name)]).sources).unwrap();
    POLICIES.map(compiled).into()
}

fn artifacts() -> Vec<Vec<u8>> {
    policies().iter().map(|compiled| compiled.plan.to_bytes()).collect()
}

/// What a policy's own tests ask, in their order.
fn questions(compiled: &Compiled) -> Vec<Question<'_>> {
    compiled.policy.tests.iter().map(|test| Question::of(&compiled.policy, test)).collect()
}

fn ask(session: &mut Session<&Plan>, question: &Question<'_>) -> Decision {
    question.ask(|raw, caller| session.decision(raw, caller))
}

#[test]
fn no_part_of_an_artifact_is_one() {
    for bytes in artifacts() {
        for end in 0..bytes.len() {
            let error = load_unsigned(&bytes[..end]).unwrap_err();
            assert!(error.code().starts_with("artifact:"), "{error}");
        }
        assert!(load_unsigned(&[bytes.as_slice(), &[0]].concat()).is_err(), "a byte too many");
    }
}

/// What decides is refused when it is loaded, notes when they are asked for.
#[test]
fn no_bit_of_an_artifact_may_flip() {
    for mut bytes in artifacts() {
        let notes = bytes.len() - notes_bytes(&bytes);
        for at in 0..bytes.len() {
            // To hold the notes to their digest takes a whole load each: one bit of a byte must do.
            let bits = if at < notes { 0..8 } else { at % 8..at % 8 + 1 };
            for bit in bits {
                bytes[at] ^= 1 << bit;
                let read = load_unsigned(&bytes).and_then(|plan| plan.rules().map(|_| ()));
                assert!(read.is_err(), "bit {bit} of byte {at}");
                assert!(at < notes || read == Err(LoadError::Digest), "{read:?}");
                bytes[at] ^= 1 << bit;
            }
        }
    }
}

/// Says how long the notes of an artifact are, which stand at its end.
fn notes_bytes(bytes: &[u8]) -> usize {
    load_unsigned(bytes).unwrap().section_bytes().last().unwrap().1
}

#[test]
fn sealing_again_changes_nothing() {
    for bytes in artifacts() {
        let mut again = bytes.clone();
        again[20] ^= 1;
        assert!(seal(&mut again));
        assert_eq!(again, bytes);
    }
}

/// They decide nothing: a gate decides as it would with good ones, and an explanation says what is missing. Saved again, they are no better.
#[test]
fn notes_that_cannot_be_read_are_told_when_they_are_asked_for() {
    for (mut bytes, (name, line)) in artifacts().into_iter().zip(POLICIES) {
        let good = load_unsigned(&bytes).unwrap();
        let at = bytes.len() - notes_bytes(&bytes);
        bytes[at] = 0x7f;
        for expected in [LoadError::Digest, LoadError::Malformed("a text is not UTF-8")] {
            let bad = load_unsigned(&bytes).unwrap();
            assert_eq!(bad.rules().map(Iterator::count), Err(expected.clone()), "{name}");
            assert_eq!(bad.to_bytes(), bytes);
            let decided = |plan| decide_line(&mut Session::new(plan), line, None);
            assert_eq!(decided(&bad), decided(&good));
            let explained = explain_line(&mut Session::new(&bad), line, None);
            let unread = format!(r#","unread":"{}","rules":[],"elsewhere":["#, expected.code());
            assert!(explained.contains(&unread), "{explained}");
            assert!(seal(&mut bytes));
        }
    }
}

/// Else the attack would stop where the first rule denies.
#[test]
fn what_is_asked_gets_as_far_as_limits_and_records() {
    let (mut limits, mut set, mut kept, mut observed) = (0, 0, 0, 0);
    for (compiled, (name, line)) in policies().iter().zip(POLICIES) {
        let mut session = Session::new(&compiled.plan);
        let answer = explain_line(&mut session, line, None);
        assert!(answer.contains(r#""effect":"allow""#), "{name}: {answer}");
        let decisions: Vec<_> = questions(compiled).iter().map(|q| ask(&mut session, q)).collect();
        assert!(decisions.iter().filter(|d| d.effect == Effect::Allow).count() >= 5, "{name}");
        limits += decisions.iter().filter(|d| !d.limits.is_empty()).count();
        set += decisions.iter().filter(|d| !d.set.is_empty()).count();
        kept += decisions.iter().filter(|d| !d.keep.is_empty()).count();
        observed += decisions.iter().filter(|d| !d.observed.is_empty()).count();
    }
    assert!([limits, set, kept, observed].iter().all(|n| *n >= 2), "{limits} {set} {kept} {observed}");
}

/// What came of the changed artifacts.
#[derive(Debug, Default)]
struct Figures {
    refused: u64,
    /// Those among the refused whose sections don't even have fitting lengths.
    misfits: u64,
    loaded: u64,
    /// The most memory that loading took, in bytes for a byte of the artifact.
    loading_bytes_max: u64,
    /// The most memory that deciding took, in bytes.
    deciding_bytes_max: u64,
    /// What took longest, told and not judged: a test must not depend on the machine.
    slowest: Duration,
}

impl Figures {
    fn attack(&mut self, bytes: &[u8], line: &str, questions: &[&Question<'_>]) {
        let start = Instant::now();
        let mut loaded = None;
        // What an explanation reads of the notes is read here, so that deciding is measured alone.
        let loading = measure(|| {
            let plan = load_unsigned(bytes);
            _ = plan.as_ref().map(|plan| plan.rules().map(Iterator::count));
            loaded = Some(plan);
        });
        let per_byte = loading.bytes_max / u64::try_from(bytes.len().max(1)).unwrap();
        self.loading_bytes_max = self.loading_bytes_max.max(per_byte);
        match loaded.unwrap() {
            Err(error) => {
                assert!(error.code().starts_with("artifact:"), "{error}");
                self.refused += 1;
            }
            Ok(plan) => {
                let deciding = measure(|| {
                    let mut session = Session::new(&plan);
                    explain_line(&mut session, line, None);
                    for question in questions {
                        ask(&mut session, question);
                    }
                });
                self.deciding_bytes_max = self.deciding_bytes_max.max(deciding.bytes_max);
                self.loaded += 1;
            }
        }
        self.slowest = self.slowest.max(start.elapsed());
        assert!(self.loading_bytes_max <= LOADED_BYTES_MAX, "loading takes {per_byte} bytes for each byte");
        assert!(self.deciding_bytes_max <= DECIDED_BYTES_MAX, "deciding takes {}", self.deciding_bytes_max);
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn changed_artifacts_are_refused_or_decide() {
    let (first, mutations) = (number("FIRST", 0), number("MUTATIONS", MUTATIONS));
    let policies = policies();
    let artifacts: Vec<Vec<u8>> = policies.iter().map(|compiled| compiled.plan.to_bytes()).collect();
    let questions: Vec<Vec<Question<'_>>> = policies.iter().map(questions).collect();
    let mut figures = Figures::default();
    for seed in first..first + mutations {
        let mut rng = Rng::new(seed);
        let which = rng.below(artifacts.len());
        let mut bytes = artifacts[which].clone();
        let other = rng.pick(&artifacts);
        change(&mut rng, &mut bytes, other);
        figures.misfits += u64::from(!seal(&mut bytes));
        let asked: Vec<_> = (0..QUESTIONS).map(|_| rng.pick(&questions[which])).collect();
        let attack = || figures.attack(&bytes, POLICIES[which].1, &asked);
        catch_unwind(AssertUnwindSafe(attack)).unwrap_or_else(|_| panic!("seed {seed}: see above"));
    }
    println!("{mutations} changed artifacts: {figures:?}");
    // Else the attack would stop at the door.
    let behind = figures.refused - figures.misfits;
    assert!(figures.loaded > mutations / 50 && behind > mutations / 20, "{figures:?}");
}
