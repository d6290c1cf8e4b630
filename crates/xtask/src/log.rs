//! Runs commands with their output in a log: shown where something fails, counted where tests ran.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::files;
use crate::project::{Project, Result};

/// Takes the output of one step, in the file `target/logs/STEP.log`.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Begins the log of a step anew.
    pub(crate) fn begin(project: &Project, step: &str) -> Result<Self> {
        let path = project.made(&format!("logs/{}.log", step.replace(' ', "-")));
        files::write(&path, "")?;
        let file = File::options().append(true).open(&path);
        let file = file.map_err(|error| format!("{} can't be opened: {error}", path.display()))?;
        Ok(Self { path, file })
    }

    /// Adds a line.
    pub(crate) fn say(&mut self, line: &str) -> Result<()> {
        writeln!(self.file, "{line}")
            .map_err(|error| format!("{} can't be written: {error}", self.path.display()))
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// What can't be started, or ends with another code than 0.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        let line = line_of(command);
        self.say(&format!("$ {line}"))?;
        let status = self.attach(command)?.status();
        let status = status.map_err(|error| format!("`{line}` can't be started: {error}"))?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("`{line}` ended with {status}")),
        }
    }

    /// Runs commands beside each other, all to their ends; what they say stands in the order in which they say it.
    ///
    /// # Errors
    /// The first that can't be started, or ends with another code than 0.
    pub(crate) fn run_together(&mut self, commands: &mut [Command]) -> Result<()> {
        let mut running = Vec::new();
        let mut failed = None;
        for command in commands {
            let line = line_of(command);
            self.say(&format!("$ {line} &"))?;
            match self.attach(command)?.spawn() {
                Ok(child) => running.push((line, child)),
                Err(error) => failed = failed.or(Some(format!("`{line}` can't be started: {error}"))),
            }
        }
        for (line, mut child) in running {
            failed = failed.or(match child.wait() {
                Ok(status) if status.success() => None,
                Ok(status) => Some(format!("`{line}` ended with {status}")),
                Err(error) => Some(format!("`{line}` can't be waited for: {error}")),
            });
        }
        failed.map_or(Ok(()), Err)
    }

    /// Runs a command to its end, with its input from a file, if any, and its output into another.
    ///
    /// # Errors
    /// What can't be started, or ends with another code than 0.
    pub(crate) fn run_into(&mut self, command: &mut Command, from: Option<&Path>, into: &Path) -> Result<()> {
        let at = |path: &Path| {
            let path = path.display().to_string();
            move |error: std::io::Error| format!("{path} can't be opened: {error}")
        };
        let line = line_of(command);
        self.say(&format!("$ {line} > {}", into.display()))?;
        self.attach(command)?.stdout(File::create(into).map_err(at(into))?);
        if let Some(from) = from {
            command.stdin(File::open(from).map_err(at(from))?);
        }
        let status = command.status().map_err(|error| format!("`{line}` can't be started: {error}"))?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("`{line}` ended with {status}")),
        }
    }

    /// Sends the output of a command that isn't started yet into this log.
    pub(crate) fn attach<'a>(&self, command: &'a mut Command) -> Result<&'a mut Command> {
        let twice = || {
            self.file.try_clone().map_err(|error| format!("{} can't be shared: {error}", self.path.display()))
        };
        Ok(command.stdin(Stdio::null()).stdout(twice()?).stderr(twice()?))
    }

    /// Reads what was logged; bytes that are no text are replaced.
    pub(crate) fn text(&self) -> Result<String> {
        let bytes = std::fs::read(&self.path);
        let bytes = bytes.map_err(|error| format!("{} can't be read: {error}", self.path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Shows the end of the log, and says where the rest stands.
    pub(crate) fn tail(&self) -> String {
        const LINES_MAX: usize = 100;
        let text = self.text().unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let shown = lines.get(lines.len().saturating_sub(LINES_MAX)..).unwrap_or_default();
        format!("{}\n(the whole log: {})", shown.join("\n"), self.path.display())
    }
}

/// Writes a command as one would type it; long arguments, programs of their own, are left out.
fn line_of(command: &Command) -> String {
    const ARGUMENT_CHARS_MAX: usize = 200;
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy());
    let words = words.map(|word| if word.chars().count() > ARGUMENT_CHARS_MAX { "…".into() } else { word });
    words.collect::<Vec<_>>().join(" ")
}
