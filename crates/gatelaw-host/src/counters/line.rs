//! Counters as one line of JSON: what bindings make an object of, and what one instance of WebAssembly takes from another.
//!
//! By a table: what serde derives for as many numbers takes kibibytes of the module that browsers and Workers load.

use gatelaw::json::JsonText;

use super::{Counters, IssuerCounters, Number, Refusals, add, quoted};
use crate::json;

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

    /// Goes on from what stands in a line of [`Counters::to_line`], for the issuers of equal names. Answers whether it is one.
    pub(crate) fn adopt_line(&mut self, line: &str) -> bool {
        let Ok(JsonText::Object(members)) = json::parse_borrowed(line) else { return false };
        for (name, counted) in &members {
            match (name.as_ref(), counted) {
                ("refused", refused) => take(self.refused.numbers_mut(), refused),
                ("issuers", JsonText::Object(issuers)) => {
                    for (name, counted) in issuers {
                        if let Some(issuer) = self.issuers.iter_mut().find(|issuer| issuer.name == *name) {
                            take(issuer.numbers_mut(), counted);
                        }
                    }
                }
                _ => {}
            }
        }
        true
    }
}

/// Takes the numbers of a value, one after the other.
fn take<'n>(numbers: impl Iterator<Item = &'n mut u64>, counted: &JsonText<'_>) {
    let mut found = Vec::new();
    add_found(&mut found, counted);
    numbers.zip(found).for_each(|(number, found)| *number = found);
}

/// Lists the numbers in a value, as they stand there. How deep that is, the reader of JSON has counted.
fn add_found(found: &mut Vec<u64>, counted: &JsonText<'_>) {
    match counted {
        JsonText::Int(number) => found.push(u64::try_from(*number).unwrap_or(0)),
        // It grew beyond the half of all that there are, and stays at the largest.
        JsonText::OtherNumber => found.push(u64::MAX),
        JsonText::Object(members) => members.iter().for_each(|(_, member)| add_found(found, member)),
        JsonText::Null | JsonText::Bool(_) | JsonText::String(_) | JsonText::Array(_) => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(name: &str) -> IssuerCounters {
        IssuerCounters { name: name.to_owned(), ..IssuerCounters::default() }
    }

    fn counters(names: [&str; 2]) -> Counters {
        Counters { refused: Refusals::of_nobody(), issuers: names.map(issuer).into() }
    }

    #[test]
    fn a_line_is_taken_as_it_was_written() {
        let mut counted = counters(["a", "b"]);
        let Counters { refused, issuers } = &mut counted;
        let numbers = refused.numbers_mut().chain(issuers.iter_mut().flat_map(IssuerCounters::numbers_mut));
        numbers.zip(1..).for_each(|(number, at)| *number = at);
        counted.issuers[1].verified = u64::MAX;

        let mut next = counters(["b", "c"]);
        assert!(next.adopt_line(&counted.to_line()));
        assert_eq!(next.refused, counted.refused);
        assert_eq!(next.issuers, [counted.issuers[1].clone(), issuer("c")]);
    }

    #[test]
    fn nothing_is_taken_from_another_line() {
        let mut next = counters(["a", "b"]);
        assert_eq!(["", "[]", r#"{"v":1"#].map(|line| next.adopt_line(line)), [false; 3]);
        for line in ["{}", r#"{"refused":7,"issuers":[1],"more":{"a":1}}"#] {
            assert!(next.adopt_line(line));
        }
        assert_eq!(next.issuers, counters(["a", "b"]).issuers);
    }
}
