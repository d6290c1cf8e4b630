//! Words, names, signs and strings.

use super::faults::{expected, expected_at, fail, is_misleading, misleading, no_match};
use super::input::{Fault, Input, Parsed};
use crate::ast::{Name, Text};
use crate::codes::grammar::{NEVER_CLOSED, TRAILING_COMMA};
use crate::codes::tokens::{BAD_ESCAPE, BAD_NAME, OPEN_STRING};
use crate::diagnostic::Diagnostic;
use crate::limits::NAME_BYTES_MAX;
use crate::source::{Span, Spanned};

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Finds the next word, and where it begins. Looked for again and again, as nothing but a word says what follows: so nothing is copied.
fn next_word(input: Input<'_>) -> Option<(Input<'_>, &str)> {
    let start = input.space();
    let bytes = start.rest.as_bytes();
    if !bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_') {
        return None;
    }
    let length = bytes.iter().take_while(|b| is_word(**b)).count();
    Some((start, start.rest.get(..length)?))
}

/// `orders`, `RS256`, `per-user`: any word
pub(super) fn word(input: Input<'_>) -> Parsed<'_, Name> {
    let (start, text) = next_word(input).ok_or_else(no_match)?;
    let rest = start.skip(text.len());
    Ok((rest, Spanned { node: text.to_owned(), span: start.span_to(rest) }))
}

/// Returns the next word without reading it; empty where there is none.
pub(super) fn peek(input: Input<'_>) -> &str {
    next_word(input).map_or("", |(_, text)| text)
}

/// `when`: one keyword
pub(super) fn keyword<'a>(word: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Span> {
    move |input| {
        let (start, _) = next_word(input).filter(|(_, text)| *text == word).ok_or_else(no_match)?;
        let rest = start.skip(word.len());
        Ok((rest, start.span_to(rest)))
    }
}

/// `orders`: a name that is declared or used: `[a-z][a-z0-9_-]*`
pub(super) fn name<'a>(what: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Name> {
    move |input| {
        let (rest, found) = word(input).map_err(|_| expected(input, what))?;
        let good = found.node.starts_with(|c: char| c.is_ascii_lowercase())
            && found
                .node
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if !good {
            let help = format!("write `{}`", found.node.to_ascii_lowercase().trim_start_matches('_'));
            let message =
                format!("`{}` is no name: names are lower case and begin with a letter", found.node);
            return Err(fail(Diagnostic::at(BAD_NAME, found.span, message).help(help)));
        }
        if found.node.len() > NAME_BYTES_MAX {
            let message = format!("the name has {} bytes; at most {NAME_BYTES_MAX} stand", found.node.len());
            return Err(fail(Diagnostic::at(BAD_NAME, found.span, message)));
        }
        Ok((rest, found))
    }
}

/// `{`, `==`, `..`: one sign
pub(super) fn sign<'a>(text: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Span> {
    move |input| {
        let start = input.space();
        if start.rest.starts_with(text) {
            let rest = start.skip(text.len());
            return Ok((rest, start.span_to(rest)));
        }
        Err(no_match())
    }
}

/// Demands a sign.
pub(super) fn must<'a>(text: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Span> {
    move |input| sign(text)(input).map_err(|_| expected(input, &format!("`{text}`")))
}

