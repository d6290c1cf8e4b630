//! What cargo-mutants lists: where a mutant is, and what is put there.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// A mutant, and its number: its place in the list, from 1 on.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mutant {
    #[serde(skip)]
    pub(crate) number: u32,
    /// The file, from the root of the repository.
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) genre: Genre,
    /// What is put in the place of the span.
    pub(crate) replacement: String,
    span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Span {
    start: Position,
    end: Position,
}

/// Both count from 1; columns are characters.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

/// Asks cargo-mutants for the mutants that a configuration names.
pub(crate) fn list(root: &Path, config: &Path) -> Result<Vec<Mutant>, String> {
    let mut command = Command::new("cargo-mutants");
    command.args(["mutants", "--list", "--json", "--config"]).arg(config).current_dir(root);
    let output = command
        .output()
        .map_err(|error| format!("cargo-mutants: {error}: docs/mutants.md says how it is installed"))?;
    if !output.status.success() {
        return Err(format!("cargo-mutants: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let listed: Vec<Mutant> =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("its list: {error}"))?;
    Ok(listed.into_iter().zip(1..).map(|(mutant, number)| Mutant { number, ..mutant }).collect())
}

impl Mutant {
    /// The bytes of `text`, its file, that it replaces.
    pub(crate) fn range(&self, text: &str) -> Option<Range<usize>> {
        Some(offset(text, self.span.start)?..offset(text, self.span.end)?)
    }

    /// The folder of the crate that it is in.
    pub(crate) fn package(&self) -> Option<&str> {
        self.file.split_once("/src/").map(|(package, _)| package)
    }
}

fn offset(text: &str, position: Position) -> Option<usize> {
    let line_at: usize = text.split_inclusive('\n').take(position.line.checked_sub(1)?).map(str::len).sum();
    let line = text.get(line_at..)?.lines().next().unwrap_or("");
    let columns = position.column.checked_sub(1)?;
    Some(line_at + line.chars().take(columns).map(char::len_utf8).sum::<usize>())
}
