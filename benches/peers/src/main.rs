//! Measures other engines on gatelaw's workload, each as its own documentation advises, beside gatelaw itself in the same run.
//!
//! `gatelaw-peers RESULTS [RULES …]` prints a table for each number of rules, and writes all of them to a file. An engine's time
//! is told only where every decision it was asked for is the expected one.

mod asked;
mod atc;
mod casbin;
mod cedar;
mod cel;
mod contest;
mod engine;
mod ours;
mod rego;
mod results;
mod slices;

use gatelaw_benches::Workload;

/// The sizes of policy that stand in the tables.
const RULES: [usize; 4] = [10, 100, 1_000, 10_000];
const REQUESTS: usize = 10_000;

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: gatelaw-peers RESULTS [RULES …]")?;
    let rules = arguments
        .map(|argument| argument.parse().map_err(|_| format!("`{argument}` is no number of rules")))
        .collect::<Result<Vec<usize>, String>>()?;
    let rules = if rules.is_empty() { RULES.to_vec() } else { rules };
    println!("one decision, identity prepared before; the least of many rounds, all engines taking turns");
    let mut rows = Vec::new();
    for rules in rules {
        let found = contest::hold(&Workload::new(1, rules, REQUESTS))?;
        results::print(rules, &found);
        rows.extend(found.into_iter().map(|row| (rules, row)));
    }
    std::fs::write(&file, results::text(&rows)).map_err(|error| format!("{file} can't be written: {error}"))
}
