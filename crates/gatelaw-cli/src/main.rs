//! The `gatelaw` program: policies in, answers out.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

mod answer;
mod args;
mod check;
mod compile;
mod decide;
mod explain;
mod fmt;
mod init;
mod inspect;
mod keys;
mod lines;
mod now;
mod output;
mod policy;
mod requests;
mod terminal;
mod test;
mod token;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::answer::{Answer, Failure};
use crate::args::{Arguments, TokenVerb, Verb};
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let command = Arguments::command().color(terminal::color_of_help(std::env::args_os()));
    let parsed = command.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help to a pipe that nobody reads any more is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let terminal = Terminal::new(arguments.format, arguments.color);
    let failure = match run(&arguments.verb, &terminal) {
        Ok(Answer::Yes) | Err(Failure::ReaderGone) => return ExitCode::SUCCESS,
        Ok(Answer::No) => return ExitCode::from(1),
        Err(failure) => failure,
    };
    match failure {
        Failure::ReaderGone => {}
        Failure::Problems(problems) => terminal.problems(&problems),
        Failure::Policy(checked) => terminal.diagnostics(&checked.files, &checked.diagnostics),
        Failure::Artifact(path, error) => terminal.artifact_refused(&path, &error),
        Failure::Keys(path, error) => terminal.keys_refused(&path, error),
        Failure::Usage(message) => {
            let error = Arguments::command().error(ErrorKind::ValueValidation, message);
            let _ = error.print();
            return ExitCode::from(2);
        }
    }
    ExitCode::from(3)
}

fn run(verb: &Verb, terminal: &Terminal) -> Result<Answer, Failure> {
    match verb {
        Verb::Init(arguments) => init::run(arguments, terminal),
        Verb::Check(arguments) => check::run(arguments, terminal),
        Verb::Fmt(arguments) => fmt::run(arguments, terminal),
        Verb::Test(arguments) => test::run(arguments, terminal),
        Verb::Compile(arguments) => compile::run(arguments, terminal),
        Verb::Inspect(arguments) => inspect::run(arguments, terminal),
        Verb::Decide(arguments) => decide::run(arguments, terminal),
        Verb::Explain(arguments) => explain::run(arguments, terminal),
        Verb::Token(TokenVerb::Check(arguments)) => token::run(arguments, terminal),
    }
}
