//! The words of syntax errors: what was found, and what to write instead.

use super::input::{Fault, Input};
use crate::codes::grammar::EXPECTED;
use crate::codes::tokens::{FOREIGN, GLUED_COMMENT, MISLEADING, UNKNOWN_CHARACTER};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::suggest::nearest;

/// Fails for good: no other reading is tried.
pub(super) fn fail(diagnostic: Diagnostic) -> nom::Err<Fault> {
    nom::Err::Failure(Fault(Some(Box::new(diagnostic))))
}

/// Fails softly: another reading may fit.
pub(super) fn no_match() -> nom::Err<Fault> {
    nom::Err::Error(Fault(None))
}

/// Says that something else belongs at the next token.
pub(super) fn expected(at: Input<'_>, what: &str) -> nom::Err<Fault> {
    fail(expected_at(at, what))
}

/// Makes the diagnostic of [`expected`], to be given more help.
pub(super) fn expected_at(at: Input<'_>, what: &str) -> Diagnostic {
    let at = at.space();
    if let Some(foreign) = foreign(at).or_else(|| unknown_character(at)) {
        return foreign;
    }
    let (found, span) = found(at);
    Diagnostic::at(EXPECTED, span, format!("expected {what}, found {found}"))
}

/// Names the next token, and marks it.
pub(super) fn found(at: Input<'_>) -> (String, Span) {
    let length = token_length(at.rest);
    let text = at.rest.get(..length).unwrap_or("");
    match text {
        "" => ("the end of the file".to_owned(), at.span(0)),
        text if text.starts_with('"') => ("a string".to_owned(), at.span(length)),
        text => (format!("`{text}`"), at.span(length)),
    }
}

/// Measures a token roughly, for carets.
fn token_length(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    if first == '"' {
        let end = text.char_indices().skip(1).find(|(_, c)| *c == '"' || *c == '\n');
        return end.map_or(text.len(), |(at, c)| if c == '"' { at + 1 } else { at });
    }
    let is_word = |c: char| c.is_alphanumeric() || "_-/:%".contains(c);
    if !is_word(first) {
        let two = text.get(..2).filter(|two| ["==", "!=", "<=", ">=", "..", "->", "??"].contains(two));
        return two.map_or(first.len_utf8(), str::len);
    }
    text.find(|c| !is_word(c)).unwrap_or(text.len()).min(60_usize.max(first.len_utf8()))
}

/// Recognises signs of other languages.
fn foreign(at: Input<'_>) -> Option<Diagnostic> {
    let (sign, instead) = [
        ("&&", "write `and`"),
        ("||", "write `or`"),
        ("//", "comments begin with `#`"),
        ("/*", "comments begin with `#`"),
        ("'", "strings stand in double quotes: `\"…\"`"),
        ("`", "strings stand in double quotes: `\"…\"`"),
        ("!", "write `not`"),
        ("=>", "write `->`"),
        (";", "lines end by themselves; leave the `;` out"),
    ]
    .into_iter()
    .find(|(sign, _)| at.rest.starts_with(sign) && !at.rest.starts_with("!="))?;
    Some(Diagnostic::at(FOREIGN, at.span(sign.len()), format!("`{sign}` has no meaning here")).help(instead))
}

/// Recognises a character with which no token begins. Letters begin words, if not names.
fn unknown_character(at: Input<'_>) -> Option<Diagnostic> {
    let begins = |c: char| c.is_alphanumeric() || "\"#%()*+,-./:<=>?@[]_{|}!".contains(c);
    let found = at.rest.chars().next().filter(|c| !begins(*c))?;
    let message = format!("{} has no meaning here", shown(found));
    let diagnostic = Diagnostic::at(UNKNOWN_CHARACTER, at.span(found.len_utf8()), message);
    Some(diagnostic.help("take it away, or put the text it belongs to in double quotes"))
}

/// Names a character so that it can be found, also one that can't be seen.
fn shown(c: char) -> String {
    let number = u32::from(c);
    if is_misleading(c) { format!("U+{number:04X}") } else { format!("`{c}` (U+{number:04X})") }
}

/// Says whether an editor may show what follows a character on another line or in another order than it is parsed, or not at
/// all: a deny in a comment would look like one in force (Trojan Source, CVE-2021-42574).
pub(super) fn is_misleading(c: char) -> bool {
    let breaks_line = matches!(c, '\u{2028}' | '\u{2029}');
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && !matches!(c, '\t' | '\n')) || breaks_line || reorders
}

/// Complains of such a character in a string, a comment or white space.
pub(super) fn misleading(at: Input<'_>) -> Diagnostic {
    let found = at.first().unwrap_or_default();
    let message = if found == '\r' {
        "a line ends here for readers, and goes on for the parser: U+000D stands alone".to_owned()
    } else {
        format!("{} shows a reader another text than the one that is parsed", shown(found))
    };
    let diagnostic = Diagnostic::at(MISLEADING, at.span(found.len_utf8()), message);
    diagnostic.help(format!("take it away; in a string write `\\u{{{:x}}}`", u32::from(found)))
}

/// Complains of a comment that is glued to the token before.
pub(super) fn glued_comment(at: Input<'_>) -> Diagnostic {
    Diagnostic::at(GLUED_COMMENT, at.span(1), "a comment begins with a `#` that stands alone".to_owned())
        .help("put a space before the `#`; inside a value, write the value as a string")
}

/// Makes the diagnostic of an unknown word, with the nearest known one.
pub(super) fn unknown_word(at: Input<'_>, code: Code, what: &str, known: &[&str]) -> Diagnostic {
    if let Some(foreign) = foreign(at).or_else(|| unknown_character(at)) {
        return foreign;
    }
    let (found, span) = found(at);
    let diagnostic = Diagnostic::at(code, span, format!("expected {what}, found {found}"));
    let word = found.trim_matches('`');
    match nearest(word, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("here may stand: {}", listed(known))),
    }
}

/// Lists words as `` `a`, `b` or `c` ``.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
