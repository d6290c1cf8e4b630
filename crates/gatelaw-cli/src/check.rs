//! `gatelaw check`: every mistake of a policy at once.

use gatelaw::diagnostic::Severity;
use gatelaw_host::Checked;
use serde::Serialize;

use crate::answer::{Answer, Failure};
use crate::args::PolicyArguments;
use crate::policy;
use crate::terminal::{Terminal, count};

/// The result for programs.
#[derive(Serialize)]
struct Summary {
    v: u32,
    files: usize,
    rules: usize,
    errors: usize,
    warnings: usize,
}

pub(crate) fn run(arguments: &PolicyArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let checked = policy::compile(&arguments.paths)?;
    terminal.diagnostics(&checked.files, &checked.diagnostics);
    let summary = summary(&checked);
    if terminal.is_json(false) {
        terminal.say_json(&summary)?;
    } else {
        terminal.say(&in_words(&summary))?;
    }
    Ok(if summary.errors == 0 { Answer::Yes } else { Answer::No })
}

fn summary(checked: &Checked) -> Summary {
    Summary {
        v: 1,
        files: checked.files.sources.files.len(),
        rules: policy::rules(checked),
        errors: checked.count(Severity::Error),
        warnings: checked.count(Severity::Warning),
    }
}

fn in_words(summary: &Summary) -> String {
    let (files, rules) = (count(summary.files, "file"), count(summary.rules, "rule"));
    let (errors, warnings) = (count(summary.errors, "error"), count(summary.warnings, "warning"));
    format!("checked {files}, {rules}: {errors}, {warnings}\n")
}
