//! The list of mutants fits the code that it is about: whether the tests catch each, `conformance mutants` finds out.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use gatelaw_conformance::mutants::mutants;

#[test]
fn every_mutant_is_one_line_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = mutants().unwrap();
    assert!(mutants.len() >= 20, "{}", mutants.len());
    for mutant in mutants {
        let text = std::fs::read_to_string(root.join(mutant.file)).unwrap();
        assert_ne!(mutant.apply(&text).unwrap(), text, "{}", mutant.breaks);
    }
}
