//! Any bytes are loaded or refused: no panic, no endless loop, no memory beyond their own size.
#![no_main]

use gatelaw::artifact::load_unsigned;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match load_unsigned(bytes) {
        Ok(plan) => assert_eq!(plan.to_bytes(), bytes),
        Err(error) => assert!(error.code().starts_with("artifact:"), "{error}"),
    }
});
