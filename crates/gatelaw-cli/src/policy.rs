//! A policy as a verb needs it: read from disk, parsed and checked, with all that is wrong with it said.

use std::path::PathBuf;

use gatelaw::ast::{Ast, Item, ServiceLine};
use gatelaw::codes::files as code;
use gatelaw::diagnostic::{Diagnostic, Severity};
use gatelaw::policy::Policy;
use gatelaw_host::files::{self, PolicyFiles};

use crate::answer::Failure;

/// What came of reading and checking a policy.
pub(crate) struct Checked {
    /// The texts.
    pub(crate) files: PolicyFiles,
    /// How many rules stand in them.
    pub(crate) rules: usize,
    /// All that is wrong, and all warnings.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The policy; `None` where anything is wrong.
    pub(crate) policy: Option<Policy>,
}

impl Checked {
    /// Counts the diagnostics of one severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.code.severity == severity).count()
    }
}

/// Reads and checks the policy that `paths` make.
///
/// Where a file is missing or is no text, the others are still parsed: their mistakes are told too. They are not checked,
/// since what they name may stand in what is missing.
pub(crate) fn check(paths: &[PathBuf]) -> Result<Checked, Failure> {
    let mut files = files::read(paths);
    let (ast, mut diagnostics) = gatelaw::parse::parse(&files.sources);
    let rules = count_rules(&ast);
    let problems = std::mem::take(&mut files.problems);
    if !problems.is_empty() {
        let is_failure = problems.iter().any(|problem| !is_about_text(problem));
        diagnostics.splice(0..0, problems);
        let checked = Checked { files, rules, diagnostics, policy: None };
        return if is_failure { Err(Failure::Policy(Box::new(checked))) } else { Ok(checked) };
    }
    let (policy, more) = gatelaw::check::check(&ast, &files.sources);
    diagnostics.extend(more);
    let policy = policy.filter(|_| diagnostics.iter().all(|d| d.code.severity != Severity::Error));
    Ok(Checked { files, rules, diagnostics, policy })
}

/// Whether what is wrong with a file is for its author to mend: then the policy has an error, and reading it did not fail.
fn is_about_text(problem: &Diagnostic) -> bool {
    [code::NOT_UTF8, code::BYTE_ORDER_MARK, code::TOO_LARGE].contains(&problem.code)
}

fn count_rules(ast: &Ast) -> usize {
    let in_item = |item: &Item| match item {
        Item::Rule(_) => 1,
        Item::Service(service) => {
            service.lines.iter().filter(|line| matches!(line, ServiceLine::Rule(_))).count()
        }
        Item::Issuer(_) | Item::Role(_) | Item::List(_) | Item::Define(_) | Item::Test(_) => 0,
    };
    ast.items.iter().map(in_item).sum()
}
