//! Path patterns: from text to segments.

use std::collections::BTreeMap;

use super::Checker;
use crate::ast::{self, PathPattern};
use crate::codes::routes as codes;
use crate::diagnostic::Diagnostic;
use crate::limits::{PATH_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX};
use crate::needs::Relaxations;
use crate::policy::{Route, Segment, TrailingSlash};

/// A pattern, read.
pub(super) struct Pattern {
    pub(super) segments: Vec<Segment>,
    pub(super) rest: bool,
    pub(super) slash: bool,
    /// Which segment each name captures.
    pub(super) captures: BTreeMap<String, u32>,
}

/// What a service says of the patterns of its rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Base {
    pub(super) segments: Vec<String>,
    pub(super) exact: bool,
    pub(super) relaxations: Relaxations,
}

impl Checker<'_> {
    /// Checks the items of `on`.
    pub(super) fn routes(&mut self, routes: &[ast::Route], base: &Base) -> Vec<Route> {
        let with = routes.iter().find(|r| !r.methods.is_empty());
        if let (Some(with), Some(without)) = (with, routes.iter().find(|r| r.methods.is_empty())) {
            let message = "this pattern has no method, and another of the rule has".to_owned();
            self.out.push(
                Diagnostic::at(codes::METHODS_MIXED, without.span, message)
                    .label(with.span, "this one has")
                    .help("give every pattern its methods, or none"),
            );
        }
        routes.iter().filter_map(|route| self.route(route, base)).collect()
    }

    fn route(&mut self, route: &ast::Route, base: &Base) -> Option<Route> {
        let mut methods: Vec<String> = route.methods.iter().map(|m| m.node.clone()).collect();
        for method in &route.methods {
            if matches!(method.node.as_str(), "CONNECT" | "TRACE") {
                let message =
                    format!("no canonical request has the method `{}`: gates refuse it", method.node);
                self.out.push(Diagnostic::at(codes::BAD_METHOD, method.span, message).help("leave it out"));
            }
        }
        methods.sort();
        methods.dedup();
        let pattern = self.path(&route.pattern, base)?;
        let prefix = u32::try_from(base.segments.len()).unwrap_or(u32::MAX);
        let trailing_slash = match (base.exact, pattern.rest, pattern.slash) {
            (false, _, _) | (_, true, _) => TrailingSlash::Any,
            (true, false, false) => TrailingSlash::Absent,
            (true, false, true) => TrailingSlash::Present,
        };
        let mut segments: Vec<Segment> = base.segments.iter().cloned().map(Segment::Literal).collect();
        segments.extend(pattern.segments);
        let captures =
            pattern.captures.into_iter().map(|(name, at)| (name, at.saturating_add(prefix))).collect();
        Some(Route { methods, segments, rest: pattern.rest, trailing_slash, captures, span: route.span })
    }

    /// Checks one pattern.
    pub(super) fn path(&mut self, pattern: &PathPattern, base: &Base) -> Option<Pattern> {
        match read(&pattern.text, base) {
            Ok(read) => {
                if read.slash && !base.exact && pattern.text != "/" {
                    let trimmed = pattern.text.trim_end_matches('/');
                    let message =
                        "one trailing slash of a request is ignored, so a pattern has none".to_owned();
                    self.out
                        .push(Diagnostic::at(codes::TRAILING_SLASH, pattern.span, message).help(format!(
                            "write `{trimmed}`, or say `trailing_slash exact` in the service"
                        )));
                    return None;
                }
                Some(read)
            }
            Err((code, message, help)) => {
                self.out.push(Diagnostic::at(code, pattern.span, message).help(help));
                None
            }
        }
    }
}

type Wrong = (crate::diagnostic::Code, String, String);

fn bad(message: impl Into<String>, help: impl Into<String>) -> Wrong {
    (codes::BAD_PATTERN, message.into(), help.into())
}

fn never(message: impl Into<String>, help: impl Into<String>) -> Wrong {
    (codes::NEVER_MATCHES, message.into(), help.into())
}

/// Reads a pattern.
fn read(text: &str, base: &Base) -> Result<Pattern, Wrong> {
    let Some(body) = text.strip_prefix('/') else {
        return Err(bad("a path pattern begins with `/`", "write `/…`"));
    };
    let mut pattern =
        Pattern { segments: Vec::new(), rest: false, slash: body.is_empty(), captures: BTreeMap::new() };
    if body.is_empty() {
        return Ok(pattern);
    }
    let mut parts: Vec<&str> = body.split('/').collect();
    if parts.last() == Some(&"") {
        pattern.slash = true;
        parts.pop();
    }
    let count = parts.len();
    for (number, part) in parts.into_iter().enumerate() {
        if part == "**" {
            if number + 1 < count || pattern.slash {
                return Err(bad("`**` stands only at the end of a pattern", "for one segment write `*`"));
            }
            pattern.rest = true;
            continue;
        }
        if let Some(name) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            capture(&mut pattern, name)?;
            continue;
        }
        let segment = segment(part, base.relaxations)?;
        pattern.segments.push(segment);
    }
    let total = base.segments.len() + pattern.segments.len();
    let bytes: usize = text.len() + base.segments.iter().map(|s| s.len() + 1).sum::<usize>();
    if total > SEGMENTS_MAX || bytes > PATH_BYTES_MAX {
        return Err(never(
            "the pattern is longer than any canonical path",
            format!("paths have at most {SEGMENTS_MAX} segments and {PATH_BYTES_MAX} bytes"),
        ));
    }
    Ok(pattern)
}

