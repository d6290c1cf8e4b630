//! Prints tables: `cargo run --release -p gatelaw-benches [TABLE …] [RULES …]`; or the policy that they are about:
//! `cargo run --release -p gatelaw-benches policy 1000`. `runtimes FOLDER RULES REQUESTS` writes what `cargo xtask bench` needs;
//! `passes RULES GATELAW HAND` is what it counts the instructions of.

mod border;
mod decisions;
mod flood;
mod others;
mod passes;
mod runtimes;
mod sizes;
mod tokens;

use gatelaw_benches::Workload;

/// The sizes of policy that stand in the tables.
const RULES: [usize; 4] = [10, 100, 1_000, 10_000];

/// A table: its name on the command line, and what prints it for some numbers of rules.
type Table = (&'static str, fn(&[usize]) -> Result<(), String>);

const TABLES: [Table; 4] = [
    ("sizes", sizes::print),
    ("decisions", decisions::print),
    ("border", border::print),
    ("tokens", tokens::print),
];

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [runtimes, folder, rules, requests] = arguments.as_slice()
        && runtimes == "runtimes"
    {
        let number = |text: &String| text.parse().map_err(|_| format!("`{text}` is no number"));
        return runtimes::print(folder.as_ref(), number(rules)?, number(requests)?);
    }
    if let [passes, rules, gatelaw, by_hand] = arguments.as_slice()
        && passes == "passes"
    {
        let number = |text: &String| text.parse().map_err(|_| format!("`{text}` is no number"));
        return passes::run(number(rules)?, number(gatelaw)?, number(by_hand)?);
    }
    let (mut rules, mut named, mut writes) = (Vec::new(), Vec::new(), false);
    for argument in arguments {
        if argument == "policy" {
            writes = true;
            continue;
        }
        match (argument.parse(), TABLES.iter().find(|(name, _)| *name == argument)) {
            (Ok(number), _) => rules.push(number),
            (Err(_), Some(table)) => named.push(*table),
            (Err(_), None) => {
                let names = TABLES.map(|(name, _)| name).join(", ");
                return Err(format!("`{argument}` is no table ({names}) and no number of rules"));
            }
        }
    }
    let rules = if rules.is_empty() { RULES.to_vec() } else { rules };
    let tables = if named.is_empty() { TABLES.to_vec() } else { named };
    if writes {
        print!(
            "{}",
            gatelaw_benches::policy::text(&Workload::new(1, rules.first().copied().unwrap_or(0), 0))
        );
        return Ok(());
    }
    println!("10,000 requests in turn, the least of many rounds; times, and ratios");
    tables.iter().try_for_each(|(_, print)| print(&rules))
}
