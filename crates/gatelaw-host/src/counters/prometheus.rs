//! Counters in the text format of Prometheus 0.0.4, the same bytes in every runtime.

use std::fmt::Write as _;

use super::{Counters, IssuerCounters, Refusals};

/// What is written of one issuer in a family.
type OfIssuer = fn(&IssuerCounters, &mut Samples<'_>);

const TOKENS: &str = "gatelaw_tokens_total";
const REFUSALS: &str = "gatelaw_token_refusals_total";

/// Name, help, and what is written of each issuer.
const FAMILIES: [(&str, &str, OfIssuer); 7] = [
    (TOKENS, "Tokens judged, by what became of them.", |issuer, samples| {
        samples.add(&[("result", "accepted")], issuer.accepted());
        samples.add(&[("result", "refused")], issuer.refused.total());
        samples.add(&[("result", "keys_unavailable")], issuer.keys_unavailable);
    }),
    ("gatelaw_tokens_remembered_total", "Accepted tokens that were verified before.", |issuer, samples| {
        samples.add(&[], issuer.remembered)
    }),
    (
        "gatelaw_tokens_by_stale_keys_total",
        "Accepted tokens whose key was stale: its endpoint gave no newer set in time.",
        |issuer, samples| samples.add(&[], issuer.by_stale_keys),
    ),
    (REFUSALS, "Tokens refused, by code.", |issuer, samples| samples.add_refusals(&issuer.refused)),
    (
        "gatelaw_clock_skew_suspected_total",
        "Tokens inside the leeway, or minutes beyond: the gate's clock is behind the issuer's, or ahead.",
        |issuer, samples| {
            let skew = &issuer.clock_skew_suspected;
            for (clock, counts) in [("behind", skew.behind), ("ahead", skew.ahead)] {
                samples.add(&[("clock", clock), ("result", "accepted")], counts.accepted);
                samples.add(&[("clock", clock), ("result", "refused")], counts.refused);
            }
        },
    ),
    ("gatelaw_key_fetches_begun_total", "Fetches of keys begun.", |issuer, samples| {
        samples.add(&[], issuer.key_fetches.begun);
    }),
    (
        "gatelaw_key_fetches_total",
        "Fetches of keys ended, by how: with keys, or with what failed.",
        |issuer, samples| {
            let (succeeded, failed) = (issuer.key_fetches.succeeded, issuer.key_fetches.failed);
            samples.add(&[("outcome", "succeeded")], succeeded);
            samples.add(&[("outcome", "fetch")], failed.fetch);
            samples.add(&[("outcome", "discovery")], failed.discovery);
            samples.add(&[("outcome", "keys")], failed.keys);
        },
    ),
];

impl Counters {
    /// Writes them in the [text format of Prometheus](https://prometheus.io/docs/instrumenting/exposition_formats/), version 0.0.4.
    ///
    /// Each series is there from the start, with 0. Tokens whose issuer isn't known have no label `issuer`.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for (family, help, of_issuer) in FAMILIES {
            text.extend(["# HELP ", family, " ", help, "\n# TYPE ", family, " counter\n"]);
            let mut samples = Samples { text: &mut text, family, issuer: None };
            match family {
                TOKENS => samples.add(&[("result", "refused")], self.refused.total()),
                REFUSALS => samples.add_refusals(&self.refused),
                _ => {}
            }
            for issuer in &self.issuers {
                of_issuer(issuer, &mut Samples { text: &mut text, family, issuer: Some(&issuer.name) });
            }
        }
        text
    }
}

/// Writes the samples of one issuer.
struct Samples<'t> {
    text: &'t mut String,
    family: &'static str,
    issuer: Option<&'t str>,
}

impl Samples<'_> {
    /// Writes `family{issuer="okta",result="accepted"} 3`.
    fn add(&mut self, labels: &[(&str, &str)], count: u64) {
        self.text.push_str(self.family);
        let issuer = self.issuer.map(|name| ("issuer", name));
        let mut before = '{';
        for (name, value) in issuer.iter().chain(labels) {
            self.text.push(before);
            self.text.extend([name, "=\""]);
            self.text.extend(value.chars().flat_map(escaped));
            self.text.push('"');
            before = ',';
        }
        // To write into a text never fails.
        let _ = writeln!(self.text, "}} {count}");
    }

    fn add_refusals(&mut self, refusals: &Refusals) {
        for (code, count) in refusals.iter() {
            self.add(&[("code", &format!("token:{code}"))], count);
        }
    }
}

/// Escapes a character of a label's value. No name of a policy has one that needs it; an artifact that no compiler made might.
fn escaped(char: char) -> impl Iterator<Item = char> {
    let (slash, char) = match char {
        '\n' => (Some('\\'), 'n'),
        '\\' | '"' => (Some('\\'), char),
        _ => (None, char),
    };
    slash.into_iter().chain([char])
}
