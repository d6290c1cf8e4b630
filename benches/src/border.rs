//! A request as JSON text to a decision as JSON text, beside parsing that JSON alone into typed structs.

use gatelaw::{Session, Sources, compile};
use gatelaw_benches::clock::{least_ns, ratio};
use gatelaw_benches::{Workload, policy};
use serde::Deserialize;

const REQUESTS: usize = 10_000;
const ROUNDS: usize = 15;

/// A request line as a program would write its type if this policy were the only one.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed to be timed, never read")]
struct Line {
    method: String,
    scheme: String,
    host: String,
    target: String,
    headers: Vec<(String, String)>,
    ip: String,
    facts: Facts,
    now: i64,
    identity: Option<Identity>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed to be timed, never read")]
struct Facts {
    country: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed to be timed, never read")]
struct Identity {
    issuer: String,
    claims: Claims,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed to be timed, never read")]
struct Claims {
    sub: String,
    groups: Vec<String>,
    scp: Vec<String>,
    org_id: String,
    mfa: bool,
    status: Option<String>,
    email: Option<String>,
    team: Option<String>,
    locale: Option<String>,
    plan: Option<String>,
    region: Option<String>,
    device: Option<String>,
}

/// Prints a row for each number of rules.
pub(crate) fn print(rules: &[usize]) -> Result<(), String> {
    println!("\na request as JSON text, claims in it, to a decision as JSON text: ns");
    println!(
        "{:>9} {:>14} {:>12} {:>9} {:>12}",
        "rules", "bytes a line", "typed parse", "gatelaw", "to parse"
    );
    rules.iter().try_for_each(|rules| row(*rules))
}

fn row(rules: usize) -> Result<(), String> {
    let workload = Workload::new(1, rules, REQUESTS);
    let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload)))
        .map_err(|errors| format!("the policy has {} errors", errors.len()))?;
    let lines: Vec<String> = workload.requests.iter().map(|r| policy::request_line(&workload, r)).collect();
    let mut session = Session::new(&compiled.plan);
    let (mut parsed, mut answered) = (0, 0);
    let [parse, decide] = least_ns(
        ROUNDS,
        [
            &mut || {
                let typed = lines.iter().filter(|line| serde_json::from_str::<Line>(line).is_ok());
                parsed += typed.count();
            },
            &mut || {
                let answers = lines.iter().map(|line| gatelaw_host::decide_line(&mut session, line, None));
                answered += answers.filter(|answer| answer.contains("\"effect\"")).count();
            },
        ],
    );
    if parsed != answered {
        return Err(format!("{parsed} lines are parsed, {answered} are answered"));
    }
    let bytes: usize = lines.iter().map(String::len).sum();
    let (bytes, parse, decide) = (bytes / REQUESTS, parse / 10_000, decide / 10_000);
    println!("{rules:>9} {bytes:>14} {parse:>12} {decide:>9} {:>12}", ratio(decide, parse));
    Ok(())
}
