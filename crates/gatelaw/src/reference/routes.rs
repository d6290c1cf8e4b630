//! Hosts and paths: which services and rules can match a request at all.

use std::collections::BTreeMap;

use super::values::Captures;
use crate::needs::Relaxations;
use crate::policy::{HostPattern, Policy, Route, Rule, Segment, Service, TrailingSlash};
use crate::request::Canonical;

/// One reading of a path.
pub(super) struct Path<'a> {
    segments: Vec<&'a str>,
    trailing_slash: bool,
    fold: bool,
}

impl<'a> Path<'a> {
    /// The reading that every rule sees.
    pub(super) fn first(request: &'a Canonical) -> Self {
        let segments = (0..request.segment_count()).filter_map(|i| request.segment(i)).collect();
        Self { segments, trailing_slash: request.trailing_slash(), fold: request.relaxations().case_fold }
    }

    /// The reading with escaped slashes as separators, that denies see too.
    pub(super) fn split(request: &'a Canonical) -> Self {
        let segments = (0..request.split_count()).filter_map(|i| request.split_segment(i)).collect();
        Self { segments, trailing_slash: request.trailing_slash(), fold: request.relaxations().case_fold }
    }

    fn begins_with(&self, base: &[String]) -> bool {
        self.segments.len() >= base.len()
            && base.iter().zip(&self.segments).all(|(literal, segment)| same(literal, segment, self.fold))
    }
}

/// Finds how a host relaxes the canonical form: all services that match it say the same.
pub(super) fn relaxations(policy: &Policy, host: &str) -> Relaxations {
    let service = policy.services.iter().find(|s| host_matches(s, host));
    service.map(|s| s.relaxations).unwrap_or_default()
}

/// Lists the services that match by host and base.
pub(super) fn matching_services<'p>(policy: &'p Policy, request: &Canonical) -> Vec<&'p Service> {
    let path = Path::first(request);
    let matching = |s: &&Service| host_matches(s, request.host()) && path.begins_with(&s.base);
    policy.services.iter().filter(matching).collect()
}

/// Lists what each matching route of a rule captures; one that captures nothing where the rule has no `on`.
pub(super) fn captures<'a>(
    policy: &'a Policy,
    rule: &'a Rule,
    request: &Canonical,
    path: &Path<'a>,
) -> Vec<Captures<'a>> {
    let service = rule.service.and_then(|id| policy.services.get(usize::try_from(id.0).ok()?));
    if service.is_some_and(|s| !host_matches(s, request.host())) {
        return Vec::new();
    }
    let Some(routes) = &rule.routes else {
        let inside = service.is_none_or(|s| path.begins_with(&s.base));
        return if inside { vec![BTreeMap::new()] } else { Vec::new() };
    };
    let fits = |route: &&Route| method_matches(route, request.method()) && route_matches(route, path);
    routes.iter().filter(fits).map(|route| captured(route, path)).collect()
}

fn host_matches(service: &Service, host: &str) -> bool {
    let one_label = |label: &str| !label.is_empty() && !label.contains('.');
    // Addresses have no labels.
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let before = |suffix: &str| {
        let front = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.'));
        front.filter(|_| !is_address)
    };
    service.hosts.is_empty()
        || service.hosts.iter().any(|pattern| match pattern {
            HostPattern::Exact(exact) => exact == host,
            HostPattern::OneLabel(suffix) => before(suffix).is_some_and(one_label),
            HostPattern::Labels(suffix) => {
                before(suffix).is_some_and(|labels| labels.split('.').all(one_label))
            }
        })
}

fn method_matches(route: &Route, method: &str) -> bool {
    route.methods.is_empty() || route.methods.iter().any(|m| m == method)
}

fn route_matches(route: &Route, path: &Path<'_>) -> bool {
    let counts_fit = if route.rest {
        path.segments.len() >= route.segments.len()
    } else {
        path.segments.len() == route.segments.len()
    };
    let slash_fits = match route.trailing_slash {
        TrailingSlash::Any => true,
        TrailingSlash::Absent => !path.trailing_slash,
        TrailingSlash::Present => path.trailing_slash,
    };
    counts_fit
        && slash_fits
        && route.segments.iter().zip(&path.segments).all(|(p, s)| segment_matches(p, s, path.fold))
}

fn segment_matches(pattern: &Segment, segment: &str, fold: bool) -> bool {
    match pattern {
        Segment::Literal(literal) => same(literal, segment, fold),
        Segment::Any => !segment.is_empty(),
        Segment::Affix(front, back) => {
            let (front, back, segment) = (folded(front, fold), folded(back, fold), folded(segment, fold));
            segment.strip_prefix(&front).is_some_and(|rest| rest.ends_with(&back))
        }
    }
}

fn same(a: &str, b: &str, fold: bool) -> bool {
    folded(a, fold) == folded(b, fold)
}

fn folded(text: &str, fold: bool) -> String {
    if fold { text.to_ascii_lowercase() } else { text.to_owned() }
}

fn captured<'a>(route: &'a Route, path: &Path<'a>) -> Captures<'a> {
    let segment = |index: &u32| path.segments.get(usize::try_from(*index).ok()?).copied();
    route.captures.iter().filter_map(|(name, index)| Some((name.as_str(), segment(index)?))).collect()
}