/// Demands a closing sign; at the end of the file, points at the opening one.
pub(super) fn close<'a>(text: &'static str, opening: Span) -> impl Fn(Input<'a>) -> Parsed<'a, Span> {
    move |input| {
        sign(text)(input).map_err(|_| {
            if input.space().rest.is_empty() {
                return fail(never_closed(input, opening, text));
            }
            fail(
                expected_at(input, &format!("`{text}`"))
                    .label(opening, format!("to close this `{}`", input.text_at(opening))),
            )
        })
    }
}

pub(super) fn never_closed(input: Input<'_>, opening: Span, closing: &str) -> Diagnostic {
    Diagnostic::at(NEVER_CLOSED, opening, format!("this `{}` is never closed", input.text_at(opening)))
        .help(format!("put a `{closing}` where it ends"))
}

/// `"x-tenant"`: a string, its escapes resolved
pub(super) fn string(input: Input<'_>) -> Parsed<'_, Text> {
    let start = input.space();
    let Some(body) = start.rest.strip_prefix('"') else { return Err(no_match()) };
    string_body(start, body)
}

fn string_body<'a>(start: Input<'a>, body: &'a str) -> Parsed<'a, Text> {
    let (mut at, mut text) = (0, String::new());
    while let Some(c) = body.get(at..).and_then(|b| b.chars().next()) {
        match c {
            '"' => {
                let rest = start.skip(at + 2);
                return Ok((rest, Spanned { node: text, span: start.span_to(rest) }));
            }
            '\n' => break,
            '\r' if body.get(at..).is_some_and(|b| b.starts_with("\r\n")) => break,
            '\\' => {
                let behind = body.get(at + 1..).unwrap_or("");
                let Some((escaped, length)) = escape(behind) else {
                    return Err(fail(bad_escape(start.skip(at + 1), behind)));
                };
                text.push(escaped);
                at += 1 + length;
            }
            c if is_misleading(c) => return Err(fail(misleading(start.skip(at + 1)))),
            c => {
                text.push(c);
                at += c.len_utf8();
            }
        }
    }
    Err(open_string(start))
}

fn open_string(start: Input<'_>) -> nom::Err<Fault> {
    let line = start.rest.find('\n').unwrap_or(start.rest.len());
    let message = "this string does not end on its line".to_owned();
    fail(
        Diagnostic::at(OPEN_STRING, start.span(line), message)
            .help("close it with `\"`; a line break inside is written `\\n`"),
    )
}

fn bad_escape(at: Input<'_>, behind: &str) -> Diagnostic {
    let length = 1 + behind.chars().next().map_or(0, char::len_utf8);
    Diagnostic::at(BAD_ESCAPE, at.span(length), format!("`{}` is no escape", at.rest.get(..length).unwrap_or("\\")))
        .help("escapes are `\\\"`, `\\\\`, `\\n`, `\\t` and `\\u{…}` with the hex number of a character other than NUL")
}

/// Reads what follows a backslash: the character, and how many bytes name it.
fn escape(behind: &str) -> Option<(char, usize)> {
    match behind.chars().next()? {
        '"' => Some(('"', 1)),
        '\\' => Some(('\\', 1)),
        'n' => Some(('\n', 1)),
        't' => Some(('\t', 1)),
        'u' => {
            let (hex, _) = behind.strip_prefix("u{")?.split_once('}')?;
            let digits = hex.len() <= 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
            let scalar = char::from_u32(u32::from_str_radix(hex, 16).ok().filter(|n| digits && *n != 0)?)?;
            Some((scalar, hex.len() + 3))
        }
        _ => None,
    }
}

/// Demands a string.
pub(super) fn text<'a>(what: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Text> {
    move |input| string(input).map_err(|e| if let nom::Err::Error(_) = e { expected(input, what) } else { e })
}

/// `a, b, c`: one or more, without a comma behind the last
pub(super) fn list1<'a, T>(
    item: impl Fn(Input<'a>) -> Parsed<'a, T>,
) -> impl Fn(Input<'a>) -> Parsed<'a, Vec<T>> {
    move |input| {
        let (mut rest, first) = item(input)?;
        let mut items = vec![first];
        while let Ok((behind, comma)) = sign(",")(rest) {
            let next = behind.space();
            if next.rest.is_empty() || next.rest.starts_with(['}', ']', ')']) {
                let message = "nothing follows this comma".to_owned();
                behind.report(Diagnostic::at(TRAILING_COMMA, comma, message).help("leave it out"));
                return Ok((behind, items));
            }
            let (after, value) = item(behind)?;
            items.push(value);
            rest = after;
        }
        Ok((rest, items))
    }
}
