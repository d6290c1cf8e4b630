//! Every policy shown in the README and in `docs/` is one: a block that begins with three backticks and `gate` parses.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use gatelaw::parse::parse;
use gatelaw::source::Sources;

#[test]
fn every_policy_in_the_documents_parses() {
    let mut policies = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for (line, policy) in policies_of(&text) {
            policies += 1;
            let (_, diagnostics) = parse(&Sources::from_text("document.gate", policy));
            assert!(diagnostics.is_empty(), "{}:{line}: {diagnostics:#?}", document.display());
        }
    }
    assert!(policies > 0, "no policy was found: how are they marked?");
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
