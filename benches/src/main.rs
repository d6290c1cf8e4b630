//! Prints tables: `cargo run --release -p gatelaw-benches [RULES …]`.

mod border;
mod decisions;
mod sizes;

/// The sizes of policy that stand in the tables.
const RULES: [usize; 4] = [10, 100, 1_000, 10_000];

fn main() -> Result<(), String> {
    let named: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| text.parse().map_err(|_| format!("`{text}` is no number of rules")))
        .collect::<Result<_, _>>()?;
    let rules = if named.is_empty() { RULES.to_vec() } else { named };
    println!("10,000 requests in turn, the least of many rounds; ns, and ratios");
    sizes::print(&rules)?;
    decisions::print(&rules)?;
    border::print(rules.last().copied().unwrap_or(0))
}
