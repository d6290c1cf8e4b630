//! What the generator promises about its policies and requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use gatelaw::ast::Effect;
use gatelaw::check::check;
use gatelaw::diagnostic::Severity;
use gatelaw::format::format;
use gatelaw::parse::parse;
use gatelaw::policy::Policy;
use gatelaw::reference;
use gatelaw::source::Sources;
use gatelaw_conformance::generate::print::print;
use gatelaw_conformance::generate::requests::Questions;
use gatelaw_conformance::generate::{Rng, Size, coverage, generate};

const POLICIES: u64 = 3000;
/// Policies that are laid out, parsed and printed again.
const PRINTED: u64 = 300;

/// Generates a policy and checks it; `None` where it doesn't check.
fn policy(seed: u64) -> Option<Policy> {
    let mut rng = Rng::new(seed);
    let generated = generate(Size::any(&mut rng), &mut rng);
    check(&generated.ast, &generated.sources()).0
}

#[test]
fn generated_policies_check_and_use_every_form() {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    let mut wrong = 0;
    for seed in 0..POLICIES {
        let generated = generate(Size::Small, &mut Rng::new(seed));
        for form in coverage::forms(&generated.ast) {
            *seen.entry(form).or_default() += 1;
        }
        let (policy, said) = check(&generated.ast, &generated.sources());
        wrong += u64::from(policy.is_none());
        for error in said.iter().filter(|d| d.code.severity == Severity::Error) {
            *errors.entry(format!("{} {}", error.code, error.message)).or_default() += 1;
        }
    }
    let rare: Vec<_> = coverage::ALL
        .iter()
        .map(|form| (form, seen.remove(form).unwrap_or(0)))
        .filter(|(_, n)| n * 100 < POLICIES)
        .collect();
    println!("{wrong} of {POLICIES} don't check: {errors:#?}");
    println!("rare: {rare:#?}");
    assert!(seen.is_empty(), "forms that no policy should have: {seen:?}");
    assert!(rare.is_empty(), "forms in less than 1 % of policies: {rare:?}");
    assert!(wrong * 100 < POLICIES);
}

#[test]
fn generated_requests_meet_their_policies() {
    let (mut all, mut allowed, mut meeting) = (0, 0, 0);
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..POLICIES {
        let Some(policy) = policy(seed) else { continue };
        let questions = Questions::new(&policy);
        let mut rng = Rng::new(seed);
        for _ in 0..20 {
            let question = questions.question(&mut rng);
            let decision = question.ask(|raw, caller| reference::decide(&policy, "", raw, caller));
            let matching =
                question.ask(|raw, caller| reference::matching_rules(&policy, raw, caller).map(|m| m.len()));
            all += 1;
            allowed += u64::from(decision.effect == Effect::Allow);
            meeting += u64::from(matching.is_some_and(|m| m >= 2));
            *reasons
                .entry(decision.reason.to_string().split(':').take(2).collect::<Vec<_>>().join(":"))
                .or_default() += 1;
        }
    }
    println!("{all} requests: {allowed} allowed, {meeting} with two or more matching rules; {reasons:#?}");
    assert!((all * 25..=all * 75).contains(&(allowed * 100)), "{allowed} of {all} are allowed");
    assert!(meeting * 100 >= all * 20, "{meeting} of {all} have two or more matching rules");
}

#[test]
fn what_is_printed_is_read_as_it_was() {
    for seed in 0..PRINTED {
        let generated = generate(Size::Medium, &mut Rng::new(seed));
        let text = print(&generated.ast);
        let read = |text: &str| {
            let (ast, said) = parse(&Sources::from_text("policy.gate", text));
            assert_eq!(said, [], "seed {seed}");
            print(&ast)
        };
        assert_eq!(read(&text), text, "seed {seed}");
        let laid_out = format("policy.gate", &text).expect("what parses is laid out");
        assert_eq!(read(&laid_out), text, "seed {seed}");
        assert_eq!(format("policy.gate", &laid_out).as_deref(), Ok(laid_out.as_str()), "seed {seed}");
    }
}
