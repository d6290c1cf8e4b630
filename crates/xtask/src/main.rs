//! The commands of this repository: `cargo xtask demo`, `test`, `decide` and `bench`.

mod artifact;
mod bench;
mod chromium;
mod count;
mod debian;
mod demo;
mod files;
mod kong;
mod log;
mod nginx;
mod npm;
mod parity;
mod preflight;
mod project;
mod python;
mod rust;
mod setup;
mod test;
mod worker;

use std::process::ExitCode;

use project::Project;

const USAGE: &str = "\
usage: cargo xtask demo
       cargo xtask test [STEP…]
       cargo xtask decide --runtime RUNTIME --policy PATH FILE
       cargo xtask bench [peers | draw | instructions | plugin | worker]

demo    shows what gatelaw does, on the policies of this repository
test    runs all that CI runs, or only the steps named; --list names them
decide  puts the requests in FILE, one a line, to a policy in one runtime: rust, python, node, workerd,
        chromium or luajit
bench   prints what gatelaw costs, beside what is written by hand, and in every language beside Rust; with
        `peers` beside other engines, whose figures it keeps in the repository; `draw` makes a picture of
        those; with `instructions` as counted by valgrind, beside what was counted before; with `plugin` the CPU
        that Kong's plugin adds to a request; with `worker` the requests a second that go through the Worker, by wrk

Those that need more than Rust look first for their tools, and install what can be installed below target/.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["demo"] => Project::find().and_then(|project| demo::demo(&project)),
        ["test", "--list"] => {
            test::list();
            Ok(true)
        }
        ["test", names @ ..] => match test::chosen(names) {
            Ok(steps) => Project::find().and_then(|project| test::test(&project, &steps)),
            Err(unknown) => return wrong_usage(&unknown),
        },
        ["decide", "--runtime", runtime, "--policy", policy, requests] => Project::find()
            .and_then(|project| parity::decide(&project, runtime, policy.as_ref(), requests.as_ref())),
        ["bench"] => Project::find().and_then(|project| bench::bench(&project)),
        ["bench", "peers"] => Project::find().and_then(|project| bench::peers::run(&project)).map(|()| true),
        ["bench", "draw"] => {
            Project::find().and_then(|project| bench::picture::draw(&project)).map(|()| true)
        }
        ["bench", "instructions"] => {
            Project::find().and_then(|project| bench::instructions::run(&project)).map(|()| true)
        }
        ["bench", "worker"] => Project::find().and_then(|project| worker::measure(&project)).map(|()| true),
        ["bench", "plugin"] => Project::find().and_then(|project| kong::measure(&project)).map(|()| true),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(true)
        }
        _ => return wrong_usage("a command is needed: `demo`, `test`, `decide` or `bench`"),
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
