//! Tables for people, and one file of tab-separated lines from which the picture is drawn.

use std::fmt::Write as _;

use gatelaw_benches::clock::ratio;

use crate::contest::Row;

/// Prints the table of one number of rules, the fastest first.
pub(crate) fn print(rules: usize, rows: &[Row]) {
    let ours = rows.iter().find(|row| row.engine == "gatelaw").and_then(|row| row.ns).unwrap_or(1);
    println!("\n{rules} rules");
    println!("  {:<12}{:<30}{:>14}{:>12}  as expected", "engine", "way", "ns", "to gatelaw");
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| row.ns.unwrap_or(u64::MAX));
    for Row { engine, way, ns, right, asked } in rows {
        let [ns, to_ours] = match ns {
            Some(ns) => [ns.to_string(), ratio(*ns, ours)],
            None => ["not told".to_owned(), String::new()],
        };
        println!("  {engine:<12}{way:<30}{ns:>14}{to_ours:>12}  {right} of {asked}");
    }
}

/// Writes all rows as lines: engine, way, rules, nanoseconds or nothing, how many as expected, of how many.
pub(crate) fn text(rows: &[(usize, Row)]) -> String {
    let mut text = String::from("engine\tway\trules\tns\tas expected\tasked\n");
    for (rules, Row { engine, way, ns, right, asked }) in rows {
        let ns = ns.map(|ns| ns.to_string()).unwrap_or_default();
        // Writing to a `String` can't fail.
        _ = writeln!(text, "{engine}\t{way}\t{rules}\t{ns}\t{right}\t{asked}");
    }
    text
}
