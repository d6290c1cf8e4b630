//! Items, services, and going on after an error.

use super::expressions::expr;
use super::faults::{expected, unknown_word};
use super::input::{Fault, Input, Parsed};
use super::issuers::issuer;
use super::literals::literal_list;
use super::patterns::{must_host, path};
use super::rules::{RULE_WORDS, rule};
use super::tests::test;
use super::tokens::{keyword, list1, must, name, never_closed, peek, sign, text, word};
use crate::ast::{Define, Item, List, ListEntries, Role, Service, ServiceLine, Type};
use crate::codes::grammar::{NEVER_CLOSED, UNKNOWN_CLAUSE, UNKNOWN_ITEM};
use crate::source::{Sources, Span, Spanned};

/// The words that begin items.
const ITEM_WORDS: &[&str] = &[
    "issuer", "role", "list", "define", "service", "allow", "deny", "limit", "forward", "audit", "observe",
    "test",
];

const SERVICE_WORDS: &[&str] = &[
    "host",
    "base",
    "trailing_slash",
    "encoded_slash",
    "encoded_delims",
    "path_params",
    "empty_segments",
    "case",
    "tokens",
    "resource_metadata",
    "allow",
    "deny",
    "limit",
    "forward",
    "audit",
    "observe",
];

/// Reads all items of a file; errors are reported, and what could be read is kept.
pub(super) fn items(input: Input<'_>, out: &mut Vec<Item>) {
    let mut rest = input.space();
    while !rest.rest.is_empty() {
        rest.set_depth(0);
        rest = match item(rest) {
            Ok((after, item)) => {
                out.push(item);
                after.space()
            }
            Err(fault) => next_item(rest, report(rest, fault)).space(),
        };
    }
}

fn item(input: Input<'_>) -> Parsed<'_, Item> {
    match peek(input) {
        "issuer" => issuer(input).map(|(rest, i)| (rest, Item::Issuer(i))),
        "role" => role(input).map(|(rest, r)| (rest, Item::Role(r))),
        "list" => list(input).map(|(rest, l)| (rest, Item::List(l))),
        "define" => define(input).map(|(rest, d)| (rest, Item::Define(d))),
        "service" => service(input).map(|(rest, s)| (rest, Item::Service(s))),
        "test" => test(input).map(|(rest, t)| (rest, Item::Test(t))),
        word if RULE_WORDS.contains(&word) || input.space().rest.starts_with('@') => {
            rule(input).map(|(rest, r)| (rest, Item::Rule(r)))
        }
        word => {
            let diagnostic = unknown_word(input.space(), UNKNOWN_ITEM, "an item", ITEM_WORDS);
            Err(super::faults::fail(match word {
                "permit" | "grant" | "rule" | "policy" => {
                    diagnostic.help("a rule that lets requests pass begins with `allow`")
                }
                "forbid" | "block" | "reject" => {
                    diagnostic.help("a rule that stops requests begins with `deny`")
                }
                "import" | "include" | "use" | "package" => {
                    diagnostic.help("all `.gate` files of a folder are one policy; nothing is imported")
                }
                _ => diagnostic,
            }))
        }
    }
}

/// Reports what is wrong, and says where: the place to go on behind.
pub(super) fn report<'a>(start: Input<'a>, fault: nom::Err<Fault>) -> Input<'a> {
    let diagnostic = match fault {
        nom::Err::Failure(Fault(Some(d))) | nom::Err::Error(Fault(Some(d))) => *d,
        nom::Err::Failure(Fault(None)) | nom::Err::Error(Fault(None)) | nom::Err::Incomplete(_) => {
            super::faults::expected_at(start, "something else")
        }
    };
    let at_end = diagnostic.code == NEVER_CLOSED;
    let behind = diagnostic.span.map_or(0, |s| s.start.saturating_sub(start.offset()));
    start.report(diagnostic);
    if at_end { start.skip(start.rest.len()) } else { start.skip(usize::try_from(behind).unwrap_or(0)) }
}

/// Finds the next line that begins, without indent, like an item.
fn next_item<'a>(start: Input<'a>, at: Input<'a>) -> Input<'a> {
    let mut rest = at;
    loop {
        let line = rest.rest.find('\n').map_or(rest.rest.len(), |end| end + 1);
        rest = rest.skip(line);
        let begins = rest.rest.starts_with('@') || ITEM_WORDS.contains(&first_word(rest.rest));
        if rest.rest.is_empty() || (begins && rest.offset() > start.offset()) {
            return rest;
        }
    }
}

