//! Method, scheme, host, path and query.

use gatelaw::needs::Relaxations;
use gatelaw::policy::{Attr, HostPattern, Policy, Route, Rule, Segment, Service, TrailingSlash};
use gatelaw::request::Scheme;

use super::aim::Wishes;
use super::samples::Samples;
use crate::generate::readable::{HOSTS, LABELS};
use crate::generate::rng::Rng;

const METHODS: &[&str] = &["GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"];

/// Picks the route that a request is made for; the same for all parts of one request.
fn route<'r>(rule: Option<&'r Rule>, wishes: &Wishes) -> Option<&'r Route> {
    let routes = rule?.routes.as_ref()?;
    // Chosen by what is wished, so that method and path come from one route without being handed around.
    routes.get(wishes.scalars.len() % routes.len().max(1))
}

pub(super) fn method(rule: Option<&Rule>, wishes: &Wishes, rng: &mut Rng) -> String {
    match route(rule, wishes).map(|r| &r.methods) {
        Some(methods) if !methods.is_empty() && rng.chance(95) => rng.pick::<String>(methods).clone(),
        _ => {
            let wished = wishes.text(&Attr::Method).filter(|m| m.bytes().all(|b| b.is_ascii_uppercase()));
            wished.filter(|m| !m.is_empty()).unwrap_or_else(|| rng.word(METHODS)).to_owned()
        }
    }
}

pub(super) fn scheme(wishes: &Wishes, rng: &mut Rng) -> Scheme {
    match wishes.text(&Attr::Scheme) {
        Some("http") => Scheme::Http,
        Some(_) => Scheme::Https,
        None => *rng.pick(&[Scheme::Https, Scheme::Https, Scheme::Http]),
    }
}

pub(super) fn host(policy: &Policy, rule: Option<&Rule>, wishes: &Wishes, rng: &mut Rng) -> String {
    let service =
        rule.and_then(|r| r.service).and_then(|id| policy.services.get(usize::try_from(id.0).ok()?));
    let hosts = service.map_or(&[][..], |s: &Service| &s.hosts);
    if hosts.is_empty() || rng.chance(5) {
        return wishes.text(&Attr::Host).unwrap_or_else(|| rng.word(HOSTS)).to_owned();
    }
    let wished = wishes.scalars.iter().find_map(|(attr, _)| match attr {
        Attr::HostLabel(_) => wishes.text(attr),
        _ => None,
    });
    let label = wished.filter(|l| l.bytes().all(|b| b.is_ascii_alphanumeric()) && !l.is_empty());
    let label = label.unwrap_or_else(|| rng.word(LABELS)).to_ascii_lowercase();
    match rng.pick(hosts) {
        HostPattern::Exact(host) => host.clone(),
        HostPattern::OneLabel(suffix) => format!("{label}.{suffix}"),
        HostPattern::Labels(suffix) if rng.chance(50) => format!("{label}.x.{suffix}"),
        HostPattern::Labels(suffix) => format!("{label}.{suffix}"),
    }
}

pub(super) fn path(
    policy: &Policy,
    rule: Option<&Rule>,
    wishes: &Wishes,
    samples: &Samples,
    rng: &mut Rng,
) -> String {
    let Some(route) = route(rule, wishes) else {
        return rng.word(&["/", "/v1", "/v1/orders", "/orders/42", "/a%20b/items"]).to_owned();
    };
    let mut path = String::new();
    for (place, segment) in (0_u32..).zip(&route.segments) {
        let name =
            route.captures.iter().find(|(_, at)| **at == place).map(|(name, _)| Attr::Path(name.clone()));
        let decoded = match (segment, name) {
            (Segment::Literal(text), _) => text.clone(),
            (Segment::Affix(front, back), _) => format!("{front}{}{back}", rng.word(&["", "mid", "é"])),
            (Segment::Any, Some(name)) => match wishes.text(&name) {
                Some(text) => text.to_owned(),
                None => samples.text(&name, rng),
            },
            (Segment::Any, None) => rng.word(&["any", "42", "orders"]).to_owned(),
        };
        path.push('/');
        path.push_str(&written(&decoded, rng));
    }
    if route.rest && rng.chance(60) {
        path.push_str(rng.word(&["/more", "/a/b", "/%C3%A9"]));
    }
    let is_relaxed = policy.services.iter().any(|s| s.relaxations != Relaxations::default());
    if is_relaxed || rng.chance(10) {
        relaxed(&mut path, rng);
    }
    let slash = match route.trailing_slash {
        TrailingSlash::Any => path.is_empty() || rng.chance(10),
        TrailingSlash::Absent => path.is_empty() || rng.chance(5),
        TrailingSlash::Present => path.is_empty() || rng.chance(95),
    };
    if slash {
        path.push('/');
    }
    path
}

/// Adds what only relaxed hosts accept, now and then.
fn relaxed(path: &mut String, rng: &mut Rng) {
    if rng.chance(20) {
        path.push_str(rng.word(&[";p=1", "%2Fv1", "%2fx", "//x", "%3B", "%25", "/%23"]));
    }
    if rng.chance(15) {
        *path = path.to_ascii_uppercase();
    }
    if rng.chance(15)
        && let Some(second) = path.get(1..).and_then(|rest| rest.find('/'))
    {
        path.replace_range(second + 1..second + 2, "%2F");
    }
}

/// Escapes a segment, sometimes more than it needs.
fn written(segment: &str, rng: &mut Rng) -> String {
    let generous = rng.chance(10);
    let mut out = String::new();
    for byte in segment.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
        if plain && !(generous && byte.is_ascii_alphabetic()) {
            out.push(char::from(byte));
        } else if generous {
            out.push_str(&format!("%{byte:02x}"));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

pub(super) fn query(policy: &Policy, wishes: &Wishes, samples: &Samples, rng: &mut Rng) -> String {
    let mut pairs: Vec<String> = Vec::new();
    for named in &policy.needs.query {
        let (all, only) = (Attr::Query(named.name.clone()), Attr::QueryOnly(named.name.clone()));
        let mut values: Vec<String> = wishes.members.get(&all).into_iter().flatten().cloned().collect();
        values.extend(wishes.text(&only).map(str::to_owned));
        let refused = wishes.absent.contains(&all) || wishes.absent.contains(&only);
        let asked = wishes.present.contains(&all) || wishes.present.contains(&only);
        if values.is_empty() && !refused && (asked || rng.chance(45)) {
            values.push(samples.text(if rng.chance(50) { &all } else { &only }, rng));
        }
        if rng.chance(5) {
            values.push("more".into());
        }
        pairs.extend(values.iter().map(|v| format!("{}={}", written(&named.name, rng), pair_text(v, rng))));
    }
    if rng.chance(10) {
        pairs.push(rng.word(&["unread=1", "x", "=", "a=%zz"]).to_owned());
    }
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn pair_text(value: &str, rng: &mut Rng) -> String {
    let text = written(value, rng).replace('&', "%26").replace('+', "%2B").replace('=', "%3D");
    if rng.chance(50) { text.replace("%20", "+") } else { text }
}

/// Makes a target that a gate should refuse, or nearly so.
pub(super) fn spoil(target: &mut String, rng: &mut Rng) {
    match rng.below(6) {
        0 => target.insert_str(0, "/.."),
        1 => target.push('#'),
        2 => target.insert(0, '/'),
        3 => target.push_str("%00"),
        4 => *target = target.replacen('/', "/%2e/", 1),
        _ => target.insert_str(0, "https://x"),
    }
}
