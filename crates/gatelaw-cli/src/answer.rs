//! What a verb ends in.

use std::io::{self, ErrorKind};
use std::path::Path;

use gatelaw::codes::files as code;
use gatelaw::diagnostic::{Code, Diagnostic};

/// The answer of a verb that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Exit code 0.
    Yes,
    /// Exit code 1.
    #[expect(dead_code, reason = "said by the verbs that are landing")]
    No,
}

/// Why a verb could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads stdout any more: `gatelaw … | head`. Not worth a word.
    ReaderGone,
    /// Something could not be read or written: exit code 3.
    Problems(Vec<Diagnostic>),
}

impl Failure {
    /// Says that `path` could not be written.
    pub(crate) fn writing(path: &Path, error: &io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        let name = if crate::output::is_stdio(path) { "stdout".into() } else { path.display().to_string() };
        Self::one(
            code::UNWRITABLE,
            format!("can't write `{name}`: {}", gatelaw_host::files::reason(error)),
            &[],
        )
    }

    /// Makes a failure of one problem.
    pub(crate) fn one(code: Code, message: String, help: &[&str]) -> Self {
        let help = help.iter().map(|way| (*way).to_owned()).collect();
        Self::Problems(vec![Diagnostic {
            code,
            message,
            span: None,
            list_line: None,
            labels: Vec::new(),
            help,
        }])
    }
}
