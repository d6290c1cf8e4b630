//! `cargo xtask bench instructions`: how many instructions a decision takes, counted by valgrind. Times differ from run to run on
//! a machine that does other work too; this doesn't, so that a change of some percent is seen.
//!
//! What was counted last is kept in [`FILE`] and told beside. Nothing fails where it differs: another compiler counts otherwise.

use std::fmt::Write as _;
use std::process::Command;

use super::ratio;
use crate::files;
use crate::log::Log;
use crate::preflight::said;
use crate::project::{Project, Result};

const FILE: &str = "benches/instructions.tsv";
const RULES: [u64; 4] = [10, 100, 1_000, 10_000];
/// How many requests are decided in one pass of the program that is counted.
const REQUESTS: u64 = 10_000;
/// Writes what was counted to the file.
const VARIABLE: &str = "GATELAW_BLESS";

/// Instructions of one decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    rules: u64,
    by_hand: u64,
    gatelaw: u64,
}

/// Counts, prints the table, and writes it where that is asked for.
pub(crate) fn run(project: &Project) -> Result<()> {
    said("valgrind", &["--version"]).map_err(|found| {
        format!("instructions are counted by valgrind, and {found}: Debian: apt-get install valgrind")
    })?;
    let mut log = Log::begin(project, "bench instructions")?;
    eprintln!("building, then counting: some minutes");
    log.run(&mut project.cargo(["build", "--release", "--package=gatelaw-benches"]))
        .map_err(|error| format!("{error}\n{}", log.tail()))?;
    let before = before(project)?;
    println!(
        "instructions of one decision from raw strings, identity prepared before; canonical form included"
    );
    println!(
        "{:>9}{:>12}{:>12}{:>12}{:>9}{:>12}",
        "rules", "by hand", "gatelaw", "to by hand", "growth", "before"
    );
    let mut counted: Vec<Counted> = Vec::new();
    for rules in RULES {
        let now = count(project, &mut log, rules).map_err(|error| format!("{error}\n{}", log.tail()))?;
        counted.push(now);
        let first = counted.first().map_or(1, |first| first.gatelaw);
        let [to_hand, growth] = [now.by_hand, first].map(|to| ratio(now.gatelaw, to));
        let before = before.iter().find(|before| before.rules == rules);
        let before = before.map_or("-".to_owned(), |before| before.gatelaw.to_string());
        println!("{rules:>9}{:>12}{:>12}{to_hand:>12}{growth:>9}{before:>12}", now.by_hand, now.gatelaw);
    }
    if std::env::var_os(VARIABLE).is_some() {
        files::write(&project.at(FILE), &text(&said("rustc", &["--version"])?, &counted))?;
        println!("written to {FILE}");
    }
    Ok(())
}

/// Counts one and two passes of each: the difference is one pass, without what the program does before.
fn count(project: &Project, log: &mut Log, rules: u64) -> Result<Counted> {
    let once = passes(project, log, rules, 1, 1)?;
    let each = |twice: u64| twice.saturating_sub(once) / REQUESTS;
    let gatelaw = each(passes(project, log, rules, 2, 1)?);
    let by_hand = each(passes(project, log, rules, 1, 2)?);
    Ok(Counted { rules, by_hand, gatelaw })
}

/// Counts all instructions of the program that decides in so many passes.
fn passes(project: &Project, log: &mut Log, rules: u64, gatelaw: u64, by_hand: u64) -> Result<u64> {
    let said = project.made("bench/callgrind.txt");
    files::write(&said, "")?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", said.display())).arg(super::benches(project)).arg("passes");
    log.run(command.args([rules, gatelaw, by_hand].map(|number| number.to_string())))?;
    let said = files::read(&said)?;
    collected(&said).ok_or_else(|| format!("valgrind counts nothing:\n{said}"))
}

/// Finds the count in what valgrind says.
fn collected(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// Reads what was counted last.
fn before(project: &Project) -> Result<Vec<Counted>> {
    let path = project.at(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let row = |line: &str| {
        let mut numbers = line.split('\t').map(|number| number.parse().ok());
        Some(Counted { rules: numbers.next()??, by_hand: numbers.next()??, gatelaw: numbers.next()?? })
    };
    Ok(files::read(&path)?.lines().filter_map(row).collect())
}

fn text(compiler: &str, counted: &[Counted]) -> String {
    let mut text = format!("# {compiler}\nrules\tby hand\tgatelaw\n");
    for Counted { rules, by_hand, gatelaw } in counted {
        // Writing to a `String` can't fail.
        _ = writeln!(text, "{rules}\t{by_hand}\t{gatelaw}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        let said = "==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n==7== I   refs:      1,234,567\n";
        assert_eq!(collected(said), Some(1_234_567));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }
}