/// Marks the item in which a place stands: from the last line before it that begins like one, to the next such line.
pub(crate) fn item_around(sources: &Sources, place: Span) -> Span {
    let text = sources.file(place.file).map_or("", |file| file.text.as_str());
    let (before, behind) =
        text.split_at_checked(usize::try_from(place.start).unwrap_or(0)).unwrap_or((text, ""));
    let begins_item = |at: &usize| {
        let line = text.get(*at..).unwrap_or("");
        line.starts_with('@') || ITEM_WORDS.contains(&first_word(line))
    };
    let start = before.rmatch_indices('\n').map(|(at, _)| at + 1).find(begins_item).unwrap_or(0);
    let end = behind
        .match_indices('\n')
        .map(|(at, _)| before.len() + at + 1)
        .find(begins_item)
        .unwrap_or(text.len());
    let [start, end] = [start, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
    Span { file: place.file, start, end }
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

/// `{ … }`: lines of one kind; after an error goes on at the next line.
pub(super) fn block<'a, T>(
    words: &'static [&'static str],
    line: impl Fn(Input<'a>) -> Parsed<'a, T>,
) -> impl Fn(Input<'a>) -> Parsed<'a, Vec<T>> {
    move |input| {
        let (mut rest, open) = must("{")(input)?;
        let (mut lines, depth) = (Vec::new(), input.depth());
        loop {
            rest = rest.space();
            if let Ok((behind, _)) = sign("}")(rest) {
                return Ok((behind, lines));
            }
            if rest.rest.is_empty() || begins_item(rest, words) {
                rest.report(never_closed(rest, open, "}"));
                return Ok((rest, lines));
            }
            rest = match line(rest) {
                Ok((after, found)) => {
                    lines.push(found);
                    after
                }
                Err(fault) => {
                    rest.set_depth(depth);
                    next_line(rest, report(rest, fault), words)
                }
            };
        }
    }
}

/// Says whether an unindented item begins here that no line of the block is: the block was not closed.
fn begins_item(at: Input<'_>, words: &[&str]) -> bool {
    let word = peek(at);
    ITEM_WORDS.contains(&word) && !words.contains(&word) && at.is_line_start()
}

/// Finds the next line of a block, or its end: behind the mistake, and outside of the braces that the line opened.
fn next_line<'a>(start: Input<'a>, mistake: Input<'a>, words: &[&str]) -> Input<'a> {
    let mut rest = start;
    let mut depth = 0_u32;
    while let Some(c) = rest.first() {
        let behind = rest.offset() >= mistake.offset() && rest.offset() > start.offset();
        let word = if behind && rest.is_word_start() { first_word(rest.rest) } else { "" };
        let begins =
            (depth == 0 && words.contains(&word)) || (ITEM_WORDS.contains(&word) && rest.is_line_start());
        if begins || (c == '}' && depth == 0 && behind) {
            return rest;
        }
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        rest = rest.skip(match c {
            '#' => rest.rest.find('\n').unwrap_or(rest.rest.len()),
            '"' => string_length(rest.rest),
            c => c.len_utf8(),
        });
    }
    rest
}

/// Measures a string, or one quote where it does not end on its line.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return 1,
            '"' if !escaped => return at + 1,
            c => escaped = c == '\\' && !escaped,
        }
    }
    1
}

/// Complains of a word that begins no line of a block.
pub(super) fn unknown_line(input: Input<'_>, what: &str, words: &[&str]) -> nom::Err<Fault> {
    super::faults::fail(unknown_word(input.space(), UNKNOWN_CLAUSE, what, words))
}

