//! The list of one-line mistakes of the plan compiler, `mutants.txt`, and whether the tests catch each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const LIST: &str = include_str!("../mutants.txt");
/// What the crates of the core need to be built and tested somewhere else.
const COPIED: [&str; 6] = ["Cargo.toml", "Cargo.lock", "crates", "bindings", "benches", "policies"];
/// The tests that hold the plan to the reference: over generated policies, and over what is written down.
const TESTS: [&str; 6] = [
    "--package=gatelaw-conformance",
    "--test=plan",
    "--test=corpus",
    "--test=properties",
    "--lib",
    "--quiet",
];
/// A test that any other plan fails, one that decides the same too: what it catches says nothing.
const SKIPPED: [&str; 3] = ["--", "--skip", "every_digest_is_of_this_compiler"];

/// A mistake: one line of a file as it is, and as it must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutant {
    /// The file, from the root of the repository.
    pub file: &'static str,
    /// What goes wrong for a user.
    pub breaks: &'static str,
    /// What stands there.
    pub line: &'static str,
    /// What is put in its place.
    pub replacement: &'static str,
}

/// Reads the list.
///
/// # Errors
/// A paragraph that lacks a line.
pub fn mutants() -> Result<Vec<Mutant>, String> {
    let paragraphs = LIST.split("\n\n").skip(1);
    paragraphs
        .map(|text| paragraph(text.trim_end()).ok_or_else(|| format!("a line is missing:\n{text}")))
        .collect()
}

fn paragraph(text: &'static str) -> Option<Mutant> {
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim_start);
    Some(Mutant {
        file: line("file ")?,
        breaks: line("breaks ")?,
        line: line("- ")?,
        replacement: line("+ ")?,
    })
}

impl Mutant {
    /// Makes the mistake in the text of its file.
    ///
    /// # Errors
    /// Where the line doesn't stand there exactly once.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(self.line).count() {
            1 => Ok(text.replace(self.line, self.replacement)),
            count => Err(format!("{}: `{}` stands there {count} times, not once", self.file, self.line)),
        }
    }
}

/// What came of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A test fails.
    Caught,
    /// All tests pass.
    Survived,
    /// It doesn't compile, and says nothing.
    Unbuilt,
}

/// Makes mutants in a copy of the repository, one after the other.
#[derive(Debug)]
pub struct Trial {
    copy: PathBuf,
    target: PathBuf,
}

impl Trial {
    /// Copies the repository at `root` into `folder`, which is made anew but for what was built there.
    ///
    /// # Errors
    /// What can't be copied.
    pub fn new(root: &Path, folder: &Path) -> Result<Self, String> {
        let copy = folder.join("copy");
        let failed = |error: std::io::Error| format!("{}: {error}", copy.display());
        if copy.exists() {
            fs::remove_dir_all(&copy).map_err(failed)?;
        }
        fs::create_dir_all(&copy).map_err(failed)?;
        for name in COPIED {
            copied(&root.join(name), &copy.join(name)).map_err(failed)?;
        }
        Ok(Self { copy, target: folder.join("target") })
    }

    /// Runs the tests on a mutant, or on the code as it is.
    ///
    /// # Errors
    /// A file that can't be read or written, or a cargo that can't be started.
    pub fn fate(&self, mutant: Option<&Mutant>) -> Result<Fate, String> {
        let Some(mutant) = mutant else { return self.tested() };
        let path = self.copy.join(mutant.file);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(failed)?;
        fs::write(&path, mutant.apply(&text)?).map_err(failed)?;
        let fate = self.tested();
        fs::write(&path, text).map_err(failed)?;
        fate
    }

    fn tested(&self) -> Result<Fate, String> {
        if !self.cargo(&["--no-run"])? {
            return Ok(Fate::Unbuilt);
        }
        Ok(if self.cargo(&[])? { Fate::Survived } else { Fate::Caught })
    }

    fn cargo(&self, more: &[&str]) -> Result<bool, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .arg("test")
            .args(TESTS)
            .args(more)
            .args(SKIPPED)
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", &self.target);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.map(|status| status.success()).map_err(|error| format!("cargo: {error}"))
    }
}

fn copied(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copied(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
