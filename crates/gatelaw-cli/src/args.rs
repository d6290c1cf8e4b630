//! What can be written on the command line, and the texts of `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// One law for every gate: checks, tests, compiles and explains access policies.
#[derive(Debug, Parser)]
#[command(name = "gatelaw", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = "\
Start here:
  gatelaw init my-policy          make a small project with a policy and its tests

Exit codes:
  0  yes, or done       1  no: an error in a policy, a failed test, an unformatted file
  2  wrong usage        3  something could not be read or written

Results go to stdout, diagnostics to stderr.")]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// How to write results and diagnostics: for people, or as one JSON object a line
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        hide_possible_values = true,
        help = "How to write: `text` or `json`"
    )]
    pub(crate) format: Option<Format>,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true,
        help = "When to use colours: `auto`, `always` or `never`; `auto` heeds NO_COLOR"
    )]
    pub(crate) color: Color,
}

/// How to write results and diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a small project: a policy, its tests, a list and requests to try
    #[command(after_help = "\
Example:
  gatelaw init my-policy

DIR is made if it is not there. A folder that holds anything (but `.git`) is refused and left as it is.")]
    Init(InitArguments),
    /// Look for mistakes in a policy: all of them at once, in all files
    #[command(after_help = "\
All paths together are one policy: a folder with all folders below it, or `.gate` files.

Examples:
  gatelaw check policy
  gatelaw check policy/*.gate
  gatelaw check --format json policy 2> diagnostics.jsonl")]
    Check(PolicyArguments),
}

/// `gatelaw init DIR`
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The folder to make the project in
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// `gatelaw check PATH…`, `gatelaw test PATH…`
#[derive(Debug, Args)]
pub(crate) struct PolicyArguments {
    /// A folder or `.gate` files
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}
