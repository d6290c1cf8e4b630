//! Counters in the text format of Prometheus 0.0.4, the same bytes in every runtime.

use super::{Counters, IssuerCounters, Number, Refusals, add, quoted};

/// What is counted under one name.
struct Family {
    name: &'static str,
    help: &'static str,
    /// What is counted of each issuer, and what stands behind its name.
    samples: &'static [(&'static str, Number)],
}

const TOKENS: &str = "gatelaw_tokens_total";
const REFUSALS: &str = "gatelaw_token_refusals_total";

const FAMILIES: [Family; 7] = [
    Family {
        name: TOKENS,
        help: "Tokens judged, by what became of them.",
        samples: &[
            (r#",result="accepted"} "#, IssuerCounters::accepted),
            (r#",result="refused"} "#, |issuer| issuer.refused.total()),
            (r#",result="keys_unavailable"} "#, |issuer| issuer.keys_unavailable),
        ],
    },
    Family {
        name: "gatelaw_tokens_remembered_total",
        help: "Accepted tokens that were verified before.",
        samples: &[("} ", |issuer| issuer.remembered)],
    },
    Family {
        name: "gatelaw_tokens_by_stale_keys_total",
        help: "Accepted tokens whose key was stale: its endpoint gave no newer set in time.",
        samples: &[("} ", |issuer| issuer.by_stale_keys)],
    },
    // By code.
    Family { name: REFUSALS, help: "Tokens refused, by code.", samples: &[] },
    Family {
        name: "gatelaw_clock_skew_suspected_total",
        help: "Tokens inside the leeway, or minutes beyond: the gate's clock is behind the issuer's, or ahead.",
        samples: &[
            (r#",clock="behind",result="accepted"} "#, |issuer| issuer.clock_skew_suspected.behind.accepted),
            (r#",clock="behind",result="refused"} "#, |issuer| issuer.clock_skew_suspected.behind.refused),
            (r#",clock="ahead",result="accepted"} "#, |issuer| issuer.clock_skew_suspected.ahead.accepted),
            (r#",clock="ahead",result="refused"} "#, |issuer| issuer.clock_skew_suspected.ahead.refused),
        ],
    },
    Family {
        name: "gatelaw_key_fetches_begun_total",
        help: "Fetches of keys begun.",
        samples: &[("} ", |issuer| issuer.key_fetches.begun)],
    },
    Family {
        name: "gatelaw_key_fetches_total",
        help: "Fetches of keys ended, by how: with keys, or with what failed.",
        samples: &[
            (r#",outcome="succeeded"} "#, |issuer| issuer.key_fetches.succeeded),
            (r#",outcome="fetch"} "#, |issuer| issuer.key_fetches.failed.fetch),
            (r#",outcome="discovery"} "#, |issuer| issuer.key_fetches.failed.discovery),
            (r#",outcome="keys"} "#, |issuer| issuer.key_fetches.failed.keys),
        ],
    },
];

impl Counters {
    /// Writes them in the [text format of Prometheus](https://prometheus.io/docs/instrumenting/exposition_formats/), version 0.0.4.
    ///
    /// Each series is there from the start, with 0. Tokens whose issuer isn't known have no label `issuer`.
    // As `to_line`.
    #[inline(never)]
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for Family { name, help, samples } in &FAMILIES {
            text.extend(["# HELP ", name, " ", help, "\n# TYPE ", name, " counter\n"]);
            match *name {
                TOKENS => add_sample(&mut text, &[name, r#"{result="refused"} "#], self.refused.total()),
                REFUSALS => add_refusals(&mut text, "{", "", &self.refused),
                _ => {}
            }
            for counted in &self.issuers {
                let issuer = quoted(&counted.name);
                for (labels, number) in *samples {
                    add_sample(&mut text, &[name, "{issuer=", &issuer, labels], number(counted));
                }
                if *name == REFUSALS {
                    add_refusals(&mut text, "{issuer=", &format!("{issuer},"), &counted.refused);
                }
            }
        }
        text
    }
}

fn add_refusals(text: &mut String, before: &str, issuer: &str, refusals: &Refusals) {
    for (code, count) in refusals.iter() {
        add_sample(text, &[REFUSALS, before, issuer, "code=\"token:", code.name(), "\"} "], count);
    }
}

/// Adds a line such as `gatelaw_tokens_total{issuer="okta",result="accepted"} 3`.
fn add_sample(text: &mut String, before: &[&str], count: u64) {
    add(text, before, count);
    text.push('\n');
}
