//! The compiled plan decides as the reference does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use gatelaw::check::check;
use gatelaw::{Session, reference};
use gatelaw_conformance::generate::requests::Questions;
use gatelaw_conformance::generate::{Rng, Size, generate};

#[test]
fn plan_agrees_with_reference() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (first, policies, requests) = (number("FIRST", 0), number("POLICIES", 500), number("REQUESTS", 40));
    let (mut asked, mut fallbacks, mut wrong) = (0, 0, 0);
    for seed in first..first + policies {
        let mut rng = Rng::new(seed);
        let generated = generate(Size::any(&mut rng), &mut rng);
        let sources = generated.sources();
        let Some(policy) = check(&generated.ast, &sources).0 else { continue };
        let compiled = gatelaw::plan(policy, &sources);
        fallbacks += u64::from(!compiled.stats.fallbacks.is_empty());
        let questions = Questions::new(&compiled.policy);
        let mut session = Session::new(&compiled.plan);
        for _ in 0..requests {
            let question = questions.question(&mut rng);
            asked += 1;
            let expected = question
                .ask(|raw, caller| reference::decide(&compiled.policy, compiled.plan.digest(), raw, caller));
            let found = question.ask(|raw, caller| session.decide(raw, caller).to_decision(&compiled.plan));
            if found != expected {
                wrong += 1;
                if wrong < 10 {
                    println!("seed {seed}: {question:#?}\nreference: {expected:#?}\nplan: {found:#?}");
                }
            }
        }
    }
    println!("{asked} asked of {policies} policies, {fallbacks} on the fallback, {wrong} disagree");
    assert!(wrong == 0);
}
