//! Hosts: which sets of host patterns a host belongs to, as classes that one lookup finds.

use std::collections::{BTreeMap, BTreeSet};

use crate::lower::HostScope;
use crate::needs::Relaxations;
use crate::policy::{HostPattern, Policy};

/// Sets of host patterns, and how their hosts relax the canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostClass {
    /// The sets that match, sorted; always with set 0, "every host".
    pub(crate) scopes: Vec<u32>,
    pub(crate) relaxations: Relaxations,
}

/// Tables from texts to classes. A host is looked for as it is, then without its first label, then without more.
#[derive(Debug, Default)]
pub(crate) struct HostTables {
    pub(crate) classes: Vec<HostClass>,
    /// By whole host.
    pub(crate) exact: BTreeMap<String, u32>,
    /// By what follows the first label.
    pub(crate) one_label: BTreeMap<String, u32>,
    /// By the longest suffix that one label or more stand before.
    pub(crate) below: BTreeMap<String, u32>,
}

/// Builds the tables; class 0 is that of a host that no pattern names.
pub(crate) fn host_tables(policy: &Policy, scopes: &[HostScope], service_scopes: &[u32]) -> HostTables {
    let mut by_pattern: BTreeMap<&HostPattern, Vec<u32>> = BTreeMap::new();
    for (number, scope) in (0_u32..).zip(scopes) {
        for pattern in scope {
            by_pattern.entry(pattern).or_default().push(number);
        }
    }
    let relaxations = |scopes: &[u32]| {
        let services = policy.services.iter().zip(service_scopes);
        services.filter(|(_, s)| scopes.contains(s)).map(|(s, _)| s.relaxations).next().unwrap_or_default()
    };
    let mut numbers = BTreeMap::new();
    let mut tables = HostTables::default();
    let mut class = |matching: Vec<HostPattern>| {
        let found = matching.iter().filter_map(|p| by_pattern.get(p)).flatten().copied();
        let scopes: BTreeSet<u32> = found.chain([0]).collect();
        let scopes: Vec<u32> = scopes.into_iter().collect();
        let next = u32::try_from(tables.classes.len()).unwrap_or(u32::MAX);
        *numbers.entry(scopes.clone()).or_insert_with(|| {
            tables.classes.push(HostClass { relaxations: relaxations(&scopes), scopes });
            next
        })
    };
    class(Vec::new());
    let (mut exact, mut one_label, mut below) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for pattern in by_pattern.keys() {
        match pattern {
            HostPattern::Exact(host) => exact.insert(host.clone(), class(patterns_of(host))),
            HostPattern::OneLabel(suffix) => {
                one_label.insert(suffix.clone(), class(patterns_below(suffix, true)))
            }
            HostPattern::Labels(suffix) => below.insert(suffix.clone(), class(patterns_below(suffix, false))),
        };
    }
    HostTables { exact, one_label, below, ..tables }
}

/// Lists the patterns that could match a whole host.
fn patterns_of(host: &str) -> Vec<HostPattern> {
    let mut patterns = vec![HostPattern::Exact(host.to_owned())];
    if let (Some((_, suffix)), false) = (host.split_once('.'), is_address(host)) {
        patterns.extend(patterns_below(suffix, true));
    }
    patterns
}

/// Lists the patterns that could match a host with one label, or more than one, before a suffix.
fn patterns_below(suffix: &str, one: bool) -> Vec<HostPattern> {
    let mut patterns: Vec<_> = one.then(|| HostPattern::OneLabel(suffix.to_owned())).into_iter().collect();
    let mut rest = Some(suffix);
    while let Some(suffix) = rest {
        patterns.push(HostPattern::Labels(suffix.to_owned()));
        rest = suffix.split_once('.').map(|(_, rest)| rest);
    }
    patterns
}

/// Says whether a canonical host is an address, which has no labels.
pub(crate) fn is_address(host: &str) -> bool {
    let is_dotted = || crate::address::parse_ip(host.as_bytes()).is_some();
    host.starts_with('[') || (host.starts_with(|first: char| first.is_ascii_digit()) && is_dotted())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses have no labels: no pattern fits them.
    #[test]
    fn only_whole_addresses_are_addresses() {
        for (host, expected) in [
            ("192.0.2.1", true),
            ("[2001:db8::1]", true),
            ("192.0.2.1.example", false),
            ("1.example", false),
            ("api.example", false),
            ("192.0.2", false),
            ("2001:db8::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(is_address(host), expected, "{host}");
        }
    }
}
