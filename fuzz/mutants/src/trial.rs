//! Tries mutants: each by the tests that reach it, the cheapest first, until one fails.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::sync::{Mutex, PoisonError};

use crate::list::Mutant;
use crate::suite::{SLOW_SECONDS, Suite, Test};

/// Tests that are run by one process take this long together, at most, or are one.
const BATCH_SECONDS: f64 = 0.2;
/// A mutant that takes this many times as long as the code as it is loops, as far as anyone cares.
const TIMES: f64 = 10.0;
const CPU_SECONDS_MIN: f64 = 3.0;

/// What came of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// This test fails.
    Caught(String),
    /// These tests come to no end.
    Endless(String),
    /// All tests pass that reach it.
    Lived,
    /// No test reaches it.
    Unreached,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(test) => write!(f, "caught\t{test}"),
            Self::Endless(test) => write!(f, "endless\t{test}"),
            Self::Lived => f.write_str("lived\t"),
            Self::Unreached => f.write_str("unreached\t"),
        }
    }
}

/// How often a test has caught a mutant of a file: what caught its neighbours is tried early.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<BTreeMap<(String, String), u32>>);

impl Record {
    fn count(&self, file: &str, test: &str) -> u32 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&(file.to_owned(), test.to_owned())).copied().unwrap_or(0)
    }

    fn add(&self, file: &str, test: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((file.to_owned(), test.to_owned())).or_default() += 1;
    }
}

pub(crate) fn fate(suite: &Suite, mutant: &Mutant, small: bool, record: &Record) -> Result<Fate, String> {
    let number = mutant.number;
    let reaching = suite.tests.iter().filter(|test| test.reaches.contains(&number));
    let mut reaching: Vec<&Test> = reaching.collect();
    if reaching.is_empty() {
        return Ok(Fate::Unreached);
    }
    let worth = |test: &Test| test.seconds / (1.0 + 2.0 * f64::from(record.count(&mutant.file, &test.name)));
    reaching.sort_by(|a, b| worth(a).total_cmp(&worth(b)));
    if small {
        reaching.retain(|test| test.seconds <= SLOW_SECONDS);
    }
    for batch in batches(&reaching) {
        let fate = failure(suite, batch, number, small)?;
        if let Some(fate) = fate {
            if let Fate::Caught(test) | Fate::Endless(test) = &fate {
                record.add(&mutant.file, test);
            }
            return Ok(fate);
        }
    }
    Ok(Fate::Lived)
}

/// Parts of the tests, in their order, each of one program.
fn batches<'s, 't>(mut tests: &'s [&'t Test]) -> impl Iterator<Item = &'s [&'t Test]> {
    std::iter::from_fn(move || {
        let first = tests.first()?;
        let mut seconds = 0.0;
        let fits = |test: &&&Test| {
            seconds += test.seconds;
            test.program == first.program && (seconds <= BATCH_SECONDS || std::ptr::eq(**test, *first))
        };
        let count = tests.iter().take_while(fits).count();
        let (batch, rest) = tests.split_at_checked(count)?;
        tests = rest;
        Some(batch)
    })
}

fn failure(suite: &Suite, batch: &[&Test], number: u32, small: bool) -> Result<Option<Fate>, String> {
    let Some(program) = batch.first().and_then(|first| suite.programs.get(first.program)) else {
        return Ok(None);
    };
    let names: Vec<&str> = batch.iter().map(|test| test.name.as_str()).collect();
    let expected: f64 = batch.iter().map(|test| test.seconds).sum();
    let seconds = std::time::Duration::from_secs_f64((expected * TIMES).max(CPU_SECONDS_MIN)).as_secs();
    let output = program.command(&names, seconds, small).env("GATELAW_MUTANT", number.to_string()).output();
    let output = output.map_err(|error| format!("{}: {error}", names.join(", ")))?;
    match output.status.code() {
        Some(0) => Ok(None),
        // What `sh` says of a program that it can't start.
        Some(126 | 127) => Err(format!("the tests can't be started: {}", names.join(", "))),
        _ => Ok(Some(told(&output, &names))),
    }
}

fn told(output: &Output, names: &[&str]) -> Fate {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = lines.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    // What a process is killed for, the test that it was at was the last begun: libtest tells its name before it begins.
    let begun =
        lines.lines().filter_map(|line| line.strip_prefix("test ")?.split(" ... ").next()).next_back();
    let name = failed.or(begun).or(names.first().copied()).unwrap_or("").to_owned();
    match output.status.signal() {
        // SIGXCPU, or SIGKILL after it.
        Some(24 | 9) => Fate::Endless(name),
        _ => Fate::Caught(name),
    }
}
