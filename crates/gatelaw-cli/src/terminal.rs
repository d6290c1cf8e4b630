//! How the program speaks: results to stdout, diagnostics to stderr, for people or as JSON.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use gatelaw::diagnostic::Diagnostic;

use crate::answer::Failure;
use crate::args::{Color, Format};

/// Knows how to write on this terminal.
pub(crate) struct Terminal {
    /// `--format`, where it was given.
    #[expect(dead_code, reason = "read by the verbs that are landing")]
    pub(crate) format: Option<Format>,
    /// Whether stdout is coloured.
    #[expect(dead_code, reason = "read by the verbs that are landing")]
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

    /// Writes text to stdout.
    pub(crate) fn say(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|e| Failure::writing(Path::new("-"), &e))
    }

    /// Writes problems that belong to no text to stderr.
    pub(crate) fn problems(&self, problems: &[Diagnostic]) {
        let mut text = String::new();
        for problem in problems {
            let paint = if self.err_color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
            text += &format!("{}error[{}]{}: {}\n", paint.0, problem.code, paint.1, problem.message);
            for help in &problem.help {
                text += &format!("  help: {help}\n");
            }
        }
        // Where stderr is closed there is nobody to tell.
        let _ = io::stderr().write_all(text.as_bytes());
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
