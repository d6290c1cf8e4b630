//! Tests of the language, and the JSON in them.

use std::collections::BTreeSet;

use super::expressions::optional;
use super::faults::{expected, fail, found};
use super::input::{Input, Parsed};
use super::items::{block, unknown_line};
use super::literals::{int, must_literal};
use super::tokens::{close, keyword, must, peek, sign, string, text, word};
use crate::ast::{Effect, Name, RuleRef, Test, TestLine, TestLineKind, Text};
use crate::codes::grammar::{TOO_DEEP, TWICE};
use crate::codes::tests::CLAIMS_BAD;
use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::source::Spanned;

const LINE_WORDS: &[&str] = &["request", "header", "from", "at", "facts", "as", "expect"];
const EXPECT_WORDS: &[&str] = &["allow", "deny", "refused", "header", "limit", "observed"];

/// `test "staff read inside their tenant" { … }`
pub(super) fn test(input: Input<'_>) -> Parsed<'_, Test> {
    let start = input.space();
    let (rest, _) = keyword("test")(start)?;
    let (rest, name) = text("the name of the test in quotes")(rest)?;
    let (rest, lines) = block(LINE_WORDS, line)(rest)?;
    Ok((rest, Test { span: start.span_to(rest), name, lines }))
}

fn line(input: Input<'_>) -> Parsed<'_, TestLine> {
    let start = input.space();
    let found = peek(start);
    if !LINE_WORDS.contains(&found) {
        return Err(unknown_line(start, "a line of a test", LINE_WORDS));
    }
    let (rest, _) = word(start)?;
    let (rest, node) = match found {
        "request" => request(rest),
        "header" => header(rest).map(|(r, (n, v))| (r, TestLineKind::Header(n, v))),
        "from" => {
            must_literal("an address such as `203.0.113.9`")(rest).map(|(r, l)| (r, TestLineKind::From(l)))
        }
        "at" => must_literal("an instant such as `2026-01-01T12:00:00Z`")(rest)
            .map(|(r, l)| (r, TestLineKind::At(l))),
        "facts" => facts(rest),
        "as" => caller(rest),
        _ => expect(rest),
    }?;
    Ok((rest, TestLine { span: start.span_to(rest), node }))
}

/// `GET "https://api.acme.com/v1/orders/42"`
fn request(input: Input<'_>) -> Parsed<'_, TestLineKind> {
    let (rest, method) = match optional(string(input))? {
        Some((rest, method)) => (rest, method),
        None => word(input).map_err(|_| expected(input, "a method such as `GET`"))?,
    };
    let (rest, url) = text("a URL in quotes")(rest)?;
    Ok((rest, TestLineKind::Request(method, url)))
}

/// `"x-tenant" = "t1"`
fn header(input: Input<'_>) -> Parsed<'_, (Text, Text)> {
    let (rest, name) = text("the name of a header in quotes")(input)?;
    let (rest, _) = must("=")(rest)?;
    let (rest, value) = text("a value in quotes")(rest)?;
    Ok((rest, (name, value)))
}

/// `{ country: "KP" }`
fn facts(input: Input<'_>) -> Parsed<'_, TestLineKind> {
    let (rest, members) = object(input)?;
    Ok((rest, TestLineKind::Facts(members)))
}

/// `okta { sub: "u1" }`, `anonymous`, `invalid`
fn caller(input: Input<'_>) -> Parsed<'_, TestLineKind> {
    let (rest, name) = word(input).map_err(|_| expected(input, "an issuer, `anonymous` or `invalid`"))?;
    match name.node.as_str() {
        "anonymous" => Ok((rest, TestLineKind::AsAnonymous)),
        "invalid" => Ok((rest, TestLineKind::AsInvalid)),
        _ => {
            let start = rest.space();
            if start.first() != Some('{') {
                return Err(fail(no_claims(start, &name.node)));
            }
            let (rest, members) = object(rest)?;
            let members = members.into_iter().map(|(name, value)| (name.node.into(), value.node)).collect();
            let claims = Spanned { node: Json::Object(members), span: start.span_to(rest) };
            Ok((rest, TestLineKind::As(name, claims)))
        }
    }
}

fn no_claims(at: Input<'_>, issuer: &str) -> Diagnostic {
    let (found, span) = found(at);
    let message = format!("expected the claims of the token, an object, found {found}");
    Diagnostic::at(CLAIMS_BAD, span, message).help(format!("write `as {issuer} {{ sub: \"u1\" }}`"))
}

/// `{ sub: "u1", "https://x/": true }`: an object, its member names bare or quoted
fn object(input: Input<'_>) -> Parsed<'_, Vec<(Name, Spanned<Json>)>> {
    let (mut rest, open) = must("{")(input)?;
    deeper(rest)?;
    let mut members: Vec<(Name, Spanned<Json>)> = Vec::new();
    let mut known = BTreeSet::new();
    while sign("}")(rest).is_err() {
        let (behind, name) = match optional(string(rest))? {
            Some(found) => found,
            None => word(rest).map_err(|_| expected(rest, "the name of a member, or `}`"))?,
        };
        if !known.insert(name.node.clone()) {
            return Err(fail(
                Diagnostic::at(TWICE, name.span, format!("`{}` stands twice in one object", name.node))
                    .help("leave one of them out"),
            ));
        }
        let (behind, _) = must(":")(behind)?;
        let (behind, value) = json(behind)?;
        members.push((name, value));
        let comma = sign(",")(behind);
        rest = comma.as_ref().map_or(behind, |(rest, _)| *rest);
        if comma.is_err() && sign("}")(rest).is_err() {
            break;
        }
    }
    let (rest, _) = close("}", open)(rest)?;
    input.leave(1);
    Ok((rest, members))
}

fn deeper(at: Input<'_>) -> Result<(), nom::Err<super::input::Fault>> {
    if at.enter() {
        return Ok(());
    }
    Err(fail(Diagnostic::at(TOO_DEEP, at.space().span(1), "this JSON is nested too deep".to_owned())))
}

/// `"text"`, `42`, `true`, `null`, `[…]`, `{…}`
fn json(input: Input<'_>) -> Parsed<'_, Spanned<Json>> {
    let start = input.space();
    let (rest, node) = match start.first() {
        Some('{') => {
            let (rest, members) = object(start)?;
            (rest, Json::Object(members.into_iter().map(|(n, v)| (n.node.into(), v.node)).collect()))
        }
        Some('[') => array(start)?,
        Some('"') => string(start).map(|(rest, text)| (rest, Json::String(text.node.into())))?,
        Some(c) if c == '-' || c.is_ascii_digit() => number(start)?,
        _ => {
            let node = match peek(start) {
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                "null" => Json::Null,
                _ => return Err(expected(start, "a JSON value")),
            };
            (word(start)?.0, node)
        }
    };
    Ok((rest, Spanned { node, span: start.span_to(rest) }))
}

fn array(input: Input<'_>) -> Parsed<'_, Json> {
    let (mut rest, open) = must("[")(input)?;
    deeper(rest)?;
    let mut values = Vec::new();
    while sign("]")(rest).is_err() {
        let (behind, value) = json(rest)?;
        values.push(value.node);
        match sign(",")(behind) {
            Ok((behind, _)) => rest = behind,
            Err(_) => {
                rest = behind;
                break;
            }
        }
    }
    let (rest, _) = close("]", open)(rest)?;
    input.leave(1);
    Ok((rest, Json::Array(values)))
}

/// Reads a number as JSON writes it (RFC 8259 §6); what is no `i64` keeps no value.
fn number(start: Input<'_>) -> Parsed<'_, Json> {
    let length =
        start.rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(start.rest.len());
    let rest = start.skip(length);
    let text = start.text_at(start.span_to(rest));
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1
        && digits.starts_with('0')
        && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if leading_zero || !digits.ends_with(|c: char| c.is_ascii_digit()) {
        return Err(expected(start, "a JSON number"));
    }
    Ok((rest, text.parse().map_or(Json::OtherNumber, Json::Int)))
}

fn expect(input: Input<'_>) -> Parsed<'_, TestLineKind> {
    let found = peek(input);
    if !EXPECT_WORDS.contains(&found) {
        return Err(unknown_line(input, "what is expected", EXPECT_WORDS));
    }
    let (rest, _) = word(input)?;
    match found {
        "allow" => effect(rest, Effect::Allow),
        "deny" => effect(rest, Effect::Deny),
        "refused" => refused(rest),
        "header" => header(rest).map(|(r, (n, v))| (r, TestLineKind::ExpectHeader(n, v))),
        "limit" => rule_ref(rest).map(|(r, rule)| (r, TestLineKind::ExpectLimit(rule))),
        _ => rule_ref(rest).map(|(r, rule)| (r, TestLineKind::ExpectObserved(rule))),
    }
}

/// `403 by orders.read` behind `deny`
fn effect(input: Input<'_>, effect: Effect) -> Parsed<'_, TestLineKind> {
    let (rest, status) = if input.space().first().is_some_and(|c| c.is_ascii_digit()) {
        int("a status such as `403`")(input).map(|(rest, status)| (rest, Some(status)))?
    } else {
        (input, None)
    };
    let (rest, rule) = match keyword("by")(rest) {
        Ok((behind, _)) => rule_ref(behind).map(|(rest, rule)| (rest, Some(rule)))?,
        Err(_) => (rest, None),
    };
    Ok((rest, TestLineKind::ExpectEffect(effect, status, rule)))
}

/// `dot-segment`, `header-value:x-tenant`, `raw-#`: a code, up to white space
fn refused(input: Input<'_>) -> Parsed<'_, TestLineKind> {
    let start = input.space();
    let length = start.rest.find(|c: char| c.is_whitespace() || c == '}').unwrap_or(start.rest.len());
    if length == 0 {
        return Err(expected(start, "the code of a refusal such as `dot-segment`"));
    }
    let rest = start.skip(length);
    let span = start.span_to(rest);
    let code = start.text_at(span).trim_matches('"').to_owned();
    Ok((rest, TestLineKind::ExpectRefused(Spanned { node: code, span })))
}

/// `orders.read`
fn rule_ref(input: Input<'_>) -> Parsed<'_, RuleRef> {
    let start = input.space();
    let (mut rest, first) = word(start).map_err(|_| expected(start, "the name of a rule"))?;
    let mut full = first.node;
    while rest.rest.starts_with('.') {
        let (behind, next) = word(rest.skip(1)).map_err(|_| expected(rest.skip(1), "the name of a rule"))?;
        full = format!("{full}.{}", next.node);
        rest = behind;
    }
    Ok((rest, Spanned { node: full, span: start.span_to(rest) }))
}
