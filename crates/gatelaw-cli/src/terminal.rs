//! How the program speaks: results to stdout, diagnostics to stderr, for people or as JSON.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use gatelaw::diagnostic::{Diagnostic, Renderer};
use gatelaw::source::Sources;
use gatelaw_host::files::PolicyFiles;
use serde::Serialize;

use crate::answer::Failure;
use crate::args::{Color, Format};

/// Knows how to write on this terminal.
pub(crate) struct Terminal {
    format: Option<Format>,
    /// Whether stdout is coloured.
    pub(crate) out_color: bool,
    /// Whether stderr is coloured.
    err_color: bool,
}

impl Terminal {
    /// Reads the wishes of the user and of the environment.
    pub(crate) fn new(format: Option<Format>, color: Color) -> Self {
        // https://no-color.org: any value but the empty one.
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let wanted = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !no_color && !dumb,
        };
        Self {
            format,
            out_color: wanted(io::stdout().is_terminal()),
            err_color: wanted(io::stderr().is_terminal()),
        }
    }

    /// Whether results are JSON; `otherwise` where the user did not say.
    pub(crate) fn is_json(&self, otherwise: bool) -> bool {
        self.format.map_or(otherwise, |format| format == Format::Json)
    }

    /// Writes text to stdout.
    pub(crate) fn say(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|e| Failure::writing(Path::new("-"), &e))
    }

    /// Writes a result for programs to stdout: one line.
    pub(crate) fn say_json(&self, result: &impl Serialize) -> Result<(), Failure> {
        self.say(&json_line(result))
    }

    /// Writes what is wrong with a policy to stderr.
    pub(crate) fn diagnostics(&self, files: &PolicyFiles, diagnostics: &[Diagnostic]) {
        let renderer = Renderer::new(&files.sources).color(self.err_color).folder(&files.folder);
        // Where stderr is closed there is nobody to tell.
        let _ = self.render(&renderer, diagnostics);
    }

    /// Writes problems that belong to no text to stderr.
    pub(crate) fn problems(&self, problems: &[Diagnostic]) {
        let _ = self.render(&Renderer::new(&Sources::default()).color(self.err_color), problems);
    }

    fn render(&self, renderer: &Renderer<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
        let mut err = BufWriter::new(io::stderr().lock());
        for diagnostic in diagnostics {
            if self.is_json(false) {
                err.write_all(json_line(&renderer.report(diagnostic)).as_bytes())?;
            } else {
                writeln!(err, "{}", renderer.text(diagnostic))?;
            }
        }
        err.flush()
    }
}

/// Writes a value as one line of JSON.
pub(crate) fn json_line(value: &impl Serialize) -> String {
    // Our own types have text keys only and no number that JSON lacks, so nothing fails here.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

/// Counts in words: `no errors`, `1 error`, `2 errors`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Finds what `--color` says of help texts and of usage errors, which are written before arguments are understood.
pub(crate) fn color_of_help(arguments: impl Iterator<Item = OsString>) -> clap::ColorChoice {
    let words: Vec<OsString> = arguments.take_while(|word| word != "--").collect();
    let mut values = words.windows(2).filter_map(|pair| match pair {
        [flag, value] if flag == "--color" => value.to_str(),
        [_, word] => word.to_str()?.strip_prefix("--color="),
        _ => None,
    });
    match values.next_back() {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}
