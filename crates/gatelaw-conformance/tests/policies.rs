//! The policies to copy: each checks without an error, and its tests hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};

use gatelaw::check::check;
use gatelaw::diagnostic::Severity;
use gatelaw::parse::parse;
use gatelaw::policy::Policy;
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
        assert!(!policy.tests.is_empty(), "{} has no tests", folder.display());
        let outcomes = run_tests(&policy, |raw, caller| reference::decide(&policy, "sha256:", raw, caller));
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        failed.extend(
            outcomes.into_iter().filter(|o| !o.passed()).map(|o| (name.clone(), o.name, o.mismatches)),
        );
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
