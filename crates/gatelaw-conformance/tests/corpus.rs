//! The corpus as it stands in `policies/conformance`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};

use gatelaw_conformance::answers::{self, Forms};
use gatelaw_conformance::{corpus, features};

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

/// Plan and reference agree, a person's expectation holds, and the answer is the one that is written down.
#[test]
fn every_answer_stands() {
    let mut problems = Vec::new();
    for topic in corpus::read(&root()).unwrap() {
        match answers::answer(&topic) {
            Err(found) => problems.extend(found),
            Ok(answers) => {
                for (case, answer) in topic.cases.iter().zip(answers) {
                    let written = case.decision.as_deref().unwrap_or("nothing");
                    if without_digest(&answer) != without_digest(written) {
                        let place = format!("{}:{}", topic.name, case.line);
                        problems.push(format!("{place}: now {answer}\n  written {written}"));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The digest is the last member of a decision: it follows the plan, and is compared by `check`.
fn without_digest(answer: &str) -> &str {
    answer.split_once(r#","policy":"sha256:"#).map_or(answer, |(decision, _)| decision)
}

#[test]
fn every_feature_is_covered() {
    let mut covered = features::Covered::new();
    for topic in corpus::read(&root()).unwrap() {
        features::cover(&topic, &Forms::read(&topic.folder).unwrap().ast, &mut covered);
    }
    let missing: Vec<String> = features::all().into_iter().filter(|f| !covered.contains_key(f)).collect();
    assert!(missing.is_empty(), "no case shows: {missing:#?}");
}