fn capture(pattern: &mut Pattern, name: &str) -> Result<(), Wrong> {
    if !is_member_name(name) {
        return Err(bad(
            format!("`{{{name}}}` captures under no name"),
            "write `{name}` with letters, digits, `_` and `-`",
        ));
    }
    let at = u32::try_from(pattern.segments.len()).unwrap_or(u32::MAX);
    if pattern.captures.insert(name.to_owned(), at).is_some() {
        return Err((
            codes::CAPTURED_TWICE,
            format!("the pattern captures `{{{name}}}` twice"),
            "give one of them another name".into(),
        ));
    }
    pattern.segments.push(Segment::Any);
    Ok(())
}

/// Says whether a name may stand behind `path.` or `host.`: any word.
pub(super) fn is_member_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn segment(part: &str, relaxations: Relaxations) -> Result<Segment, Wrong> {
    if part.is_empty() {
        return Err(never("an empty segment is in no canonical request", "leave one `/` out"));
    }
    if part.contains(['{', '}']) {
        return Err(bad(
            format!("`{part}` has a brace beside other characters"),
            "`{name}` stands for a whole segment; write `%7B` and `%7D` for braces",
        ));
    }
    match part.split('*').collect::<Vec<_>>().as_slice() {
        [literal] => {
            let text = decoded(literal)?;
            possible(&text, relaxations, true)?;
            Ok(Segment::Literal(text))
        }
        ["", ""] => Ok(Segment::Any),
        [before, behind] => {
            let (before, behind) = (decoded(before)?, decoded(behind)?);
            possible(&before, relaxations, false)?;
            possible(&behind, relaxations, false)?;
            if before.starts_with(' ') || behind.trim_end_matches('.').ends_with(' ') {
                return Err(at_an_end());
            }
            Ok(Segment::Affix(before, behind))
        }
        _ => Err(bad(
            format!("`{part}` has more than one `*`"),
            "one `*` stands beside literal characters; for all below write `/**`",
        )),
    }
}

/// Decodes `%XX`, once.
fn decoded(text: &str) -> Result<String, Wrong> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let hex = behind
            .get(..2)
            .and_then(|h| std::str::from_utf8(h).ok())
            .filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(byte) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) else {
            return Err(bad(
                "a `%` is followed by two hex digits",
                "write `%25` for the percent sign itself, where the service says `encoded_delims keep`",
            ));
        };
        bytes.push(byte);
        rest = behind.get(2..).unwrap_or(&[]);
    }
    String::from_utf8(bytes)
        .map_err(|_| never("the pattern is not UTF-8 once decoded", "no canonical request has such bytes"))
}

fn at_an_end() -> Wrong {
    never(
        "no canonical request has a segment that begins or ends with a space",
        "gates refuse it; leave the space out",
    )
}

/// Says whether a canonical request can have the text in a segment.
fn possible(text: &str, relaxations: Relaxations, whole: bool) -> Result<(), Wrong> {
    let refused = |c: char| match c {
        '/' => !relaxations.encoded_slash,
        '%' | ';' | '?' | '#' => !relaxations.encoded_delims,
        c => c.is_ascii_control() || c == '\\',
    };
    if let Some(c) = text.chars().find(|c| refused(*c)) {
        let help = match c {
            '/' => "the service may say `encoded_slash keep`",
            '%' | ';' | '?' | '#' => "the service may say `encoded_delims keep`",
            _ => "leave it out",
        };
        return Err(never(format!("no canonical request has `{}` in a segment", c.escape_default()), help));
    }
    if text.len() > SEGMENT_BYTES_MAX {
        return Err(never(
            "the segment is longer than any of a canonical request",
            format!("segments have at most {SEGMENT_BYTES_MAX} bytes"),
        ));
    }
    if whole && (text == "." || text == "..") {
        return Err(never("no canonical request has a segment `.` or `..`", "gates refuse it; leave it out"));
    }
    let trimmed = text.trim_end_matches('.');
    if whole && (trimmed.starts_with(' ') || trimmed.ends_with(' ')) {
        return Err(at_an_end());
    }
    if whole && relaxations.encoded_slash && text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(never(
            "between encoded slashes no canonical request has an empty part, `.` or `..`",
            "leave it out",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Base, read};

    #[test]
    fn spaces_at_the_ends_of_segments_match_nothing() {
        for (pattern, good) in [
            ("/a b", true),
            ("/a *b", true),
            ("/a* b", true),
            ("/a*b.", true),
            ("/ a", false),
            ("/a .", false),
            ("/ a*", false),
            ("/a*b ..", false),
        ] {
            assert_eq!(read(pattern, &Base::default()).is_ok(), good, "{pattern}");
        }
    }
}
