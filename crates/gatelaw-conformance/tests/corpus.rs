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
    let problems = changed(without_digest);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Other runtimes compare whole lines, and the digest follows the plan: where the compiler makes another one, the lines are
/// written anew by `cargo run -p gatelaw-conformance -- refresh`.
#[test]
fn every_digest_is_of_this_compiler() {
    let problems = changed(|answer| answer);
    assert!(problems.is_empty(), "{} answers, such as {}", problems.len(), problems[0]);
}

/// Names the cases whose answer isn't the one that is written down, in the part that is compared.
fn changed(part: impl Fn(&str) -> &str) -> Vec<String> {
    let mut problems = Vec::new();
    for topic in corpus::read(&root()).unwrap() {
        match answers::answer(&topic) {
            Err(found) => problems.extend(found),
            Ok(answers) => {
                for (case, answer) in topic.cases.iter().zip(answers) {
                    let written = case.decision.as_deref().unwrap_or("nothing");
                    if part(&answer) != part(written) {
                        let place = format!("{}:{}", topic.name, case.line);
                        problems.push(format!("{place}: now {answer}\n  written {written}"));
                    }
                }
            }
        }
    }
    problems
}

/// The digest is the last member of a decision.
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
