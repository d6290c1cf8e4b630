//! Any text, and any policy that was changed, compiles or has errors that can be told: no panic, no endless loop.
#![no_main]

use gatelaw::diagnostic::Renderer;
use gatelaw::{Sources, compile};
use gatelaw_fuzz::changed_policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for text in [String::from_utf8_lossy(bytes).into_owned(), changed_policy(bytes)] {
        let sources = Sources::from_text("policy.gate", &text);
        if let Err(errors) = compile(&sources) {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(Renderer::new(&sources).text(&error).starts_with(['e', 'w']));
            }
        }
    }
});
