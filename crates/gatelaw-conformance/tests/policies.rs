//! The policies to copy: each checks without an error, and its tests hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};

use gatelaw::Decision;
use gatelaw::check::check;
use gatelaw::diagnostic::Severity;
use gatelaw::parse::parse;
use gatelaw::policy::{Action, Policy};
use gatelaw::reference;
use gatelaw::testing::run_tests;
use gatelaw_host::files;

fn policies() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let folders = root.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let has_policy = |folder: &PathBuf| folder.join("policy.gate").is_file();
    folders.filter(has_policy).collect()
}

fn checked(folder: &Path) -> Policy {
    let read = files::read(&[folder.to_path_buf()]);
    assert_eq!(read.problems, [], "{}", folder.display());
    let (ast, mut diagnostics) = parse(&read.sources);
    let (policy, more) = check(&ast, &read.sources);
    diagnostics.extend(more);
    let said: Vec<_> = diagnostics
        .iter()
        .filter(|d| d.code.severity == Severity::Error)
        .map(|d| {
            let span = d.span.unwrap();
            let (line, column) = read.sources.line_column(span.file, span.start);
            format!(
                "{}:{line}:{column}: {} {} {:?}",
                read.sources.file(span.file).unwrap().name,
                d.code,
                d.message,
                d.help
            )
        })
        .collect();
    assert!(said.is_empty(), "{}: {said:#?}", folder.display());
    policy.expect("a policy without errors")
}

#[test]
fn every_policy_to_copy_passes_its_tests() {
    let folders = policies();
    assert!(folders.len() >= 8, "only {} policies were found", folders.len());
    let mut failed = Vec::new();
    for folder in folders {
        let policy = checked(&folder);
        assert!(policy.tests.len() >= 10, "{} has {} tests", folder.display(), policy.tests.len());
        let outcomes = run_tests(&policy, |raw, caller| reference::decide(&policy, "sha256:", raw, caller));
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        failed.extend(
            outcomes.into_iter().filter(|o| !o.passed()).map(|o| (name.clone(), o.name, o.mismatches)),
        );
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Who copies a policy should see each of its rules at work: every one decides, counts or is observed in some test.
#[test]
fn every_rule_shows_in_a_test() {
    let mut unseen = Vec::new();
    for folder in policies() {
        let policy = checked(&folder);
        let outcomes = run_tests(&policy, |raw, caller| reference::decide(&policy, "sha256:", raw, caller));
        let decisions: Vec<_> = outcomes.into_iter().map(|o| o.decision).collect();
        for rule in &policy.rules {
            let shows = |d: &Decision| match &rule.action {
                _ if rule.observe => d.observed.contains(&rule.name),
                Action::Allow | Action::Deny(_) => d.rule.as_ref() == Some(&rule.name),
                Action::Limit(_) => d.limits.iter().any(|l| l.name == rule.name),
                // These are no part of an answer to a client.
                Action::Forward(_) | Action::Audit(_) => true,
            };
            if !decisions.iter().any(shows) {
                unseen.push(format!("{}: {}", folder.file_name().unwrap().to_string_lossy(), rule.name));
            }
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}

/// A policy to copy is clean, but for what the orders API shows on purpose: an embargo that lets the unknown pass.
#[test]
fn no_policy_warns_but_the_orders_api() {
    for folder in policies() {
        let read = files::read(std::slice::from_ref(&folder));
        let compiled = gatelaw::compile(&read.sources).unwrap();
        let codes: Vec<String> = compiled.warnings.iter().map(|w| w.code.to_string()).collect();
        let wanted: &[&str] = if folder.ends_with("orders-api") { &["G0902", "G0902"] } else { &[] };
        assert_eq!(codes, wanted, "{}", folder.display());
    }
}

#[test]
fn every_policy_to_copy_is_laid_out() {
    let mut unformatted = Vec::new();
    for folder in policies() {
        for file in files::read(std::slice::from_ref(&folder)).sources.files {
            if gatelaw::format::format(&file.name, &file.text).unwrap() != file.text {
                unformatted.push(format!("{}/{}", folder.display(), file.name));
            }
        }
    }
    assert!(unformatted.is_empty(), "run `gatelaw fmt` on {unformatted:#?}");
}
