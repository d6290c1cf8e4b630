//! A policy that was read, parsed and checked, with all that is wrong with it.

use gatelaw::Compiled;
use gatelaw::codes::files as code;
use gatelaw::diagnostic::{Diagnostic, Severity};

use crate::files::PolicyFiles;

/// Holds what came of reading and compiling a policy.
#[derive(Debug)]
pub struct Checked {
    /// The texts.
    pub files: PolicyFiles,
    /// All that is wrong, and all warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The compiled policy, absent where anything is wrong; its warnings stand in `diagnostics`.
    pub compiled: Option<Compiled>,
    /// Whether reading failed: something is wrong that the author of the texts can't mend in them.
    pub is_unread: bool,
}

impl Checked {
    /// Compiles a policy that was read.
    ///
    /// Where a file is missing or is no text, the others are still parsed: their mistakes are told too. They are not checked,
    /// since what they name may stand in what is missing.
    #[must_use]
    pub fn of(mut files: PolicyFiles) -> Self {
        let mut diagnostics = std::mem::take(&mut files.problems);
        if !diagnostics.is_empty() {
            let is_unread = diagnostics.iter().any(|problem| !is_about_text(problem));
            diagnostics.extend(gatelaw::parse::parse(&files.sources).1);
            return Self { files, diagnostics, compiled: None, is_unread };
        }
        let (diagnostics, compiled) = match gatelaw::compile(&files.sources) {
            Ok(mut compiled) => (std::mem::take(&mut compiled.warnings), Some(compiled)),
            Err(diagnostics) => (diagnostics, None),
        };
        Self { files, diagnostics, compiled, is_unread: false }
    }

    /// Counts the diagnostics of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.code.severity == severity).count()
    }
}

/// Says whether what is wrong with a file is for its author to mend: then the policy has an error, and reading it did not fail.
#[must_use]
pub fn is_about_text(problem: &Diagnostic) -> bool {
    [code::NOT_UTF8, code::BYTE_ORDER_MARK, code::TOO_LARGE].contains(&problem.code)
}
