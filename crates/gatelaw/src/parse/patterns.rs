//! Path patterns and host patterns, as written.

use super::faults::{expected, no_match};
use super::input::{Fault, Input, Parsed};
use super::tokens::string;
use crate::ast::{HostPattern, PathPattern};
use crate::codes::routes::BAD_PATTERN;
use crate::diagnostic::Diagnostic;

/// `/orders/{id}`, `"/or ders/{id}"`
pub(super) fn path(input: Input<'_>) -> Parsed<'_, PathPattern> {
    match string(input) {
        Ok((rest, text)) => {
            return Ok((rest, PathPattern { span: text.span, text: text.node, quoted: true }));
        }
        Err(nom::Err::Error(_)) => {}
        Err(e) => return Err(e),
    }
    let start = input.space();
    if !start.rest.starts_with('/') || start.rest.starts_with("//") {
        return Err(expected(input, "a path pattern such as `/orders/{id}`"));
    }
    let rest = start.skip(path_length(start.rest));
    let span = start.span_to(rest);
    let text = start.text_at(span);
    if text.ends_with('/') && rest.rest.starts_with('{') {
        return Ok(open_name(start, rest));
    }
    Ok((rest, PathPattern { span, text: text.to_owned(), quoted: false }))
}

/// Complains of a name without its end, as in `/orders/{id`, and goes on as if it stood there: one mistake, one error.
fn open_name<'a>(start: Input<'a>, brace: Input<'a>) -> (Input<'a>, PathPattern) {
    let length =
        brace.rest.find(|c: char| c.is_whitespace() || ",}#".contains(c)).unwrap_or(brace.rest.len());
    let rest = brace.skip(length);
    let span = start.span_to(rest);
    let name = brace.text_at(brace.span_to(rest));
    let message = format!("the name that begins with `{name}` does not end");
    brace.report(Diagnostic::at(BAD_PATTERN, brace.span(length), message).help(format!("write `{name}}}`")));
    (rest, PathPattern { span, text: format!("{}}}", start.text_at(span)), quoted: false })
}

/// Measures a bare pattern: its characters, and `{name}` right behind a slash.
fn path_length(text: &str) -> usize {
    let mut length = 0;
    while let Some(c) = text.get(length..).and_then(|t| t.chars().next()) {
        if c.is_ascii_alphanumeric() || "/_.~:@!$&'()+=*%-".contains(c) {
            length += 1;
        } else if let (true, Some(name)) = (c == '{', text.get(length..).and_then(|t| t.find('}'))) {
            if !text.get(..length).is_some_and(|t| t.ends_with('/'))
                || text.get(length..length + name).is_some_and(|t| t.contains(['\n', ' ']))
            {
                break;
            }
            length += name + 1;
        } else {
            break;
        }
    }
    length
}

/// `api.acme.com`, `*.acme.dev`, `{tenant}.acme.dev`, `[2001:db8::1]`
pub(super) fn host(input: Input<'_>) -> Parsed<'_, HostPattern> {
    let start = input.space();
    let named = start.rest.strip_prefix('{').and_then(|t| t.find('}')).map_or(0, |end| end + 2);
    let behind = start.rest.get(named..).unwrap_or("");
    let end = behind.find(|c: char| c.is_whitespace() || ",{}#\"".contains(c)).unwrap_or(behind.len());
    if named + end == 0 {
        return Err::<_, nom::Err<Fault>>(if start.rest.starts_with('"') {
            expected(input, "a host without quotes, such as `api.acme.com`")
        } else {
            no_match()
        });
    }
    let rest = start.skip(named + end);
    let span = start.span_to(rest);
    Ok((rest, HostPattern { span, text: start.text_at(span).to_owned() }))
}

/// Demands a host pattern.
pub(super) fn must_host(input: Input<'_>) -> Parsed<'_, HostPattern> {
    host(input).map_err(|e| {
        if let nom::Err::Error(_) = e { expected(input, "a host such as `api.acme.com`") } else { e }
    })
}
