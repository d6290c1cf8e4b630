//! `cargo xtask bench`: what gatelaw costs, as tables: beside what is written by hand, and in every runtime beside Rust; beside
//! other engines, in times and as a picture; and in instructions.

pub(crate) mod instructions;
pub(crate) mod peers;
pub(crate) mod picture;
mod results;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::log::Log;
use crate::preflight;
use crate::project::{Project, Result};
use crate::{files, nginx, npm, python, setup};

/// How many rules the policy has that every runtime decides by.
const RULES: &str = "1000";

/// How many requests are asked in turn, and what that tells.
const REQUESTS: [(&str, &str); 2] = [
    ("200", "over and over: they are in the processor's caches, as what a server has just read"),
    (
        "10000",
        "in turn: as objects of a language they lie apart, and most have left the caches until they come again",
    ),
];

/// What is asked for in the same way in several languages, and how the rows of each are named.
struct Door {
    title: &'static str,
    rows: &'static [(&'static str, &'static str)],
    /// How the row of a runtime is named that says what the same costs written by hand there.
    by_hand: Option<&'static str>,
}

const DOORS: [Door; 4] = [
    Door {
        title: "a line of JSON to a line of JSON",
        rows: &[
            ("rust", "text"),
            ("node", "policy.decideJson"),
            ("python", "decide_json"),
            ("luajit", "text"),
        ],
        by_hand: None,
    },
    Door {
        title: "a request and its claims to a decision",
        rows: &[
            ("rust", "values"),
            ("node", "gate.decide"),
            ("python", "decide, keywords"),
            ("luajit", "values"),
        ],
        by_hand: Some("by hand, values"),
    },
    Door {
        title: "a request to a decision, the caller mapped before",
        rows: &[
            ("rust", "prepared"),
            ("node", "gate.decide, caller mapped before"),
            ("python", "decide, caller mapped before"),
            ("luajit", "prepared"),
        ],
        by_hand: Some("by hand, prepared"),
    },
    Door {
        title: "a request to whether it may pass, the caller mapped before",
        rows: &[
            ("rust", "verdict"),
            ("node", "gate.allows, caller mapped before"),
            ("python", "allows, caller mapped before"),
            ("luajit", "verdict"),
        ],
        by_hand: Some("by hand, prepared"),
    },
];

/// A row of a runtime's own table: what was asked, and the nanoseconds of one request.
struct Row {
    runtime: &'static str,
    door: String,
    ns: u64,
}

/// Prints the tables, and answers whether all went well.
pub(crate) fn bench(project: &Project) -> Result<bool> {
    if !preflight::preflight(project) {
        return Ok(false);
    }
    setup::setup(project)?;
    eprintln!("building releases");
    let mut log = Log::begin(project, "bench")?;
    let folder = project.made("bench");
    files::make_folder(&folder)?;
    let library = build(project, &mut log, &folder).map_err(|error| format!("{error}\n{}", log.tail()))?;
    if !Command::new(benches(project)).status().is_ok_and(|status| status.success()) {
        return Err("the benches failed".to_owned());
    }
    println!("\n{RULES} rules in every runtime: nanoseconds a request, how many times Rust's,");
    println!("and beside what somebody would write by hand in that language, how many times that;");
    println!(
        "what is written by hand reads no header, and takes each request for one that can be read in one way"
    );
    for (requests, told) in REQUESTS {
        let rows = measured(project, &mut log, &folder, &library, requests);
        let rows = rows.map_err(|error| format!("{error}\n{}", log.tail()))?;
        println!("\n{requests} requests {told}");
        DOORS.iter().try_for_each(|door| print(door, &rows))?;
    }
    Ok(true)
}

/// Prints what one way to ask costs in every language.
fn print(door: &Door, rows: &[Row]) -> Result<()> {
    println!("  {}", door.title);
    let find = |runtime: &str, name: &str| rows.iter().find(|row| row.runtime == runtime && row.door == name);
    let native = door.rows.first().and_then(|(runtime, name)| find(runtime, name)).map_or(1, |row| row.ns);
    for (runtime, name) in door.rows {
        let Some(row) = find(runtime, name) else { return Err(format!("{runtime} has no row {name}")) };
        let by_hand = door.by_hand.and_then(|name| find(runtime, name));
        let beside = by_hand.map_or(String::new(), |by| format!("{:>9} {:>7}", by.ns, ratio(row.ns, by.ns)));
        println!("    {runtime:<8} {name:<24} {:>9} {:>7} {beside}", row.ns, ratio(row.ns, native));
    }
    Ok(())
}

fn benches(project: &Project) -> PathBuf {
    project.made("release/gatelaw-benches")
}

/// Builds what is measured, as it is released, and answers where the C library stands.
fn build(project: &Project, log: &mut Log, folder: &Path) -> Result<PathBuf> {
    log.run(&mut project.cargo([
        "build",
        "--release",
        "--package=gatelaw-benches",
        "--package=gatelaw-kong",
    ]))?;
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    files::copy(
        &project.made(&format!("release/{prefix}gatelaw_kong{suffix}")),
        &folder.join(format!("{prefix}gatelaw{suffix}")),
    )?;
    python::install(project, log, &["--release"])?;
    npm::build(project, log)?;
    Ok(folder.to_owned())
}

fn measured(
    project: &Project,
    log: &mut Log,
    folder: &Path,
    library: &Path,
    requests: &str,
) -> Result<Vec<Row>> {
    let said = folder.join("said.txt");
    let [artifact, lines, lua, known, known_lua] =
        ["policy.gatelaw", "requests.jsonl", "requests.lua", "workload.json", "workload.lua"]
            .map(|name| folder.join(name));
    let mut rows = Vec::new();
    let native = &mut Command::new(benches(project));
    log.run_into(native.arg("runtimes").arg(folder).args([RULES, requests]), None, &said)?;
    rows.extend(rows_of("rust", &files::read(&said)?));
    let node = &mut npm::script(project, "speed.js");
    log.run_into(node.args([&artifact, &lines, &known]), None, &said)?;
    rows.extend(rows_of("node", &files::read(&said)?));
    let python = &mut python::python(project, &["benches/decide.py"]);
    log.run_into(python.args([&artifact, &lines, &known]), None, &said)?;
    rows.extend(rows_of("python", &files::read(&said)?));
    let asked = format!("{}\n{}\n{}\n", artifact.display(), lua.display(), known_lua.display());
    rows.extend(rows_of("luajit", &nginx::measure(project, log, library, &asked)?));
    Ok(rows)
}

/// Reads the rows of a table: what was asked, nanoseconds, a ratio.
fn rows_of(runtime: &'static str, table: &str) -> Vec<Row> {
    let row = |line: &str| {
        let (rest, _ratio) = line.trim_end().rsplit_once(' ')?;
        let (door, ns) = rest.trim_end().rsplit_once(' ')?;
        let ns = ns.replace(',', "").parse().ok()?;
        Some(Row { runtime, door: door.trim().to_owned(), ns })
    };
    table.lines().filter_map(row).collect()
}

fn ratio(of: u64, to: u64) -> String {
    let hundredths = of.saturating_mul(100) / to.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_other_lines_are_left() {
        let table = "                 ns a request    ratio\n  gate.decide              1,234     1.00\ndecide, keywords  9 0.01\n";
        let rows: Vec<(String, u64)> =
            rows_of("node", table).into_iter().map(|row| (row.door, row.ns)).collect();
        assert_eq!(rows, [("gate.decide".to_owned(), 1_234), ("decide, keywords".to_owned(), 9)]);
    }
}
