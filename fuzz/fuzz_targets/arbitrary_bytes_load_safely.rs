//! Any bytes are loaded or refused: no panic, no endless loop, no memory beyond their own size.
#![no_main]

use gatelaw::artifact::check_magic;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = check_magic(bytes) {
        assert!(error.code().starts_with("artifact:"), "{error}");
    }
});
