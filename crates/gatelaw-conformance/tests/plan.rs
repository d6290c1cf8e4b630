//! The compiled plan decides as the reference does.
//!
//! `POLICIES`, `REQUESTS` and `FIRST` (a seed) ask for more: 10,000 policies with 100 requests each are a million decisions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use gatelaw::{Caller, Effect, Session, compile, reference};
use gatelaw_conformance::generate::requests::Questions;
use gatelaw_conformance::generate::{Rng, Size, generate};

/// Disagreements that are shown in full.
const SHOWN_MAX: u64 = 3;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// What was asked, and what came of it.
#[derive(Debug, Default)]
struct Figures {
    policies: u64,
    on_the_fallback: u64,
    asked: u64,
    allowed: u64,
    with_two_matching_rules: u64,
    disagreements: u64,
}

impl Figures {
    /// Compiles the policy of a seed from its text, and asks both evaluators.
    fn policy(&mut self, seed: u64, requests: u64) {
        let mut rng = Rng::new(seed);
        let generated = generate(Size::any(&mut rng), &mut rng);
        let compiled = compile(&generated.sources()).unwrap_or_else(|e| panic!("seed {seed}: {e:#?}"));
        self.policies += 1;
        self.on_the_fallback += u64::from(!compiled.stats.fallbacks.is_empty());
        let (policy, plan) = (&compiled.policy, &compiled.plan);
        let questions = Questions::new(policy);
        let mut session = Session::new(plan);
        for _ in 0..requests {
            let question = questions.question(&mut rng);
            let expected = question.ask(|raw, caller| reference::decide(policy, plan.digest(), raw, caller));
            let found = question.ask(|raw, caller| session.decision(raw, caller));
            let prepared = question.ask(|raw, caller| match caller {
                Caller::Verified(identity) => {
                    session.decision(raw, Caller::Prepared(&plan.prepare(identity.clone())))
                }
                _ => session.decision(raw, caller),
            });
            assert_eq!(prepared, found, "seed {seed}: prepared, the caller of {question:?} is another one");
            let matching =
                question.ask(|raw, caller| reference::matching_rules(policy, raw, caller).map(|m| m.len()));
            self.asked += 1;
            self.allowed += u64::from(found.effect == Effect::Allow);
            self.with_two_matching_rules += u64::from(matching.is_some_and(|m| m >= 2));
            if found != expected {
                self.disagreements += 1;
                if self.disagreements <= SHOWN_MAX {
                    println!("seed {seed}: {question:#?}\nreference: {expected:#?}\nplan: {found:#?}");
                }
            }
        }
    }

    fn percent(part: u64, whole: u64) -> u64 {
        part * 100 / whole.max(1)
    }
}

#[test]
fn plan_agrees_with_reference() {
    let (first, policies, requests) = (number("FIRST", 0), number("POLICIES", 300), number("REQUESTS", 60));
    let mut figures = Figures::default();
    for seed in first..first + policies {
        figures.policy(seed, requests);
    }
    println!("{figures:#?}");
    assert_eq!(figures.disagreements, 0);
    let allowed = Figures::percent(figures.allowed, figures.asked);
    assert!((25..=75).contains(&allowed), "{allowed} % of the requests are allowed");
    let meeting = Figures::percent(figures.with_two_matching_rules, figures.asked);
    assert!(meeting >= 20, "{meeting} % of the requests have two or more matching rules");
    let fallback = Figures::percent(figures.on_the_fallback, figures.policies);
    assert!(fallback >= 10, "{fallback} % of the policies are on the fallback");
}
