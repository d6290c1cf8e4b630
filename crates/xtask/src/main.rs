//! The commands of this repository: `cargo xtask test`.

mod artifact;
mod count;
mod files;
mod log;
mod nginx;
mod npm;
mod preflight;
mod project;
mod python;
mod rust;
mod setup;
mod test;

use std::process::ExitCode;

use project::Project;

const USAGE: &str = "\
usage: cargo xtask test [STEP…]

Runs all that CI runs, or only the steps named; `--list` names them. Looks first for the tools it needs, and installs what
can be installed below target/.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["test", "--list"] => {
            test::list();
            Ok(true)
        }
        ["test", names @ ..] => match test::chosen(names) {
            Ok(steps) => Project::find().and_then(|project| test::test(&project, &steps)),
            Err(unknown) => return wrong_usage(&unknown),
        },
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(true)
        }
        _ => return wrong_usage("a command is needed: `test`"),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wrong_usage(message: &str) -> ExitCode {
    eprintln!("error: {message}\n\n{USAGE}");
    ExitCode::from(2)
}
