//! Counters as one line of JSON: what bindings make an object of.
//!
//! By a table: what serde derives for as many numbers takes kibibytes of the module that browsers and Workers load.

use super::{Counters, IssuerCounters, Number, Refusals, add, quoted};

/// What stands before each number of an issuer; those of its refused tokens stand between both.
const BEFORE_REFUSED: [(&str, Number); 4] = [
    (r#":{"verified":"#, |issuer| issuer.verified),
    (r#","remembered":"#, |issuer| issuer.remembered),
    (r#","by_stale_keys":"#, |issuer| issuer.by_stale_keys),
    (r#","keys_unavailable":"#, |issuer| issuer.keys_unavailable),
];
const BEHIND_REFUSED: [(&str, Number); 9] = [
    (r#","clock_skew_suspected":{"behind":{"accepted":"#, |issuer| {
        issuer.clock_skew_suspected.behind.accepted
    }),
    (r#","refused":"#, |issuer| issuer.clock_skew_suspected.behind.refused),
    (r#"},"ahead":{"accepted":"#, |issuer| issuer.clock_skew_suspected.ahead.accepted),
    (r#","refused":"#, |issuer| issuer.clock_skew_suspected.ahead.refused),
    (r#"}},"key_fetches":{"begun":"#, |issuer| issuer.key_fetches.begun),
    (r#","succeeded":"#, |issuer| issuer.key_fetches.succeeded),
    (r#","failed":{"fetch":"#, |issuer| issuer.key_fetches.failed.fetch),
    (r#","discovery":"#, |issuer| issuer.key_fetches.failed.discovery),
    (r#","keys":"#, |issuer| issuer.key_fetches.failed.keys),
];

impl Counters {
    /// Writes them as one line of JSON, with members in a fixed order, by the names that they have here.
    // Into what is built for speed it would be inlined with its tables unrolled, which is half of what all counters add to a module.
    #[inline(never)]
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::from(r#"{"v":1"#);
        add_refusals(&mut line, &self.refused);
        let mut before = r#","issuers":{"#;
        for issuer in &self.issuers {
            line.extend([before, &quoted(&issuer.name)]);
            add_numbers(&mut line, &BEFORE_REFUSED, issuer);
            add_refusals(&mut line, &issuer.refused);
            add_numbers(&mut line, &BEHIND_REFUSED, issuer);
            line.push_str("}}}");
            before = ",";
        }
        line.push_str(if self.issuers.is_empty() { r#","issuers":{}}"# } else { "}}" });
        line
    }
}

fn add_numbers(line: &mut String, numbers: &[(&str, Number)], issuer: &IssuerCounters) {
    for (before, number) in numbers {
        add(line, &[before], number(issuer));
    }
}

/// Adds `,"refused":{"token:size":0}`, by the reason of the decisions.
fn add_refusals(line: &mut String, refusals: &Refusals) {
    let mut before = r#","refused":{"token:"#;
    for (code, count) in refusals.iter() {
        add(line, &[before, code.name(), "\":"], count);
        before = r#","token:"#;
    }
    line.push('}');
}
