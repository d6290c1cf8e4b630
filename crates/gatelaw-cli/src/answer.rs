//! What a verb ends in.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use gatelaw::artifact::LoadError;
use gatelaw::codes::files as code;
use gatelaw::diagnostic::{Code, Diagnostic};
use gatelaw_host::keys::KeySetError;
use gatelaw_host::{Checked, files};

use crate::output::is_stdio;

/// The answer of a verb that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Exit code 0.
    Yes,
    /// Exit code 1.
    No,
}

/// Why a verb could not do its work.
pub(crate) enum Failure {
    /// Nobody reads stdout any more: `gatelaw … | head`. Not worth a word.
    ReaderGone,
    /// Something could not be read or written: exit code 3.
    Problems(Vec<Diagnostic>),
    /// A part of a policy could not be read: exit code 3, with what is wrong with the rest of it.
    Policy(Box<Checked>),
    /// The bytes are no artifact that this program reads: exit code 3.
    Artifact(PathBuf, LoadError),
    /// The bytes are no key set: exit code 3.
    Keys(PathBuf, KeySetError),
    /// The arguments don't fit the policy: exit code 2.
    Usage(String),
}

impl Failure {
    /// Says that `path` could not be written.
    pub(crate) fn writing(path: &Path, error: &io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::of(code::UNWRITABLE, "write", path, "stdout", error)
    }

    /// Says that `path` could not be read.
    pub(crate) fn reading(path: &Path, error: &io::Error) -> Self {
        Self::of(code::UNREADABLE, "read", path, "stdin", error)
    }

    fn of(code: Code, what: &str, path: &Path, stdio: &str, error: &io::Error) -> Self {
        let name = if is_stdio(path) { stdio.into() } else { path.display().to_string() };
        Self::from(Diagnostic::nowhere(code, format!("can't {what} `{name}`: {}", files::reason(error))))
    }
}

impl From<Diagnostic> for Failure {
    fn from(problem: Diagnostic) -> Self {
        Self::Problems(vec![problem])
    }
}
