//! Literals, names and strings.

use gatelaw::ast::{Literal, LiteralKind, Name, Text};
use gatelaw::time::write_instant;

pub(super) fn literal(literal: &Literal) -> String {
    literal_text(&literal.node)
}

pub(super) fn literals(literals: &[Literal]) -> String {
    literals.iter().map(literal).collect::<Vec<_>>().join(", ")
}

pub(super) fn string(text: &Text) -> String {
    quoted(&text.node)
}

pub(super) fn strings(texts: &[Text]) -> String {
    texts.iter().map(string).collect::<Vec<_>>().join(", ")
}

pub(super) fn names(names: &[Name], between: &str) -> String {
    names.iter().map(|n| n.node.as_str()).collect::<Vec<_>>().join(between)
}

fn literal_text(literal: &LiteralKind) -> String {
    match literal {
        LiteralKind::Bool(value) => value.to_string(),
        LiteralKind::Int(value) => value.to_string(),
        LiteralKind::String(value) => quoted(value),
        LiteralKind::Ip(value) => value.to_string(),
        LiteralKind::Duration(seconds) => duration_text(*seconds),
        LiteralKind::Instant(instant) => {
            let mut text = String::new();
            // INVARIANT: the words of a policy are instants that RFC 3339 can write.
            _ = write_instant(*instant, &mut text);
            text
        }
        LiteralKind::Clock(minutes) => format!("{:02}:{:02}", minutes / 60, minutes % 60),
        LiteralKind::Weekday(day) => day.word().to_owned(),
    }
}

/// Writes a duration in its largest whole unit.
pub(super) fn duration_text(seconds: i64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    match units.into_iter().find(|(unit, _)| seconds != 0 && seconds % unit == 0) {
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// Writes a string in quotes, with the escapes that it needs.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
