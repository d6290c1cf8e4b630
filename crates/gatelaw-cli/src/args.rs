//! What can be written on the command line, and the texts of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::now::parse_now;

/// One law for every gate: checks, tests, compiles and explains access policies.
#[derive(Debug, Parser)]
#[command(name = "gatelaw", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = "\
Start here:
  gatelaw init my-policy          make a small project with a policy and its tests
  gatelaw test my-policy/policy   run the tests
  gatelaw explain --policy my-policy/policy my-policy/requests.jsonl

Exit codes:
  0  yes, or done       1  no: an error in a policy, a failed test, an unformatted file, a refused token
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
    /// Write `.gate` files in the one style; comments stay, the meaning too
    #[command(after_help = "\
Examples:
  gatelaw fmt policy           rewrite what is not in the style, and name it
  gatelaw fmt --check policy   only name it; exit code 1 if there is any
  gatelaw fmt -                from stdin to stdout, for editors")]
    Fmt(FmtArguments),
    /// Run the tests that stand in a policy
    #[command(after_help = "\
Example:
  gatelaw test policy

A test in the language:
  test \"staff read inside their tenant\" {
    request GET \"https://api.acme.com/v1/orders/42\"
    as okta { sub: \"u1\", groups: [\"Orders Staff\"], org_id: \"t1\" }
    expect allow by orders.read
  }")]
    Test(PolicyArguments),
    /// Compile a policy into one file, an artifact, that every gate loads
    #[command(after_help = "\
The same policy gives the same bytes on every machine. The file is written whole or not at all.

Examples:
  gatelaw compile policy -o policy.gatelaw
  gatelaw compile policy -o policy.gatelaw --stats   say what was built, and how large")]
    Compile(CompileArguments),
    /// Show what is in an artifact: versions, digests, what it reads, its cost, its rules
    #[command(after_help = "\
Examples:
  gatelaw inspect policy.gatelaw
  gatelaw inspect --format json policy.gatelaw | jq .policy")]
    Inspect(InspectArguments),
    /// Decide requests: one JSON line each in, one JSON line each out
    #[command(after_help = "\
A line that is no request is answered with an error line and named on stderr; the others are still decided.
The exit code is 0 whatever is decided. With `--format text` the answers are written for people.
With `--keys` or `--fetch` the tokens of requests are verified; without, they are refused: `token:no_verifier`.

Examples:
  gatelaw decide --policy policy requests.jsonl
  gatelaw decide --policy policy.gatelaw - < requests.jsonl > decisions.jsonl
  gatelaw decide --policy policy --keys okta=jwks.json requests.jsonl
  echo '{\"method\":\"GET\",\"scheme\":\"https\",\"host\":\"api.acme.com\",\"target\":\"/v1/orders\"}' |
    gatelaw decide --policy policy --now 2026-01-01T12:00:00Z")]
    Decide(RequestArguments),
    /// Say why requests are decided as they are: every matching rule, every test asked, and its line
    #[command(after_help = "\
Examples:
  gatelaw explain --policy policy requests.jsonl
  gatelaw explain --policy policy --format json requests.jsonl
  sed -n 3p requests.jsonl | gatelaw explain --policy policy")]
    Explain(RequestArguments),
    /// Say why a token is accepted or refused, and whom it names
    #[command(subcommand)]
    Token(TokenVerb),
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Check a token step by step, as every gate does: each check, and what token and policy say there
    #[command(after_help = "\
The exit code is 0 for a token that is accepted, 1 for one that is refused. The token is never shown whole, its signature and the
values of `secret` attributes not at all. Write `-` and give the token on stdin to keep it out of the shell's history.

Without the keys of its issuer a token is checked up to its key, and refused there. `--fetch` fetches them.

Examples:
  gatelaw token check --policy policy --keys jwks.json - < token.txt
  gatelaw token check --policy policy --keys okta=okta.json --keys github=github.json --now 2026-01-01T12:00:00Z -
  gatelaw token check --policy policy --fetch - < token.txt
  gatelaw token check --policy policy.gatelaw --format json - < token.txt")]
    Check(TokenArguments),
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

