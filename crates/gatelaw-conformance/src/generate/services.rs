//! Services and path patterns.

use std::collections::BTreeMap;

use gatelaw::ast::{HostPattern, PathPattern, Route, ServiceLine};

use super::build::{NOWHERE, name, text};
use super::rng::Rng;
use super::scene::Scene;

/// A service, without its rules.
#[derive(Debug, Clone)]
pub(super) struct ServicePlan {
    pub(super) name: String,
    pub(super) lines: Vec<ServiceLine>,
    /// What every host pattern captures.
    pub(super) host_capture: Option<&'static str>,
    pub(super) exact: bool,
}

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"];
const HOST_PATTERNS: &[&str] = &[
    "api.acme.test",
    "*.acme.test",
    "**.acme.test",
    "shop.example",
    "192.0.2.7",
    "[2001:db8::7]",
    "*.b.acme.test",
];
const CAPTURES: &[&str] = &["id", "tenant", "Name_1"];

/// Makes the services of a policy; they all relax alike, because their hosts may meet.
pub(super) fn services(scene: &Scene, rng: &mut Rng) -> Vec<ServicePlan> {
    let relaxations = relaxations(rng);
    (0..*rng.pick(&[0, 1, 1, 2, 2, 3])).map(|i| service(scene, i, &relaxations, rng)).collect()
}

fn relaxations(rng: &mut Rng) -> Vec<ServiceLine> {
    if rng.chance(65) {
        return Vec::new();
    }
    let params = if rng.chance(50) {
        ServiceLine::PathParamsStrip(NOWHERE)
    } else {
        ServiceLine::PathParamsKeep(NOWHERE)
    };
    let all = [
        ServiceLine::EncodedSlashKeep(NOWHERE),
        ServiceLine::EncodedDelimsKeep(NOWHERE),
        params,
        ServiceLine::EmptySegmentsMerge(NOWHERE),
        ServiceLine::CaseFold(NOWHERE),
    ];
    rng.some(&all, 45).into_iter().cloned().collect()
}

fn service(scene: &Scene, index: usize, relaxations: &[ServiceLine], rng: &mut Rng) -> ServicePlan {
    let mut lines = relaxations.to_vec();
    let host_capture = rng.chance(25).then_some("label");
    let host = |text: &str| HostPattern { span: NOWHERE, text: text.to_owned() };
    match host_capture {
        Some(capture) => lines.push(ServiceLine::Host(vec![host(&format!("{{{capture}}}.acme.test"))])),
        None => {
            let hosts: Vec<_> = rng.some(HOST_PATTERNS, 35).into_iter().map(|h| host(h)).collect();
            if !hosts.is_empty() {
                lines.push(ServiceLine::Host(hosts));
            }
        }
    }
    let base: Vec<String> =
        (0..rng.below(3)).map(|_| encoded(rng.pick::<String>(&scene.words.segments))).collect();
    if !base.is_empty() {
        let pattern = PathPattern { span: NOWHERE, text: format!("/{}", base.join("/")), quoted: false };
        lines.push(ServiceLine::Base(pattern));
    }
    let exact = rng.chance(20);
    if exact {
        lines.push(ServiceLine::TrailingSlashExact(NOWHERE));
    }
    if rng.chance(8) {
        lines.push(ServiceLine::TokensIgnore(NOWHERE));
    }
    if rng.chance(25) {
        // Services of one base must say the same, also where letters fold.
        let url = format!("https://api.acme.test/.well-known/{}", base.join("/").to_ascii_lowercase());
        lines.push(ServiceLine::ResourceMetadata(NOWHERE, text(&url)));
    }
    rng.shuffle(&mut lines);
    ServicePlan { name: format!("svc{index}"), lines, host_capture, exact }
}

/// The patterns of one rule, and what all of them capture.
pub(super) struct Routes {
    pub(super) routes: Vec<Route>,
    pub(super) captures: Vec<&'static str>,
}

/// Writes the items of `on`: each name stands at one place in all of them. `broad` percent of all are `/**`.
pub(super) fn routes(scene: &Scene, exact: bool, broad: usize, rng: &mut Rng) -> Routes {
    if rng.chance(broad) {
        let everything = PathPattern { span: NOWHERE, text: "/**".into(), quoted: false };
        let route = Route { span: NOWHERE, methods: Vec::new(), pattern: everything };
        return Routes { routes: vec![route], captures: Vec::new() };
    }
    let mut layout: BTreeMap<usize, &str> = BTreeMap::new();
    for capture in rng.some(CAPTURES, 30) {
        layout.insert(rng.below(3), capture);
    }
    let has_methods = rng.chance(75);
    let routes = (0..*rng.pick(&[1, 1, 2, 3])).map(|_| {
        let methods = if has_methods { rng.between(1, 3) } else { 0 };
        Route {
            span: NOWHERE,
            methods: (0..methods).map(|_| name(rng.word(METHODS))).collect(),
            pattern: pattern(scene, &layout, exact, rng),
        }
    });
    let routes = routes.collect();
    Routes { routes, captures: layout.into_values().collect() }
}

fn pattern(scene: &Scene, layout: &BTreeMap<usize, &str>, exact: bool, rng: &mut Rng) -> PathPattern {
    let least = layout.keys().last().map_or(0, |last| last + 1);
    let count = rng.between(least, least.max(3));
    let mut written = String::new();
    for place in 0..count {
        written.push('/');
        match layout.get(&place) {
            Some(capture) => written.push_str(&format!("{{{capture}}}")),
            None => written.push_str(&segment(scene, rng)),
        }
    }
    if rng.chance(30) {
        written.push_str("/**");
    } else if written.is_empty() || (exact && rng.chance(30)) {
        written.push('/');
    }
    PathPattern { span: NOWHERE, text: written, quoted: rng.chance(15) }
}

fn segment(scene: &Scene, rng: &mut Rng) -> String {
    let word: &String = rng.pick(&scene.words.segments);
    match rng.below(10) {
        0..6 => encoded(word),
        6..8 => "*".into(),
        _ => {
            let cut = rng.below(word.chars().count() + 1);
            let front: String = word.chars().take(cut).collect();
            let back: String = word.chars().skip(cut + rng.below(2)).collect();
            format!("{}*{}", encoded(&front), encoded(&back))
        }
    }
}

/// Writes a decoded segment as a pattern has it.
fn encoded(segment: &str) -> String {
    let mut out = String::new();
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.~:@!$&'()+=-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
