//! A policy that is laid out anew means what it meant, and is laid out already.
#![no_main]

use gatelaw::format::format;
use gatelaw::{Sources, compile};
use gatelaw_fuzz::changed_policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = changed_policy(bytes);
    let Ok(laid) = format("policy.gate", &text) else { return };
    assert_eq!(format("policy.gate", &laid).as_deref(), Ok(&*laid));
    let digest = |text: &str| {
        compile(&Sources::from_text("policy.gate", text)).map(|c| c.plan.digest().to_owned()).ok()
    };
    assert_eq!(digest(&laid), digest(&text), "{text}\n-- laid out:\n{laid}");
});
