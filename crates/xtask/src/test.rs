//! `cargo xtask test`: all that CI runs, one line a step, the sum at the end.

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use crate::count::{Count, Tally};
use crate::log::Log;
use crate::preflight;
use crate::project::{Project, Result};
use crate::{chromium, kong, nginx, npm, parity, python, rust, setup, worker};

/// Does one thing, and says how its tests are counted.
pub(crate) struct Step {
    name: &'static str,
    count: Count,
    run: fn(&Project, &mut Log) -> Result<()>,
}

/// The steps, in their order. A new one is a new line.
const STEPS: &[Step] = &[
    Step { name: "format", count: Count::Step, run: rust::format },
    Step { name: "lints", count: Count::Step, run: rust::lint },
    Step { name: "documentation", count: Count::Step, run: rust::document },
    Step { name: "rust", count: Count::Rust, run: rust::test },
    Step { name: "policies", count: Count::Policies, run: rust::test_policies },
    Step { name: "python package", count: Count::Step, run: python::build },
    Step { name: "python", count: Count::Pytest, run: python::test },
    Step { name: "python types", count: Count::Step, run: python::check_types },
    Step { name: "npm package", count: Count::Step, run: npm::build },
    Step { name: "node", count: Count::Tap, run: npm::test },
    Step { name: "typescript", count: Count::Step, run: npm::check_types },
    Step { name: "chromium", count: Count::Tap, run: chromium::test },
    Step { name: "worker", count: Count::Tap, run: worker::test },
    Step { name: "worker types", count: Count::Step, run: worker::check_types },
    Step { name: "c", count: Count::Tap, run: nginx::test_c },
    Step { name: "nginx", count: Count::Tap, run: nginx::test_lua },
    Step { name: "kong", count: Count::Tap, run: kong::test },
    Step { name: "parity", count: Count::Tap, run: parity::compare },
    Step { name: "http parity", count: Count::Tap, run: worker::test_http },
    Step { name: "fuzz", count: Count::Tap, run: rust::fuzz },
];

/// Names the steps.
pub(crate) fn list() {
    for step in STEPS {
        println!("{}", step.name);
    }
}

/// Chooses steps by name: all where none is named.
///
/// # Errors
/// A name that no step has.
pub(crate) fn chosen(names: &[&str]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        return Err(format!("no step is named `{unknown}`: `cargo xtask test --list` names them"));
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)).collect())
}

/// Runs steps, prints the sum on the last line, and answers whether all passed.
pub(crate) fn test(project: &Project, steps: &[&Step]) -> Result<bool> {
    if !preflight::preflight(project) {
        return Ok(false);
    }
    setup::setup(project)?;
    let mut sum = Tally::default();
    for step in steps {
        sum += step.test(project)?;
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(sum.failed == 0)
}

impl Step {
    /// Runs this step and prints its line; where something fails, its log too.
    fn test(&self, project: &Project) -> Result<Tally> {
        let is_terminal = std::io::stdout().is_terminal();
        if is_terminal {
            print!("{:<16}…", self.name);
            // Only a sign that something runs: no loss where it can't be shown.
            let _ = std::io::stdout().flush();
        }
        let start = Instant::now();
        let mut log = Log::begin(project, self.name)?;
        let failure = (self.run)(project, &mut log).err();
        let tally = self.count.tally(&log.text()?, failure.is_some());
        let Tally { passed, failed } = tally;
        let back = if is_terminal { "\r" } else { "" };
        println!("{back}{:<16}{passed:>6} passed {failed:>4} failed {:>8.1?}", self.name, start.elapsed());
        if tally.failed > 0 {
            println!("{}", log.tail());
            println!("{}: {}", self.name, failure.as_deref().unwrap_or("no test was found"));
        }
        Ok(tally)
    }
}
