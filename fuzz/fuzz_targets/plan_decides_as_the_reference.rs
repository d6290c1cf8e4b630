//! The compiled plan of a generated policy decides generated requests as the reference does. The bytes are the seed.
#![no_main]

use gatelaw::{Session, compile, reference};
use gatelaw_conformance::generate::requests::Questions;
use gatelaw_conformance::generate::{Rng, Size, generate};
use libfuzzer_sys::fuzz_target;

const QUESTIONS: usize = 20;

fuzz_target!(|bytes: &[u8]| {
    let seed =
        bytes.iter().fold(0_u64, |seed, byte| seed.wrapping_mul(257).wrapping_add(u64::from(*byte) + 1));
    let mut rng = Rng::new(seed);
    let generated = generate(Size::any(&mut rng), &mut rng);
    let compiled = compile(&generated.sources()).expect("what is generated compiles");
    let questions = Questions::new(&compiled.policy);
    let mut session = Session::new(&compiled.plan);
    for _ in 0..QUESTIONS {
        let question = questions.question(&mut rng);
        let digest = compiled.plan.digest();
        let expected = question.ask(|raw, caller| reference::decide(&compiled.policy, digest, raw, caller));
        assert_eq!(question.ask(|raw, caller| session.decision(raw, caller)), expected);
    }
});