/// `role staff includes viewer, auditor`
fn role(input: Input<'_>) -> Parsed<'_, Role> {
    let start = input.space();
    let (rest, _) = keyword("role")(start)?;
    let (rest, role) = name("the name of a role")(rest)?;
    let (rest, includes) = match keyword("includes")(rest) {
        Ok((behind, _)) => list1(name("the name of a role"))(behind)?,
        Err(_) => (rest, Vec::new()),
    };
    Ok((rest, Role { span: start.span_to(rest), name: role, includes }))
}

/// `list office: ip = [10.0.0.0/8]`, `list burned: ip from "lists/burned.txt" may be empty`
fn list(input: Input<'_>) -> Parsed<'_, List> {
    let start = input.space();
    let (rest, _) = keyword("list")(start)?;
    let (rest, list) = name("the name of a list")(rest)?;
    let (rest, _) = must(":")(rest)?;
    let (rest, ty) = type_word(rest)?;
    let (rest, before) = may_be_empty(rest)?;
    let (rest, entries) = match sign("=")(rest) {
        Ok((behind, _)) => {
            let (rest, (_, literals)) = literal_list(behind).map_err(|e| {
                if let nom::Err::Error(_) = e {
                    expected(behind, "a list such as `[\"a\", \"b\"]`")
                } else {
                    e
                }
            })?;
            (rest, ListEntries::Written(literals))
        }
        Err(_) => {
            let (behind, _) =
                keyword("from")(rest).map_err(|_| expected(rest, "`= […]` or `from \"file.txt\"`"))?;
            let (rest, file) = text("the path of a file in quotes")(behind)?;
            (rest, ListEntries::File(file))
        }
    };
    let (rest, behind) = may_be_empty(rest)?;
    Ok((rest, List { span: start.span_to(rest), name: list, ty, entries, may_be_empty: before || behind }))
}

/// `may be empty`
fn may_be_empty(input: Input<'_>) -> Parsed<'_, bool> {
    let Ok((rest, _)) = keyword("may")(input) else { return Ok((input, false)) };
    let (rest, _) = keyword("be")(rest).map_err(|_| expected(rest, "`may be empty`"))?;
    let (rest, _) = keyword("empty")(rest).map_err(|_| expected(rest, "`may be empty`"))?;
    Ok((rest, true))
}

/// `string`, `ip`: the word of a type
pub(super) fn type_word(input: Input<'_>) -> Parsed<'_, Spanned<Type>> {
    let types = [
        Type::Bool,
        Type::Int,
        Type::String,
        Type::Strings,
        Type::Ip,
        Type::Duration,
        Type::Instant,
        Type::Clock,
        Type::Weekday,
    ];
    let found = peek(input);
    let Some(node) = types.into_iter().find(|t| t.word() == found) else {
        return Err(unknown_line(input, "a type", &types.map(Type::word)));
    };
    let (rest, word) = word(input)?;
    Ok((rest, Spanned { node, span: word.span }))
}

/// `define inside = request.ip in office`
fn define(input: Input<'_>) -> Parsed<'_, Define> {
    let start = input.space();
    let (rest, _) = keyword("define")(start)?;
    let (rest, name) = name("the name of a define")(rest)?;
    let (rest, _) = must("=")(rest)?;
    let (rest, body) = expr(rest)?;
    Ok((rest, Define { span: start.span_to(rest), name, body }))
}

/// `service orders { … }`
fn service(input: Input<'_>) -> Parsed<'_, Service> {
    let start = input.space();
    let (rest, _) = keyword("service")(start)?;
    let (rest, name) = name("the name of a service")(rest)?;
    let (rest, lines) = block(SERVICE_WORDS, service_line)(rest)?;
    Ok((rest, Service { span: start.span_to(rest), name, lines }))
}

fn service_line(input: Input<'_>) -> Parsed<'_, ServiceLine> {
    let start = input.space();
    let found = peek(start);
    if RULE_WORDS.contains(&found) || start.rest.starts_with('@') {
        return rule(start).map(|(rest, r)| (rest, ServiceLine::Rule(r)));
    }
    if !SERVICE_WORDS.contains(&found) {
        return Err(unknown_line(start, "a line of a service, or a rule", SERVICE_WORDS));
    }
    let (rest, _) = word(start)?;
    match found {
        "host" => list1(must_host)(rest).map(|(rest, hosts)| (rest, ServiceLine::Host(hosts))),
        "base" => path(rest).map(|(rest, base)| (rest, ServiceLine::Base(base))),
        "resource_metadata" => {
            let (rest, url) = text("a URL in quotes")(rest)?;
            Ok((rest, ServiceLine::ResourceMetadata(start.span_to(rest), url)))
        }
        "trailing_slash" => setting(start, rest, &[("exact", ServiceLine::TrailingSlashExact)]),
        "encoded_slash" => setting(start, rest, &[("keep", ServiceLine::EncodedSlashKeep)]),
        "encoded_delims" => setting(start, rest, &[("keep", ServiceLine::EncodedDelimsKeep)]),
        "path_params" => setting(
            start,
            rest,
            &[("strip", ServiceLine::PathParamsStrip), ("keep", ServiceLine::PathParamsKeep)],
        ),
        "empty_segments" => setting(start, rest, &[("merge", ServiceLine::EmptySegmentsMerge)]),
        "case" => setting(start, rest, &[("fold", ServiceLine::CaseFold)]),
        _ => setting(start, rest, &[("ignore", ServiceLine::TokensIgnore)]),
    }
}

type Setting = (&'static str, fn(Span) -> ServiceLine);

/// `exact` behind `trailing_slash`: one of the words that a setting knows
fn setting<'a>(start: Input<'a>, rest: Input<'a>, known: &[Setting]) -> Parsed<'a, ServiceLine> {
    let found = peek(rest);
    let Some((_, make)) = known.iter().find(|(word, _)| *word == found) else {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        return Err(unknown_line(rest, &format!("a setting of `{}`", peek(start)), &words));
    };
    let (rest, _) = word(rest)?;
    Ok((rest, make(start.span_to(rest))))
}
