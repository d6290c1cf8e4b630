//! How the program speaks: results to stdout, diagnostics to stderr, for people or as JSON.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use gatelaw::artifact::LoadError;
use gatelaw::diagnostic::{Diagnostic, Renderer, Report, Severity};
use gatelaw::policy::Issuer;
use gatelaw::source::Sources;
use gatelaw_host::files::PolicyFiles;
use gatelaw_host::keys::KeySetError;
use gatelaw_host::{FetchError, Paint};
use serde::Serialize;

use crate::answer::Failure;
use crate::args::{Color, Format};

/// Knows how to write on this terminal.
pub(crate) struct Terminal {
    format: Option<Format>,
    out_color: bool,
    err_color: bool,
}

impl Terminal {
    /// Reads the wishes of the user and of the environment.
    pub(crate) fn new(format: Option<Format>, color: Color) -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let (no_color, term) = (variable("NO_COLOR"), variable("TERM"));
        let out_color = is_colored(color, io::stdout().is_terminal(), &no_color, &term);
        let err_color = is_colored(color, io::stderr().is_terminal(), &no_color, &term);
        Self { format, out_color, err_color }
    }

    /// Whether results are JSON; `otherwise` where the user did not say.
    pub(crate) fn is_json(&self, otherwise: bool) -> bool {
        self.format.map_or(otherwise, |format| format == Format::Json)
    }

    /// Paints words on stdout.
    pub(crate) fn paint(&self) -> Paint {
        Paint::new(self.out_color)
    }

    /// Writes text to stderr that is no diagnostic.
    pub(crate) fn remark(&self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
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

    /// Says why an artifact was refused.
    pub(crate) fn artifact_refused(&self, path: &Path, error: &LoadError) {
        self.report(&Report {
            code: error.code().into(),
            severity: Severity::Error.word(),
            message: format!("can't load `{}`: {error}", path.display()),
            place: None,
            labels: Vec::new(),
            help: Vec::new(),
            page: "docs/program.md#artifacts".into(),
        });
    }

    /// Says why a key set was refused.
    pub(crate) fn keys_refused(&self, path: &Path, error: KeySetError) {
        self.report(&Report {
            code: error.code.name().into(),
            severity: Severity::Error.word(),
            message: format!("can't take the keys of `{}`: {error}", path.display()),
            place: None,
            labels: Vec::new(),
            help: Vec::new(),
            page: "docs/program.md#key-sets".into(),
        });
    }

    /// Says why the keys of an issuer could not be fetched.
    pub(crate) fn fetch_failed(&self, issuer: &Issuer, error: &FetchError) {
        self.report(&Report {
            code: error.code().into(),
            severity: Severity::Error.word(),
            message: format!("can't fetch the keys of `{}`: {error}", issuer.name),
            place: None,
            labels: Vec::new(),
            help: Vec::new(),
            page: "docs/program.md#key-sets".into(),
        });
    }

    /// Says what is wrong with something that is no policy text; a place has a line and no column.
    pub(crate) fn report(&self, report: &Report) {
        if self.is_json(false) {
            return self.remark(&json_line(report));
        }
        let paint = Paint::new(self.err_color);
        let kind = paint.red(&format!("{}[{}]", report.severity, report.code));
        let mut text = format!("{kind}{}\n", paint.bold(&format!(": {}", report.message)));
        if let Some(place) = &report.place {
            text += &format!(" --> {}:{}\n", place.file, place.line);
        }
        self.remark(&(text + "\n"));
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

/// Says whether a stream is coloured. Any `NO_COLOR` but the empty one is heeded (<https://no-color.org>).
fn is_colored(color: Color, is_terminal: bool, no_color: &str, term: &str) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && no_color.is_empty() && term != "dumb",
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

/// Writes a number with commas between thousands: `12,345`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert!(is_colored(Color::Auto, true, "", "xterm"));
        assert!(!is_colored(Color::Auto, false, "", "xterm"));
        assert!(!is_colored(Color::Auto, true, "1", "xterm"));
        assert!(!is_colored(Color::Auto, true, "", "dumb"));
        assert!(is_colored(Color::Always, false, "1", "dumb"));
        assert!(!is_colored(Color::Never, true, "", "xterm"));
    }

    #[test]
    fn counts_read_as_words() {
        let counts = [0, 1, 2].map(|number| count(number, "file"));
        assert_eq!(counts, ["no files", "1 file", "2 files"]);
        assert_eq!([7, 1_000, 1_234_567].map(thousands), ["7", "1,000", "1,234,567"]);
    }
}
