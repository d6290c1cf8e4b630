//! The tests, each with what it costs and which mutants it reaches.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Fewer rounds where a test makes its own cases: what lives on is tried with all of them.
pub(crate) const SMALL: [(&str, &str); 3] = [("POLICIES", "40"), ("REQUESTS", "30"), ("MUTATIONS", "1000")];

/// What Linux counts CPU time in.
const CLOCK_SECONDS: f64 = 0.01;

/// Tests that take longer are left for a pass in which all are tried.
pub(crate) const SLOW_SECONDS: f64 = 1.5;

/// A program of tests.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    folder: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Test {
    /// Its program's place among the programs.
    pub(crate) program: usize,
    pub(crate) name: String,
    pub(crate) seconds: f64,
    pub(crate) reaches: BTreeSet<u32>,
}

/// All tests, the cheapest first.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) programs: Vec<Program>,
    pub(crate) tests: Vec<Test>,
}

impl Program {
    /// Runs the named tests one after the other, within `seconds` of CPU time and 4 GB of addresses: a mutant may loop, or fill the memory.
    /// Other work on the machine comes first.
    pub(crate) fn command(&self, names: &[&str], seconds: u64, small: bool) -> Command {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -c 0; ulimit -v 4000000; ulimit -t {seconds}; exec nice -n 15 \"$@\"");
        command
            .args(["-c", &limited, "sh"])
            .arg(&self.path)
            .args(["--exact", "--test-threads=1"])
            .args(names);
        command.current_dir(&self.folder).stdin(Stdio::null()).stderr(Stdio::null());
        if small {
            command.envs(SMALL);
        }
        command
    }

    /// Its name without the digest that cargo adds.
    fn name(&self) -> String {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
        stem.rsplit_once('-').map_or(stem, |(name, _)| name).to_owned()
    }

    fn names(&self) -> Result<Vec<String>, String> {
        let output = Command::new(&self.path).args(["--list", "--format=terse"]).output();
        let output = output.map_err(|error| format!("{}: {error}", self.path.display()))?;
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(lines.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }
}

/// CPU time of the processes that this one has waited for; the machine may do other work, so what the clock says tells little.
fn children_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let (_, fields) = text.rsplit_once(')').unwrap_or_default();
    // Fields 16 and 17 of proc(5), the first after the name is the third.
    let ticks: f64 =
        fields.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks * CLOCK_SECONDS
}

impl Suite {
    /// Adds the tests to a list: those that a mutant is tried by where few cases will do.
    pub(crate) fn note(&self, list: &Path) -> Result<(), String> {
        let quick = self.tests.iter().filter(|test| test.seconds <= SLOW_SECONDS);
        let lines = quick.filter_map(|test| Some(line(self.programs.get(test.program)?, &test.name) + "\n"));
        let before = fs::read_to_string(list).unwrap_or_default();
        fs::write(list, before + &lines.collect::<String>())
            .map_err(|error| format!("{}: {error}", list.display()))
    }

    /// Runs each test alone, without a mutant, and notes which mutants it asks for; those on the list `known`, a line each, are left out.
    pub(crate) fn watched(
        built: Vec<(PathBuf, PathBuf)>,
        small: bool,
        folder: &Path,
        known: &str,
    ) -> Result<Self, String> {
        let known: BTreeSet<&str> = known.lines().collect();
        let programs: Vec<_> = built.into_iter().map(|(path, folder)| Program { path, folder }).collect();
        let mut tests = Vec::new();
        for (place, program) in programs.iter().enumerate() {
            for name in program.names()? {
                if !known.contains(line(program, &name).as_str()) {
                    tests.extend(watched(program, place, name, small, &folder.join("reached"))?);
                }
            }
        }
        tests.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        Ok(Self { programs, tests })
    }
}

/// Runs a test alone; `None` where it fails as it is, as one may that needs more than a copy of the repository.
fn watched(
    program: &Program,
    place: usize,
    name: String,
    small: bool,
    notes: &Path,
) -> Result<Option<Test>, String> {
    let failed = |error: std::io::Error| format!("{name}: {error}");
    fs::write(notes, "").map_err(failed)?;
    let mut command = program.command(&[&name], 3600, small);
    let before = children_seconds();
    let output = command.env("GATELAW_MUTANTS_REACHED", notes).output().map_err(failed)?;
    let seconds = (children_seconds() - before).max(CLOCK_SECONDS);
    if !output.status.success() {
        println!("{name} fails without a mutant, and is left out");
        return Ok(None);
    }
    let reached = fs::read_to_string(notes).map_err(failed)?;
    let reaches = reached.lines().filter_map(|line| line.parse().ok()).collect();
    Ok(Some(Test { program: place, name, seconds, reaches }))
}

fn line(program: &Program, test: &str) -> String {
    format!("{} {test}", program.name())
}
