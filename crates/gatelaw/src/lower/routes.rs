//! Places: where rules apply, with captures turned into numbers of segments.

use std::collections::BTreeMap;

use crate::policy::{HostPattern, Policy, Route, Rule, RuleId, Segment, TrailingSlash};

/// A set of host patterns, sorted; empty: every host.
pub(crate) type HostScope = Vec<HostPattern>;

/// One way in which a rule can apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alternative {
    /// The rule.
    pub(crate) rule: RuleId,
    /// The hosts, by number in [`super::Places::scopes`].
    pub(crate) scope: u32,
    /// The methods and the path; `None`: everywhere.
    pub(crate) place: Option<Place>,
    /// Which segment each `{name}` captures.
    pub(crate) captures: BTreeMap<String, u32>,
}

/// Methods and a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The methods, sorted; empty: any.
    pub(crate) methods: Vec<String>,
    /// The segments.
    pub(crate) segments: Vec<Segment>,
    /// Whether anything may follow.
    pub(crate) rest: bool,
    /// What it asks of a trailing slash.
    pub(crate) trailing_slash: TrailingSlash,
}

/// How a path is compared at a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reading {
    /// Byte for byte.
    Exact,
    /// `case fold`: with ASCII letters folded.
    Folded,
}

impl Reading {
    /// Folds a text of a pattern where the reading says so.
    pub(crate) fn of(self, text: &str) -> String {
        match self {
            Self::Exact => text.to_owned(),
            Self::Folded => text.to_ascii_lowercase(),
        }
    }
}

/// All alternatives of a policy, and the hosts that they name.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) alternatives: Vec<Alternative>,
    /// The distinct sets of host patterns; the first is "every host".
    pub(crate) scopes: Vec<HostScope>,
    /// By service: its scope, and the place of all that is below its base.
    pub(crate) services: Vec<(u32, Place)>,
}

/// Finds every way in which the rules of a policy can apply.
pub(crate) fn places(policy: &Policy) -> Places {
    let scopes = scopes(policy);
    let services =
        policy.services.iter().map(|s| (scope_of(&scopes, &s.hosts), below(&s.base))).collect::<Vec<_>>();
    let mut alternatives = Vec::new();
    for (number, rule) in (0_u32..).zip(&policy.rules) {
        let service = rule.service.and_then(|s| services.get(usize::try_from(s.0).ok()?));
        alternatives.extend(alternatives_of(RuleId(number), rule, service));
    }
    Places { alternatives, scopes, services }
}

fn scopes(policy: &Policy) -> Vec<HostScope> {
    let mut scopes: Vec<HostScope> = policy.services.iter().map(|s| sorted(&s.hosts)).collect();
    scopes.push(Vec::new());
    scopes.sort();
    scopes.dedup();
    scopes
}

fn sorted(hosts: &[HostPattern]) -> HostScope {
    let mut hosts = hosts.to_vec();
    hosts.sort();
    hosts.dedup();
    hosts
}

fn scope_of(scopes: &[HostScope], hosts: &[HostPattern]) -> u32 {
    let at = scopes.binary_search(&sorted(hosts)).unwrap_or(0);
    u32::try_from(at).unwrap_or(0)
}

/// Makes the place of `base/**`.
fn below(base: &[String]) -> Place {
    Place {
        methods: Vec::new(),
        segments: base.iter().cloned().map(Segment::Literal).collect(),
        rest: true,
        trailing_slash: TrailingSlash::Any,
    }
}

fn alternatives_of(id: RuleId, rule: &Rule, service: Option<&(u32, Place)>) -> Vec<Alternative> {
    let scope = service.map_or(0, |(scope, _)| *scope);
    let with =
        |place: Place, captures| Alternative { rule: id, scope, place: somewhere(scope, place), captures };
    match (&rule.routes, service) {
        (Some(routes), _) => routes.iter().map(|r| with(place_of(r), r.captures.clone())).collect(),
        (None, Some((_, below))) => vec![with(below.clone(), BTreeMap::new())],
        (None, None) => vec![with(below(&[]), BTreeMap::new())],
    }
}

fn place_of(route: &Route) -> Place {
    Place {
        methods: route.methods.clone(),
        segments: route.segments.clone(),
        rest: route.rest,
        trailing_slash: if route.rest { TrailingSlash::Any } else { route.trailing_slash },
    }
}

/// Drops a place that says nothing: `/**` of any method at every host.
fn somewhere(scope: u32, place: Place) -> Option<Place> {
    let everywhere = scope == 0 && place.methods.is_empty() && place.segments.is_empty() && place.rest;
    (!everywhere).then_some(place)
}
