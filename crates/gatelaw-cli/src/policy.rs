//! A policy as a verb needs it: read from disk, parsed and checked, with all that is wrong with it said.

use std::path::PathBuf;

use gatelaw::Compiled;
use gatelaw::ast::{Ast, Item, ServiceLine};
use gatelaw::codes::files as code;
use gatelaw::diagnostic::{Diagnostic, Severity};
use gatelaw_host::files::{self, PolicyFiles};

use crate::answer::Failure;

/// What came of reading and compiling a policy.
pub(crate) struct Checked {
    /// The texts.
    pub(crate) files: PolicyFiles,
    /// All that is wrong, and all warnings.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The compiled policy; `None` where anything is wrong.
    pub(crate) compiled: Option<Compiled>,
}

impl Checked {
    /// Counts the diagnostics of one severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.code.severity == severity).count()
    }

    /// Counts the rules that could be read.
    pub(crate) fn rules(&self) -> usize {
        let parsed = || count_rules(&gatelaw::parse::parse(&self.files.sources).0);
        self.compiled.as_ref().map_or_else(parsed, |compiled| compiled.policy.rules.len())
    }
}

/// Reads and compiles the policy that `paths` make.
///
/// Where a file is missing or is no text, the others are still parsed: their mistakes are told too. They are not checked,
/// since what they name may stand in what is missing.
pub(crate) fn compile(paths: &[PathBuf]) -> Result<Checked, Failure> {
    compile_files(files::read(paths))
}

/// Compiles what was read, as [`compile`] does.
pub(crate) fn compile_files(mut files: PolicyFiles) -> Result<Checked, Failure> {
    let mut diagnostics = std::mem::take(&mut files.problems);
    if !diagnostics.is_empty() {
        let is_failure = diagnostics.iter().any(|problem| !is_about_text(problem));
        diagnostics.extend(gatelaw::parse::parse(&files.sources).1);
        let checked = Checked { files, diagnostics, compiled: None };
        return if is_failure { Err(Failure::Policy(Box::new(checked))) } else { Ok(checked) };
    }
    Ok(match gatelaw::compile(&files.sources) {
        Ok(mut compiled) => {
            let diagnostics = std::mem::take(&mut compiled.warnings);
            Checked { files, diagnostics, compiled: Some(compiled) }
        }
        Err(diagnostics) => Checked { files, diagnostics, compiled: None },
    })
}

/// Whether what is wrong with a file is for its author to mend: then the policy has an error, and reading it did not fail.
pub(crate) fn is_about_text(problem: &Diagnostic) -> bool {
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
