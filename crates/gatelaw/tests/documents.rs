//! Every policy shown in the README and in `docs/` is one: what stands behind three backticks and `gate` checks without an
//! error, and its tests pass.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use gatelaw::check::check;
use gatelaw::diagnostic::Severity;
use gatelaw::parse::parse;
use gatelaw::reference::decide;
use gatelaw::source::Sources;
use gatelaw::testing::run_tests;

#[test]
fn every_policy_in_the_documents_holds() {
    let mut policies = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for (line, policy) in policies_of(&text) {
            policies += 1;
            let mistakes = mistakes_of(policy);
            assert!(mistakes.is_empty(), "{}:{line}: {mistakes:#?}", document.display());
        }
    }
    assert!(policies > 0, "no policy was found: how are they marked?");
}

/// Lists errors, and tests that fail.
fn mistakes_of(policy: &str) -> Vec<String> {
    let sources = Sources::from_text("document.gate", policy);
    let (ast, parsed) = parse(&sources);
    let (policy, checked) = check(&ast, &sources);
    let errors = parsed.iter().chain(&checked).filter(|found| found.code.severity == Severity::Error);
    let mut mistakes: Vec<String> = errors.map(|error| format!("{error:?}")).collect();
    let outcomes =
        policy.map(|policy| run_tests(&policy, |request, caller| decide(&policy, "", request, caller)));
    let failed = outcomes.iter().flatten().filter(|outcome| !outcome.passed());
    mistakes.extend(failed.map(|outcome| format!("{}: {:?}", outcome.name, outcome.mismatches)));
    mistakes
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|end| end == "md"));
    docs.chain([root.join("README.md")]).collect()
}

/// Finds each policy, with the line where it begins.
fn policies_of(text: &str) -> Vec<(usize, &str)> {
    let starts = text.match_indices("\n```gate\n").map(|(at, fence)| at + fence.len());
    let policy = |start: usize| text.get(start..)?.split_once("\n```").map(|(policy, _)| policy);
    starts
        .map(|start| (text.get(..start).unwrap().lines().count(), policy(start).expect("an open fence")))
        .collect()
}
