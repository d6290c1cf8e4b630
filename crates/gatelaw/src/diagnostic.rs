//! What the compiler says to the author of a policy.

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
