//! What the compiler says to the author of a policy.

mod render;

pub use render::{Label, Place, Renderer, Report};

use crate::source::Span;

/// One error or warning, with its place and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// What is wrong: lower case, no full stop, user text in backticks.
    pub message: String,
    /// The place; absent for what belongs to no text, such as an empty folder.
    pub span: Option<Span>,
    /// Where the place is inside a list file: its path and line.
    pub list_line: Option<(String, u32)>,
    /// Other places that matter, each with a word on why.
    pub labels: Vec<(Span, String)>,
    /// What to write instead, one way each.
    pub help: Vec<String>,
}

/// Names a kind of error or warning, such as `G0107`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// The number behind `G`.
    pub number: u16,
    /// Whether it stops compilation.
    pub severity: Severity,
    /// One line on what it means, for the table of codes.
    pub title: &'static str,
}

/// Whether a diagnostic stops compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is compiled.
    Error,
    /// The policy compiles; a person should look.
    Warning,
}

impl Code {
    /// Names an error.
    #[must_use]
    pub const fn error(number: u16, title: &'static str) -> Self {
        Self { number, severity: Severity::Error, title }
    }

    /// Names a warning.
    #[must_use]
    pub const fn warning(number: u16, title: &'static str) -> Self {
        Self { number, severity: Severity::Warning, title }
    }
}

impl Code {
    /// Names the page that explains this code, in the documents of gatelaw.
    #[must_use]
    pub fn page(&self) -> String {
        format!("docs/codes.md#g{:04}", self.number)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "G{:04}", self.number)
    }
}

impl Diagnostic {
    /// Says whether a policy that these are of is refused.
    pub(crate) fn any_is_error(diagnostics: &[Self]) -> bool {
        diagnostics.iter().any(|d| d.code.severity == Severity::Error)
    }

    /// Makes a diagnostic that belongs to no text.
    #[must_use]
    pub fn nowhere(code: Code, message: impl Into<String>) -> Self {
        let (list_line, labels, help) = (None, Vec::new(), Vec::new());
        Self { code, message: message.into(), span: None, list_line, labels, help }
    }

    /// Makes a diagnostic at a place.
    #[must_use]
    pub fn at(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span: Some(span),
            list_line: None,
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Adds another place that matters, with a word on why.
    #[must_use]
    pub fn label(mut self, span: Span, why: impl Into<String>) -> Self {
        self.labels.push((span, why.into()));
        self
    }

    /// Adds one way to write it instead.
    #[must_use]
    pub fn help(mut self, instead: impl Into<String>) -> Self {
        self.help.push(instead.into());
        self
    }
}
