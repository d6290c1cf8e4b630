//! Whether two patterns can both match, with a witness.

use std::borrow::Cow;

use crate::policy::{HostPattern, Route, Segment, TrailingSlash};

/// Finds a host that both patterns match.
pub(crate) fn common_host(a: &HostPattern, b: &HostPattern) -> Option<String> {
    use HostPattern as H;
    match (a, b) {
        (H::Exact(x), H::Exact(y)) => (x == y).then(|| x.clone()),
        (H::Exact(host), other) | (other, H::Exact(host)) => matches_host(other, host).then(|| host.clone()),
        (H::OneLabel(x), H::OneLabel(y)) => (x == y).then(|| format!("a.{x}")),
        (H::OneLabel(one), H::Labels(many)) | (H::Labels(many), H::OneLabel(one)) => {
            (one == many || is_below(one, many)).then(|| format!("a.{one}"))
        }
        (H::Labels(x), H::Labels(y)) if x == y || is_below(x, y) => Some(format!("a.{x}")),
        (H::Labels(x), H::Labels(y)) => is_below(y, x).then(|| format!("a.{y}")),
    }
}

/// Finds a host that some pattern of each list matches; an empty list is every host.
pub(crate) fn common_host_of(a: &[HostPattern], b: &[HostPattern]) -> Option<String> {
    let example = |hosts: &[HostPattern]| hosts.first().and_then(|h| common_host(h, h));
    match (a, b) {
        ([], []) => Some("a.example".to_owned()),
        ([], hosts) | (hosts, []) => example(hosts),
        (a, b) => a.iter().find_map(|a| b.iter().find_map(|b| common_host(a, b))),
    }
}

/// Says whether a pattern matches a canonical host. Addresses have no labels.
pub(crate) fn matches_host(pattern: &HostPattern, host: &str) -> bool {
    let labelled = !crate::plan::is_address(host);
    match pattern {
        HostPattern::Exact(exact) => exact == host,
        HostPattern::OneLabel(suffix) => {
            labelled && host.split_once('.').is_some_and(|(_, rest)| rest == suffix)
        }
        HostPattern::Labels(suffix) => labelled && is_below(host, suffix),
    }
}

fn is_below(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix).is_some_and(|before| before.len() > 1 && before.ends_with('.'))
}

/// Finds a path that both routes match, and a method; hosts are not looked at. `fold` says whether theirs is a host that
/// compares ASCII letters folded.
pub(crate) fn common_path(a: &Route, b: &Route, fold: bool) -> Option<(String, String)> {
    let method = common_method(a, b)?;
    let (short, long) = if a.segments.len() <= b.segments.len() { (a, b) } else { (b, a) };
    if short.segments.len() < long.segments.len() && !short.rest {
        return None;
    }
    let slash = common_slash(a, b)?;
    let mut path = String::new();
    for (number, segment) in long.segments.iter().enumerate() {
        path.push('/');
        let other = short.segments.get(number).unwrap_or(&Segment::Any);
        path.push_str(&common_segment(&folded(segment, fold), &folded(other, fold))?);
    }
    if slash == TrailingSlash::Present || path.is_empty() {
        path.push('/');
    }
    Some((method, path))
}

fn common_method(a: &Route, b: &Route) -> Option<String> {
    match (a.methods.as_slice(), b.methods.as_slice()) {
        ([], []) => Some("GET".to_owned()),
        ([], [method, ..]) | ([method, ..], []) => Some(method.clone()),
        (a, b) => a.iter().find(|m| b.contains(m)).cloned(),
    }
}

fn common_slash(a: &Route, b: &Route) -> Option<TrailingSlash> {
    match (a.trailing_slash, b.trailing_slash) {
        (TrailingSlash::Any, other) | (other, TrailingSlash::Any) => Some(other),
        (x, y) => (x == y).then_some(x),
    }
}

/// Writes a segment as hosts with `case fold` compare it.
fn folded(segment: &Segment, fold: bool) -> Cow<'_, Segment> {
    match segment {
        Segment::Literal(text) if fold => Cow::Owned(Segment::Literal(text.to_ascii_lowercase())),
        Segment::Affix(before, behind) if fold => {
            Cow::Owned(Segment::Affix(before.to_ascii_lowercase(), behind.to_ascii_lowercase()))
        }
        Segment::Literal(_) | Segment::Affix(..) | Segment::Any => Cow::Borrowed(segment),
    }
}

/// Says whether two bases are one; `fold` as for [`common_path`].
pub(crate) fn is_same_base(a: &[String], b: &[String], fold: bool) -> bool {
    let same = |(x, y): (&String, &String)| if fold { x.eq_ignore_ascii_case(y) } else { x == y };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Finds a segment that both match.
fn common_segment(a: &Segment, b: &Segment) -> Option<String> {
    use Segment as S;
    match (a, b) {
        (S::Literal(x), S::Literal(y)) => (x == y).then(|| x.clone()),
        (S::Literal(text), S::Any) | (S::Any, S::Literal(text)) => Some(text.clone()),
        (S::Any, S::Any) => Some("a".to_owned()),
        (S::Any, S::Affix(before, behind)) | (S::Affix(before, behind), S::Any) => {
            Some(format!("{before}a{behind}"))
        }
        (S::Literal(text), S::Affix(before, behind)) | (S::Affix(before, behind), S::Literal(text)) => {
            let fits = text.len() >= before.len() + behind.len()
                && text.starts_with(before.as_str())
                && text.ends_with(behind.as_str());
            fits.then(|| text.clone())
        }
        (S::Affix(b1, e1), S::Affix(b2, e2)) => {
            let before =
                if b1.starts_with(b2.as_str()) { b1 } else { b2.starts_with(b1.as_str()).then_some(b2)? };
            let behind =
                if e1.ends_with(e2.as_str()) { e1 } else { e2.ends_with(e1.as_str()).then_some(e2)? };
            Some(format!("{before}a{behind}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    #[track_caller]
    fn check(text: &str, code: Option<&str>) {
        let said = crate::compile(&Sources::from_text("policy.gate", text)).err().unwrap_or_default();
        let codes: Vec<String> = said.iter().map(|d| d.code.to_string()).collect();
        assert_eq!(codes, Vec::from_iter(code.map(str::to_owned)), "{text}: {said:#?}");
    }

    #[test]
    fn where_letters_fold_their_case_tells_nothing_apart() {
        for (fold, code) in [("case fold", Some("G0512")), ("", None)] {
            let service = |name: &str, base: &str| {
                format!(
                    "service {name} {{ host a.example base /{base} {fold} \
                     resource_metadata \"https://a.example/{name}\" allow r {{ for anyone }} }}\n"
                )
            };
            check(&(service("one", "A") + &service("two", "a")), code);
        }
        for (fold, code) in [("case fold", Some("G0510")), ("", None)] {
            check(
                &format!(
                    "service s {{ host a.example {fold} allow r {{ on /A/{{x}}/*, /a/b/{{x}} for anyone \
                     when path.x == \"1\" }} }}"
                ),
                code,
            );
        }
        for (fold, code) in [("case fold", Some("G0612")), ("", None)] {
            check(
                &format!(
                    "service s {{ host a.example {fold} allow r {{ for anyone }} }} \
                     forward one {{ on /A set \"x-y\" = \"1\" }} forward two {{ on /a set \"x-y\" = \"2\" }}"
                ),
                code,
            );
        }
    }
}
