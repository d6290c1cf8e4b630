//! `gatelaw fmt`: `.gate` files in the one style.

use std::io::{self, Read};
use std::path::Path;

use gatelaw::codes::files as code;
use gatelaw::diagnostic::Diagnostic;
use gatelaw::format::format;
use gatelaw::limits::SOURCE_BYTES_MAX;
use gatelaw::source::{Source, Sources};
use gatelaw_host::files::{self, PolicyFiles};
use gatelaw_host::is_about_text;
use serde::Serialize;

use crate::answer::{Answer, Failure};
use crate::args::FmtArguments;
use crate::output::{is_stdio, write_whole};
use crate::terminal::{Terminal, count, json_line};

pub(crate) fn run(arguments: &FmtArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    if let [path] = arguments.paths.as_slice()
        && is_stdio(path)
    {
        return format_stdin(arguments.check, terminal);
    }
    let mut files = files::read_texts(&arguments.paths);
    let problems = std::mem::take(&mut files.problems);
    terminal.problems(&problems);
    let mut summary = Summary { files: files.paths.len(), errors: problems.len(), ..Summary::default() };
    let mut named = String::new();
    for (source, path) in files.sources.files.iter().zip(&files.paths) {
        let Some(formatted) = formatted(source, &files.folder, terminal, &mut summary) else { continue };
        if formatted == source.text {
            continue;
        }
        if arguments.check {
            summary.unformatted += 1;
        } else {
            write_whole(path, formatted.as_bytes()).map_err(|error| Failure::writing(path, &error))?;
            summary.formatted += 1;
        }
        named += &file_line(&format!("{}{}", files.folder, source.name), arguments.check, terminal);
    }
    terminal.say(&(named + &summary.line(terminal)))?;
    if problems.iter().any(|problem| !is_about_text(problem)) {
        return Err(Failure::Problems(Vec::new()));
    }
    let is_done = summary.errors == 0 && summary.unformatted == 0;
    Ok(if is_done { Answer::Yes } else { Answer::No })
}

/// Formats one file, or says what is wrong with it: then it stays as it is, and the others are formatted.
fn formatted(source: &Source, folder: &str, terminal: &Terminal, summary: &mut Summary) -> Option<String> {
    match format(&source.name, &source.text) {
        Ok(formatted) => Some(formatted),
        Err(diagnostics) => {
            summary.errors += diagnostics.len();
            let sources = Sources { files: vec![source.clone()], ..Sources::default() };
            let files = PolicyFiles { sources, folder: folder.to_owned(), ..PolicyFiles::default() };
            terminal.diagnostics(&files, &diagnostics);
            None
        }
    }
}

/// Formats stdin to stdout, for editors. With `--check` the exit code is the answer.
fn format_stdin(is_check: bool, terminal: &Terminal) -> Result<Answer, Failure> {
    let text = match read_stdin()? {
        Ok(text) => text,
        Err(problem) => {
            terminal.problems(&[*problem]);
            return Ok(Answer::No);
        }
    };
    let mut summary = Summary::default();
    let source = Source { name: "stdin".into(), text };
    let Some(formatted) = formatted(&source, "", terminal, &mut summary) else { return Ok(Answer::No) };
    if is_check {
        return Ok(if formatted == source.text { Answer::Yes } else { Answer::No });
    }
    terminal.say(&formatted)?;
    Ok(Answer::Yes)
}

fn read_stdin() -> Result<Result<String, Box<Diagnostic>>, Failure> {
    let one_too_many = u64::try_from(SOURCE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(one_too_many).read_to_end(&mut bytes);
    read.map_err(|error| Failure::reading(Path::new("-"), &error))?;
    if bytes.len() > SOURCE_BYTES_MAX {
        let message = format!("`stdin` is larger than {} MiB", SOURCE_BYTES_MAX / (1024 * 1024));
        return Ok(Err(Diagnostic::nowhere(code::TOO_LARGE, message).into()));
    }
    Ok(files::text_of(Path::new("stdin"), bytes))
}

/// Names one file that was, or should be, written anew.
fn file_line(name: &str, is_check: bool, terminal: &Terminal) -> String {
    if terminal.is_json(false) {
        return json_line(&FileLine { file: name, formatted: !is_check });
    }
    if is_check { format!("not formatted: {name}\n") } else { format!("formatted {name}\n") }
}

/// One file, for programs.
#[derive(Serialize)]
struct FileLine<'f> {
    file: &'f str,
    formatted: bool,
}

/// What became of all files. Serialised, it is the last line for programs.
#[derive(Default, Serialize)]
struct Summary {
    files: usize,
    formatted: usize,
    unformatted: usize,
    errors: usize,
}

impl Summary {
    fn line(&self, terminal: &Terminal) -> String {
        if terminal.is_json(false) {
            return json_line(self);
        }
        let files = count(self.files, "file");
        let errors =
            if self.errors == 0 { String::new() } else { format!(", {}", count(self.errors, "error")) };
        match (self.formatted, self.unformatted) {
            (0, 0) => format!("{files}: nothing to format{errors}\n"),
            (0, unformatted) => format!("{files}: {unformatted} not formatted{errors}\n"),
            (formatted, _) => format!("{files}: {formatted} formatted{errors}\n"),
        }
    }
}
