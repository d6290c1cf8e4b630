//! What a policy costs before the first decision: time to compile, size, time to load.

use gatelaw::{Sources, artifact, compile};
use gatelaw_benches::clock::{least_ns, once_ns};
use gatelaw_benches::{Workload, policy};

/// Prints a row for each number of rules.
pub(crate) fn print(rules: &[usize]) -> Result<(), String> {
    println!("\nfrom text to a loaded plan");
    println!("{:>9} {:>12} {:>12} {:>15} {:>12}", "rules", "compile ms", "bytes", "bytes a rule", "load µs");
    for rules in rules {
        let sources = Sources::from_text("bench.gate", &policy::text(&Workload::new(1, *rules, 0)));
        let mut bytes = Err(String::from("the policy has errors"));
        let mut compile_ns = u64::MAX;
        for _ in 0..3 {
            compile_ns = compile_ns.min(once_ns(&mut || {
                bytes =
                    compile(&sources).map(|c| c.plan.to_bytes()).map_err(|e| format!("{} errors", e.len()));
            }));
        }
        let bytes = bytes?;
        let mut loaded = true;
        let [load_ns] = least_ns(9, [&mut || loaded &= artifact::load_unsigned(&bytes).is_ok()]);
        if !loaded {
            return Err("an artifact is not loaded".into());
        }
        let (each, micros) = (bytes.len() / rules.max(&1), load_ns / 1_000);
        println!("{rules:>9} {:>12} {:>12} {each:>15} {micros:>12}", compile_ns / 1_000_000, bytes.len());
    }
    Ok(())
}