/// `gatelaw fmt [--check] PATH…`
#[derive(Debug, Args)]
pub(crate) struct FmtArguments {
    /// Folders or `.gate` files; `-` alone formats stdin to stdout
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Only name the files that are not in the style
    #[arg(long)]
    pub(crate) check: bool,
}

/// `gatelaw compile PATH… -o FILE [--stats]`
#[derive(Debug, Args)]
pub(crate) struct CompileArguments {
    /// A folder or `.gate` files
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The file to write; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Say what was built, how large it is, and why anything fell back
    #[arg(long)]
    pub(crate) stats: bool,
}

/// `gatelaw inspect ARTIFACT`
#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// A file that `gatelaw compile` wrote
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: PathBuf,
}

/// `gatelaw decide --policy PATH [--keys [ISSUER=]FILE] [--fetch] [FILE|-]`, and the same for `gatelaw explain`
#[derive(Debug, Args)]
pub(crate) struct RequestArguments {
    /// A folder, `.gate` files or an artifact; may repeat
    #[arg(long = "policy", value_name = "PATH", required = true)]
    pub(crate) policy: Vec<PathBuf>,
    /// The requests, one JSON line each; without it, or as `-`: stdin
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) requests: PathBuf,
    #[command(flatten)]
    pub(crate) keys: KeysArguments,
    /// The time of lines that have no `now`: `2026-01-01T12:00:00Z`, or Unix seconds
    #[arg(long, value_name = "INSTANT|SECONDS", value_parser = parse_now, allow_negative_numbers = true)]
    pub(crate) now: Option<i64>,
    /// Write there in place of stdout; `-` is stdout
    #[arg(short, long, value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) output: PathBuf,
}

/// `gatelaw token check --policy PATH [--keys [ISSUER=]FILE] [--fetch] TOKEN|-`
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// A folder, `.gate` files or an artifact; may repeat
    #[arg(long = "policy", value_name = "PATH", required = true)]
    pub(crate) policy: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) keys: KeysArguments,
    /// The time of the check, without it now: `2026-01-01T12:00:00Z`, or Unix seconds
    #[arg(long, value_name = "INSTANT|SECONDS", value_parser = parse_now, allow_negative_numbers = true)]
    pub(crate) now: Option<i64>,
    /// The SHA-256 of the client's certificate, as 64 lower-case hex digits, for tokens that are bound to one
    #[arg(long, value_name = "HEX")]
    pub(crate) client_cert: Option<String>,
    /// The token; `-` is stdin
    #[arg(value_name = "TOKEN")]
    pub(crate) token: OsString,
}

/// `--keys [ISSUER=]FILE`, `--fetch`
#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    /// The keys of an issuer, a JWKS file; the name may be left out where the policy has one issuer; may repeat
    #[arg(long = "keys", value_name = "[ISSUER=]FILE", value_parser = parse_keys)]
    pub(crate) keys: Vec<KeysArgument>,
    /// Fetch the other issuers' keys, by https; `--fetch=loopback`: also by http where they are on this machine
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "https",
        hide_possible_values = true
    )]
    pub(crate) fetch: Option<FetchBy>,
}

/// How keys are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FetchBy {
    /// By https.
    Https,
    /// By https, and by http from this machine.
    Loopback,
}

/// Whose keys stand in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeysArgument {
    pub(crate) issuer: Option<String>,
    pub(crate) file: PathBuf,
}

/// Reads `okta=okta.json` or `okta.json`. What stands before a `=` is an issuer where it can be a name; `./a=b` is a file.
///
/// # Errors
/// Where there is no file.
fn parse_keys(text: &str) -> Result<KeysArgument, String> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let (issuer, file) = match text.split_once('=').filter(|(name, _)| is_name(name)) {
        Some((name, file)) => (Some(name.to_owned()), file),
        None => (None, text),
    };
    match file {
        "" => Err("write the file of an issuer's keys: `jwks.json`, or `okta=okta.json`".into()),
        file => Ok(KeysArgument { issuer, file: file.into() }),
    }
}
