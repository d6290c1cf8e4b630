//! Rules and their clauses.

use super::expressions::{attrs, expr, operand, principal};
use super::faults::{expected, fail, unknown_word};
use super::input::{Input, Parsed};
use super::items::{block, unknown_line};
use super::literals::{duration_s, int};
use super::patterns::path;
use super::tokens::{close, list1, must, name, peek, sign, string, text, word};
use crate::ast::{
    AuditLevel, ChallengePart, Clause, ClauseKind, Name, RateUnit, Route, Rule, RuleKind, Text,
};
use crate::codes::grammar::{METHOD_CASE, UNKNOWN_ITEM};
use crate::diagnostic::Diagnostic;
use crate::source::Spanned;

/// The words that begin rules.
pub(super) const RULE_WORDS: &[&str] = &["allow", "deny", "limit", "forward", "audit", "observe"];

const CLAUSE_WORDS: &[&str] = &[
    "on",
    "for",
    "when",
    "unless",
    "respond",
    "challenge",
    "rate",
    "burst",
    "by",
    "set",
    "remove",
    "level",
    "keep",
    "redact",
];

/// `@owner("team-orders") observe deny bots { … }`
pub(super) fn rule(input: Input<'_>) -> Parsed<'_, Rule> {
    let start = input.space();
    let (mut rest, mut annotations) = (start, Vec::new());
    while rest.space().rest.starts_with('@') {
        let (behind, found) = annotation(rest)?;
        annotations.push(found);
        rest = behind;
    }
    let observe = peek(rest) == "observe";
    if observe {
        rest = word(rest)?.0;
    }
    let kind = match peek(rest) {
        "allow" => RuleKind::Allow,
        "deny" => RuleKind::Deny,
        "limit" => RuleKind::Limit,
        "forward" => RuleKind::Forward,
        "audit" => RuleKind::Audit,
        _ => {
            return Err(fail(unknown_word(
                rest.space(),
                UNKNOWN_ITEM,
                "a kind of rule",
                &["allow", "deny", "limit", "forward", "audit"],
            )));
        }
    };
    let (rest, kind_word) = word(rest)?;
    let (rest, name) = name("the name of the rule")(rest)?;
    let (rest, clauses) = block(CLAUSE_WORDS, clause)(rest)?;
    let kind = Spanned { node: kind, span: kind_word.span };
    Ok((rest, Rule { span: start.span_to(rest), annotations, observe, kind, name, clauses }))
}

/// `@owner("team-orders")`
fn annotation(input: Input<'_>) -> Parsed<'_, (Name, Text)> {
    let (rest, _) = must("@")(input)?;
    let (rest, name) = name("the name of an annotation")(rest)?;
    let (rest, open) = must("(")(rest)?;
    let (rest, found) = text("a text in quotes")(rest)?;
    let (rest, _) = close(")", open)(rest)?;
    Ok((rest, (name, found)))
}

fn clause(input: Input<'_>) -> Parsed<'_, Clause> {
    let start = input.space();
    let found = peek(start);
    if !CLAUSE_WORDS.contains(&found) {
        let fault = match found {
            "if" | "where" => fail(
                unknown_word(
                    start,
                    crate::codes::grammar::UNKNOWN_CLAUSE,
                    "a clause of a rule",
                    CLAUSE_WORDS,
                )
                .help("conditions begin with `when`, or `unless`"),
            ),
            _ => unknown_line(start, "a clause of a rule", CLAUSE_WORDS),
        };
        return Err(fault);
    }
    let (rest, _) = word(start)?;
    let (rest, node) = match found {
        "on" => list1(route)(rest).map(|(r, routes)| (r, ClauseKind::On(routes))),
        "for" => principal(rest).map(|(r, p)| (r, ClauseKind::For(p))),
        "when" => expr(rest).map(|(r, e)| (r, ClauseKind::When(e))),
        "unless" => expr(rest).map(|(r, e)| (r, ClauseKind::Unless(e))),
        "respond" => respond(rest),
        "challenge" => challenge(rest),
        "rate" => rate(rest),
        "burst" => int("a number of requests")(rest).map(|(r, n)| (r, ClauseKind::Burst(n))),
        "by" => attrs(rest).map(|(r, a)| (r, ClauseKind::By(a))),
        "set" => set(rest),
        "remove" => text("the name of a header in quotes")(rest).map(|(r, t)| (r, ClauseKind::Remove(t))),
        "level" => level(rest),
        "keep" => attrs(rest).map(|(r, a)| (r, ClauseKind::Keep(a))),
        _ => attrs(rest).map(|(r, a)| (r, ClauseKind::Redact(a))),
    }?;
    Ok((rest, Clause { span: start.span_to(rest), node }))
}

/// `GET|HEAD /orders/**`
fn route(input: Input<'_>) -> Parsed<'_, Route> {
    let start = input.space();
    let (mut rest, mut methods) = (start, Vec::new());
    if !start.rest.starts_with(['/', '"']) {
        loop {
            let (behind, found) = method(rest)?;
            methods.push(found);
            rest = behind;
            match sign("|")(rest) {
                Ok((behind, _)) => rest = behind,
                Err(_) => break,
            }
        }
    }
    let (rest, pattern) = path(rest)?;
    Ok((rest, Route { span: start.span_to(rest), methods, pattern }))
}

/// `GET`
fn method(input: Input<'_>) -> Parsed<'_, Name> {
    let wanted = || expected(input, "a method such as `GET`, or a path such as `/orders/**`");
    let (rest, found) = word(input).map_err(|_| wanted())?;
    // The next clause: behind a comma too many, or behind an `on` that names nothing.
    if CLAUSE_WORDS.contains(&found.node.as_str()) {
        return Err(wanted());
    }
    if found.node.bytes().any(|b| b.is_ascii_lowercase()) {
        let message = format!("`{}` is no method: methods are written in capitals", found.node);
        let help = format!("write `{}`", found.node.to_ascii_uppercase());
        return Err(fail(Diagnostic::at(METHOD_CASE, found.span, message).help(help)));
    }
    Ok((rest, found))
}

/// `451 "not available in your country"`
fn respond(input: Input<'_>) -> Parsed<'_, ClauseKind> {
    let (rest, status) = int("a status such as `403`")(input)?;
    match string(rest) {
        Ok((rest, text)) => Ok((rest, ClauseKind::Respond(status, Some(text)))),
        Err(nom::Err::Error(_)) => Ok((rest, ClauseKind::Respond(status, None))),
        Err(e) => Err(e),
    }
}

/// `max_age 15m acr "urn:mfa", "urn:hw" scope "orders:write"`
fn challenge(input: Input<'_>) -> Parsed<'_, ClauseKind> {
    let (mut rest, mut parts) = (input, Vec::new());
    loop {
        let (behind, part) = match peek(rest) {
            "max_age" => duration_s("a duration such as `15m`")(word(rest)?.0)
                .map(|(r, s)| (r, ChallengePart::MaxAge(s)))?,
            "acr" => list1(text("an authentication context in quotes"))(word(rest)?.0)
                .map(|(r, a)| (r, ChallengePart::Acr(a)))?,
            "scope" => text("a scope in quotes")(word(rest)?.0).map(|(r, s)| (r, ChallengePart::Scope(s)))?,
            _ if parts.is_empty() => return Err(expected(rest, "`max_age`, `acr` or `scope`")),
            _ => return Ok((rest, ClauseKind::Challenge(parts))),
        };
        parts.push(part);
        rest = behind;
    }
}

/// `600 per minute`
fn rate(input: Input<'_>) -> Parsed<'_, ClauseKind> {
    let (rest, count) = int("a number of requests")(input)?;
    let (rest, _) = super::tokens::keyword("per")(rest)
        .map_err(|_| expected(rest, "`per second`, `per minute`, `per hour` or `per day`"))?;
    let unit = match peek(rest) {
        "second" => RateUnit::Second,
        "minute" => RateUnit::Minute,
        "hour" => RateUnit::Hour,
        "day" => RateUnit::Day,
        _ => return Err(unknown_line(rest, "a unit of time", &["second", "minute", "hour", "day"])),
    };
    let (rest, found) = word(rest)?;
    Ok((rest, ClauseKind::Rate(count, Spanned { node: unit, span: found.span })))
}

/// `"x-user-id" = user.id`
fn set(input: Input<'_>) -> Parsed<'_, ClauseKind> {
    let (rest, header) = text("the name of a header in quotes")(input)?;
    let (rest, _) = must("=")(rest)?;
    let (rest, value) = operand(rest)?;
    Ok((rest, ClauseKind::Set(header, value)))
}

/// `full`
fn level(input: Input<'_>) -> Parsed<'_, ClauseKind> {
    let level = match peek(input) {
        "none" => AuditLevel::None,
        "brief" => AuditLevel::Brief,
        "full" => AuditLevel::Full,
        _ => return Err(unknown_line(input, "a level", &["none", "brief", "full"])),
    };
    let (rest, found) = word(input)?;
    Ok((rest, ClauseKind::Level(Spanned { node: level, span: found.span })))
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    #[test]
    fn behind_a_comma_too_many_a_route_is_wanted_not_another_spelling_of_the_next_clause() {
        for text in ["allow a {\n  on GET /a,\n  for anyone\n}\n", "allow a {\n  on\n  for anyone\n}\n"] {
            let (_, found) = crate::parse::parse(&Sources::from_text("policy.gate", text));
            let messages: Vec<&str> = found.iter().map(|d| d.message.as_str()).collect();
            assert_eq!(
                messages,
                ["expected a method such as `GET`, or a path such as `/orders/**`, found `for`"]
            );
        }
    }
}
