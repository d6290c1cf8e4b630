//! The AuthZEN gateway scenario: all published decisions hold.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

use gatelaw_conformance::answers::Forms;
use gatelaw_conformance::authzen;
use serde_json::Value;

#[test]
fn authzen_decisions_are_as_published() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/authzen-gateway");
    let forms = Forms::read(&folder).unwrap();
    let rows = authzen::read(&folder).unwrap();
    assert_eq!(rows.len(), 25);
    for row in rows {
        for answer in [forms.by_plan(&row.request), forms.by_reference(&row.request)] {
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let effect = if row.expected { "allow" } else { "deny" };
            assert_eq!(answer["effect"], effect, "{row:?}: {answer}");
        }
    }
}

/// The scenario is about roles: a rule that named a subject would make it pass for the wrong reason.
#[test]
fn authzen_policy_names_no_subject() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/authzen-gateway");
    let policy = std::fs::read_to_string(folder.join("policy.gate")).unwrap();
    for row in authzen::read(&folder).unwrap() {
        let request: Value = serde_json::from_str(&row.request).unwrap();
        assert!(!policy.contains(request["identity"]["claims"]["sub"].as_str().unwrap()));
    }
    assert!(!policy.contains("subject "));
}
