//! The corpus as it stands in `policies/conformance`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};

use gatelaw_conformance::corpus;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/conformance")
}

#[test]
fn it_is_as_large_as_promised() {
    let topics = corpus::read(&root()).unwrap();
    let cases: usize = topics.iter().map(|t| t.cases.len()).sum();
    assert!(topics.len() >= 40, "{} policies", topics.len());
    assert!(cases >= 600, "{cases} requests");
}

#[test]
fn every_policy_of_it_compiles() {
    for topic in corpus::read(&root()).unwrap() {
        let files = gatelaw_host::files::read(std::slice::from_ref(&topic.folder));
        assert!(files.problems.is_empty(), "{}: {:?}", topic.name, files.problems);
        let (ast, problems) = gatelaw::parse::parse(&files.sources);
        assert!(problems.is_empty(), "{}: {problems:?}", topic.name);
        let (policy, problems) = gatelaw::check::check(&ast, &files.sources);
        assert!(policy.is_some(), "{}: {problems:?}", topic.name);
    }
}
