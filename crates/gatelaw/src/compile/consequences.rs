//! One mistake, one error: what only follows from text that could not be read is left out.
//!
//! An item with a mistake in its grammar lacks the line, or the name, that the mistake hides. What the checker then misses is
//! no second mistake.

use std::collections::BTreeSet;

use crate::codes::grammar::NEVER_CLOSED;
use crate::codes::issuers::LINE_MISSING;
use crate::codes::names::{NOT_CAPTURED, UNKNOWN_ATTRIBUTE, UNKNOWN_NAME};
use crate::codes::rules::CLAUSE_MISSING;
use crate::codes::tests::{EXPECT_MISSING, ISSUER_UNKNOWN, REQUEST_MISSING, RULE_UNKNOWN};
use crate::codes::{issuers, warnings};
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::item_around;
use crate::source::{Sources, Span};

/// Said of an item that lacks a line.
const OF_LINES: &[Code] = &[LINE_MISSING, CLAUSE_MISSING, NOT_CAPTURED, REQUEST_MISSING, EXPECT_MISSING];
/// The words of lines that an item must have.
const LINE_WORDS: &[&str] =
    &["on", "for", "rate", "set", "remove", "keep", "url", "audience", "algorithms", "request", "expect"];
/// Said of a name that nothing declares.
const OF_NAMES: &[Code] = &[UNKNOWN_NAME, ISSUER_UNKNOWN, RULE_UNKNOWN, issuers::ROLE_UNKNOWN];
/// Said of the policy as a whole: behind an error may stand what uses a list or grants a role.
const OF_ALL: &[Code] = &[warnings::UNUSED, warnings::ROLE_UNGRANTED, warnings::NO_CATCH_ALL];

/// The items that could not be read.
struct Unread<'a> {
    sources: &'a Sources,
    /// Those of which a line that they must have stands in what was not read.
    lacking: Vec<Span>,
    names: BTreeSet<&'a str>,
    hides_attributes: bool,
}

/// Keeps, of what the checker found, what is true whatever the text would say that the parser could not read.
pub(super) fn without_consequences(
    unread: &[Diagnostic],
    mut found: Vec<Diagnostic>,
    sources: &Sources,
) -> Vec<Diagnostic> {
    let unread = Unread::new(unread, sources);
    found.retain(|diagnostic| !unread.explains(diagnostic));
    found
}

impl<'a> Unread<'a> {
    fn new(unread: &[Diagnostic], sources: &'a Sources) -> Self {
        let (mut items, mut lacking): (Vec<Span>, Vec<Span>) = (Vec::new(), Vec::new());
        for (place, code) in unread.iter().filter_map(|d| Some((d.span?, d.code))) {
            let known = items.last().copied().filter(|item| is_inside(item, place));
            let item = known.unwrap_or_else(|| item_around(sources, place));
            if known.is_none() {
                items.push(item);
            }
            let skipped = if code == NEVER_CLOSED { item } else { line_around(sources, item, place) };
            if words(sources.text_at(skipped)).any(|word| LINE_WORDS.contains(&word)) {
                lacking.push(item);
            }
        }
        let texts = || items.iter().map(|item| sources.text_at(*item));
        let names = texts().flat_map(str::lines).filter_map(name_declared).collect();
        let hides_attributes = texts().any(|text| text.starts_with("issuer"));
        Self { sources, lacking, names, hides_attributes }
    }

    fn explains(&self, diagnostic: &Diagnostic) -> bool {
        let Diagnostic { code, span, .. } = diagnostic;
        let is_lacking = || span.is_some_and(|span| self.lacking.iter().any(|item| is_inside(item, span)));
        let names =
            || span.is_some_and(|span| self.names.contains(self.sources.text_at(span).trim_matches('"')));
        OF_ALL.contains(code)
            || (OF_LINES.contains(code) && is_lacking())
            || (OF_NAMES.contains(code) && names())
            || (*code == UNKNOWN_ATTRIBUTE && self.hides_attributes)
    }
}

/// Marks the line of an item in which a place stands: behind an error the parser goes on at the next line.
fn line_around(sources: &Sources, item: Span, place: Span) -> Span {
    let text = sources.text_at(item);
    let at = usize::try_from(place.start.saturating_sub(item.start)).unwrap_or(0);
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = before.len() + behind.find('\n').unwrap_or(behind.len());
    let [start, end] = [start, end].map(|at| item.start + u32::try_from(at).unwrap_or(0));
    Span { file: item.file, start, end }
}

fn is_inside(item: &Span, place: Span) -> bool {
    place.file == item.file && (item.start..item.end).contains(&place.start)
}

/// Returns the name that a line declares: `list ports: int = [80,` declares `ports`.
fn name_declared(line: &str) -> Option<&str> {
    let mut words = words(line);
    let first = words.next()?;
    if first == "observe" { words.nth(1) } else { words.next() }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c))).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    fn codes(text: &str) -> Vec<String> {
        let found = crate::compile(&Sources::from_text("policy.gate", text)).unwrap_err();
        found.iter().map(|diagnostic| diagnostic.code.to_string()).collect()
    }

    #[test]
    fn a_mistake_is_told_once() {
        let once = [
            ("limit everybody { for anyone  rate 1_000_ per second }", "G0005"),
            (
                "list ports: int = [80, 443,]\nallow r { on GET /a  for anyone  when request.asn? in ports }",
                "G0108",
            ),
            ("allow r {\n  on GET /a\n  for anyone &&\n}", "G0007"),
            ("define old = time < §\ndeny r { when old }", "G0001"),
        ];
        for (text, code) in once {
            assert_eq!(codes(text), [code], "{text}");
        }
    }

    #[test]
    fn what_another_mistake_does_not_explain_is_told_too() {
        let both = [
            ("allow r {\n  on GET /a\n  when request.scheme == \"https\" && true\n}", ["G0603", "G0007"]),
            ("define old = time < §\ndeny r { when odl }", ["G0001", "G0203"]),
            ("allow a { on GET /a  for anyone § }\nallow b { on GET /b }", ["G0001", "G0603"]),
        ];
        for (text, expected) in both {
            assert_eq!(codes(text), expected, "{text}");
        }
    }
}
