//! Expressions of `when`, `unless` and `define`, and principals of `for`.

use super::faults::{expected, expected_at, fail};
use super::input::{Fault, Input, Parsed};
use super::literals::{literal, literal_list, must_literal, offset};
use super::tokens::{close, keyword, list1, must, name, peek, sign, string, text, word};
use crate::ast::{Attr, AttrKind, CompareOp, Expr, Name, Operand, Principal, Set, TestKind, Who};
use crate::codes::grammar::{CHAINED, EMPTY_LITERAL, MIXED, TOO_DEEP};
use crate::codes::tokens::FOREIGN;
use crate::diagnostic::Diagnostic;
use crate::limits::NESTING_MAX;
use crate::source::{Span, Spanned};

/// What `and`, `or`, `not` and parentheses join: [`Expr`] or [`Who`].
trait Joins: Sized {
    fn unit(input: Input<'_>) -> Parsed<'_, Self>;
    fn and(parts: Vec<Self>) -> Self;
    fn or(parts: Vec<Self>) -> Self;
    fn not(span: Span, inner: Self) -> Self;
    fn group(span: Span, inner: Self) -> Self;
}

impl Joins for Expr {
    fn unit(input: Input<'_>) -> Parsed<'_, Self> {
        test(input)
    }

    fn and(parts: Vec<Self>) -> Self {
        Self::And(parts)
    }

    fn or(parts: Vec<Self>) -> Self {
        Self::Or(parts)
    }

    fn not(span: Span, inner: Self) -> Self {
        Self::Not(span, Box::new(inner))
    }

    fn group(span: Span, inner: Self) -> Self {
        Self::Group(span, Box::new(inner))
    }
}

impl Joins for Who {
    fn unit(input: Input<'_>) -> Parsed<'_, Self> {
        who_term(input)
    }

    fn and(parts: Vec<Self>) -> Self {
        Self::And(parts)
    }

    fn or(parts: Vec<Self>) -> Self {
        Self::Or(parts)
    }

    fn not(span: Span, inner: Self) -> Self {
        Self::Not(span, Box::new(inner))
    }

    fn group(span: Span, inner: Self) -> Self {
        Self::Group(span, Box::new(inner))
    }
}

/// `user.mfa and (inside or has request.client_cert)`
pub(super) fn expr(input: Input<'_>) -> Parsed<'_, Expr> {
    joined(input)
}

/// `a and b and c`, `a or b`, never mixed
fn joined<T: Joins>(input: Input<'_>) -> Parsed<'_, T> {
    let (mut rest, first) = unary(input)?;
    let joiner = match peek(rest) {
        "and" => "and",
        "or" => "or",
        _ => return Ok((rest, first)),
    };
    let mut parts = vec![first];
    while peek(rest) == joiner {
        let (behind, _) = word(rest)?;
        let (after, part) = unary(behind)?;
        parts.push(part);
        rest = after;
    }
    if matches!(peek(rest), "and" | "or") {
        return Err(fail(mixed(input, rest, joiner)));
    }
    Ok((rest, if joiner == "and" { T::and(parts) } else { T::or(parts) }))
}

fn mixed(start: Input<'_>, at: Input<'_>, joiner: &str) -> Diagnostic {
    let (start, at) = (start.space(), at.space());
    let left = start.text_at(start.span_to(at)).trim_end();
    let other = peek(at);
    let one_line = left.split_whitespace().collect::<Vec<_>>().join(" ");
    let diagnostic = Diagnostic::at(
        MIXED,
        at.span(other.len()),
        format!("`{joiner}` and `{other}` stand beside each other without parentheses"),
    );
    match one_line.rsplit_once(&format!(" {joiner} ")) {
        Some((head, last)) => diagnostic
            .help(format!("write `({one_line}) {other} …`"))
            .help(format!("or `{head} {joiner} ({last} {other} …)`")),
        None => diagnostic.help(format!("write `({one_line}) {other} …`")),
    }
}

/// `not a`, `(a)`, or a test; `not` may repeat
fn unary<T: Joins>(input: Input<'_>) -> Parsed<'_, T> {
    let (mut rest, mut nots) = (input, Vec::new());
    while peek(rest) == "not" {
        let (behind, not) = word(rest)?;
        deeper(rest)?;
        nots.push(not.span);
        rest = behind;
    }
    let (after, unit) = match sign("(")(rest) {
        Ok((behind, open)) => group(rest, behind, open)?,
        Err(_) => T::unit(rest)?,
    };
    input.leave(u32::try_from(nots.len()).unwrap_or(0));
    Ok((after, nots.into_iter().rev().fold(unit, |inner, span| T::not(span, inner))))
}

/// `(a)`, behind its opening
fn group<'a, T: Joins>(at: Input<'a>, behind: Input<'a>, open: Span) -> Parsed<'a, T> {
    deeper(at)?;
    let (rest, inner) = joined::<T>(behind)?;
    let (rest, end) = close(")", open)(rest)?;
    at.leave(1);
    Ok((rest, T::group(open.to(end), inner)))
}

fn deeper(at: Input<'_>) -> Result<(), nom::Err<Fault>> {
    if at.enter() {
        return Ok(());
    }
    let message = format!("this is nested more than {NESTING_MAX} deep");
    Err(fail(
        Diagnostic::at(TOO_DEEP, at.space().span(1), message)
            .help("give a part of it a name: `define NAME = …`"),
    ))
}

/// `has a`, `a == b`, `a in [b]`, `inside`, `true`
fn test(input: Input<'_>) -> Parsed<'_, Expr> {
    let start = input.space();
    if peek(start) == "has" {
        let (rest, _) = word(start)?;
        let (rest, attr) = must_attr(rest)?;
        return Ok((rest, made(start, rest, TestKind::Has(attr))));
    }
    let bare = peek(start);
    if !is_root(bare)
        && !bare.is_empty()
        && !bare.bytes().any(|b| b.is_ascii_uppercase())
        && let Some(found) = constant_or_define(start)?
    {
        return Ok(found);
    }
    let (rest, left) = operand(start)?;
    operator(start, rest, left)
}

/// `inside`, `true`: a word that is no attribute and no side of a comparison
fn constant_or_define(start: Input<'_>) -> Result<Option<(Input<'_>, Expr)>, nom::Err<Fault>> {
    let (rest, found) = word(start)?;
    if compare_op(rest)?.is_some() || rest.rest.starts_with(':') {
        return Ok(None);
    }
    let found = match found.node.as_str() {
        "true" => Expr::Constant(Spanned { node: true, span: found.span }),
        "false" => Expr::Constant(Spanned { node: false, span: found.span }),
        "and" | "or" | "for" | "when" | "unless" | "on" => return Err(expected(start, "a test")),
        "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun" => return Err(expected(start, "a test")),
        _ => Expr::Define(name("a test")(start)?.1),
    };
    Ok(Some((rest, found)))
}

fn made(start: Input<'_>, rest: Input<'_>, node: TestKind) -> Expr {
    Expr::Test(Box::new(Spanned { node, span: start.span_to(rest) }))
}

/// What follows the left side of a test.
fn operator<'a>(start: Input<'a>, rest: Input<'a>, left: Operand) -> Parsed<'a, Expr> {
    if let Some((behind, op)) = compare_op(rest)? {
        let (after, right) = operand(behind)?;
        if let Ok(Some((_, second))) = compare_op(after) {
            let message = "comparisons do not chain".to_owned();
            let right = start.text_at(behind.space().span_to(after));
            let help = format!(
                "write two, joined by `and`: `… {} {right} and {right} {} …`",
                sign_of(op.node),
                sign_of(second.node)
            );
            return Err(fail(Diagnostic::at(CHAINED, second.span, message).help(help)));
        }
        return Ok((after, made(start, after, TestKind::Compare(left, op, right))));
    }
    let Operand::Attr(attr) = left else { return Err(expected(rest, "a comparison such as `==`")) };
    match peek(rest) {
        "in" => {
            let (rest, set) = set(word(rest)?.0)?;
            Ok((rest, made(start, rest, TestKind::In(attr, set))))
        }
        "like" => {
            let (rest, pattern) = text("a pattern in quotes, such as `\"curl/*\"`")(word(rest)?.0)?;
            Ok((rest, made(start, rest, TestKind::Like(attr, pattern))))
        }
        "matches" => {
            let (rest, pattern) = text("a regular expression in quotes")(word(rest)?.0)?;
            Ok((rest, made(start, rest, TestKind::Matches(attr, pattern))))
        }
        "contains" => contains(start, word(rest)?.0, attr),
        "not" => {
            let shown = start.text_at(attr.span);
            Err(fail(
                expected_at(rest, "a comparison").help(format!("`not` stands in front: `not {shown} in …`")),
            ))
        }
        _ => Ok((rest, made(start, rest, TestKind::Bare(attr)))),
    }
}

fn contains<'a>(start: Input<'a>, rest: Input<'a>, attr: Attr) -> Parsed<'a, Expr> {
    match peek(rest) {
        "any" => {
            let (rest, set) = set(word(rest)?.0)?;
            Ok((rest, made(start, rest, TestKind::ContainsAny(attr, set))))
        }
        "all" => {
            let (rest, set) = set(word(rest)?.0)?;
            Ok((rest, made(start, rest, TestKind::ContainsAll(attr, set))))
        }
        _ => {
            let (rest, value) = operand(rest)?;
            Ok((rest, made(start, rest, TestKind::Contains(attr, value))))
        }
    }
}

/// `["IR", "KP"]`, `embargoed`, `10.0.0.0/8`, `22:00..06:00`
fn set(input: Input<'_>) -> Parsed<'_, Set> {
    if sign("[")(input).is_ok() {
        let (rest, (span, literals)) = literal_list(input)?;
        if literals.is_empty() {
            let message = "an empty list holds nothing, so the test says nothing".to_owned();
            return Err(fail(
                Diagnostic::at(EMPTY_LITERAL, span, message)
                    .help("put values in it, or write `true` or `false`"),
            ));
        }
        return Ok((rest, Set::Literals(span, literals)));
    }
    if let Some((rest, low)) = optional(literal(input))? {
        if let Ok((behind, _)) = sign("..")(rest) {
            let (rest, high) = must_literal("the upper end of the interval")(behind)?;
            return Ok((rest, Set::Interval(low, high)));
        }
        return Ok((rest, Set::Single(low)));
    }
    let (rest, list) = name("a list: `[…]`, the name of a list, a network or an interval")(input)?;
    Ok((rest, Set::List(list)))
}

/// Turns "this is not it" into nothing.
pub(super) fn optional<T>(parsed: Parsed<'_, T>) -> Result<Option<(Input<'_>, T)>, nom::Err<Fault>> {
    match parsed {
        Ok(found) => Ok(Some(found)),
        Err(nom::Err::Error(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

fn compare_op(input: Input<'_>) -> Result<Option<(Input<'_>, Spanned<CompareOp>)>, nom::Err<Fault>> {
    let ops = [
        ("==", CompareOp::Equal),
        ("!=", CompareOp::NotEqual),
        ("<=", CompareOp::LessOrEqual),
        (">=", CompareOp::GreaterOrEqual),
        ("<", CompareOp::Less),
        (">", CompareOp::Greater),
    ];
    let input = input.space();
    if !input.rest.starts_with(['=', '!', '<', '>']) {
        return Ok(None);
    }
    for (text, node) in ops {
        if let Ok((rest, span)) = sign(text)(input) {
            return Ok(Some((rest, Spanned { node, span })));
        }
    }
    match sign("=")(input) {
        Ok((_, span)) => {
            Err(fail(Diagnostic::at(FOREIGN, span, "a single `=` compares nothing").help("write `==`")))
        }
        Err(_) => Ok(None),
    }
}

fn sign_of(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "==",
        CompareOp::NotEqual => "!=",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
    }
}

/// `user.tenant?`, `15m`
pub(super) fn operand(input: Input<'_>) -> Parsed<'_, Operand> {
    if is_root(peek(input)) {
        let (rest, attr) = must_attr(input)?;
        return Ok((rest, Operand::Attr(attr)));
    }
    match optional(literal(input))? {
        Some((rest, literal)) => Ok((rest, Operand::Literal(literal))),
        None => Err(expected(input, "an attribute such as `user.id`, or a value")),
    }
}

fn is_root(word: &str) -> bool {
    matches!(word, "request" | "path" | "host" | "user" | "now" | "time" | "weekday")
}

/// `request.header("x-tenant").only?`, `now`, `time +02:00`
pub(super) fn must_attr(input: Input<'_>) -> Parsed<'_, Attr> {
    let start = input.space();
    if !is_root(peek(start)) {
        return Err(expected(start, "an attribute such as `user.id` or `request.ip`"));
    }
    let (mut rest, root) = word(start)?;
    let node = match root.node.as_str() {
        "time" => {
            let (behind, offset) = offset(rest)?;
            rest = behind;
            AttrKind::Time(offset)
        }
        "weekday" => {
            let (behind, offset) = offset(rest)?;
            rest = behind;
            AttrKind::Weekday(offset)
        }
        _ => {
            let (behind, node) = dotted(rest, root)?;
            rest = behind;
            node
        }
    };
    let asked = rest.rest.starts_with('?') && !rest.rest.starts_with("??");
    let rest = if asked { rest.skip(1) } else { rest };
    Ok((rest, Attr { span: start.span_to(rest), node, asked }))
}

/// `.header("n").only`, `.tenant`: what follows a root, without spaces
fn dotted<'a>(mut rest: Input<'a>, root: Name) -> Parsed<'a, AttrKind> {
    let mut names = vec![root];
    while rest.rest.starts_with('.') && !rest.rest.starts_with("..") {
        let (behind, next) = word(rest.skip(1)).map_err(|_| expected(rest.skip(1), "a name"))?;
        rest = behind;
        if rest.rest.starts_with('(') {
            return called(rest, next);
        }
        names.push(next);
    }
    Ok((rest, AttrKind::Path(names)))
}

/// `("x-tenant").only`
fn called<'a>(input: Input<'a>, of: Name) -> Parsed<'a, AttrKind> {
    let (rest, open) = must("(")(input)?;
    let (rest, argument) = text("a name in quotes")(rest)?;
    let (mut rest, _) = close(")", open)(rest)?;
    let mut only = None;
    if rest.rest.starts_with('.') {
        let (behind, member) = word(rest.skip(1)).map_err(|_| expected(rest.skip(1), "`only`"))?;
        if member.node != "only" {
            return Err(fail(
                expected_at(rest.skip(1), "`only`").help("the one value of a set is read with `.only`"),
            ));
        }
        only = Some(member.span);
        rest = behind;
    }
    Ok((rest, AttrKind::Of(of, argument, only)))
}

/// `user.issuer, user.id`
pub(super) fn attrs(input: Input<'_>) -> Parsed<'_, Vec<Attr>> {
    list1(must_attr)(input)
}

/// `anyone`, `anonymous or staff`, `staff and not machine`
pub(super) fn principal(input: Input<'_>) -> Parsed<'_, Principal> {
    match peek(input) {
        "anyone" => {
            let (rest, found) = word(input)?;
            Ok((rest, Principal::Anyone(found.span)))
        }
        "anonymous" => {
            let (rest, found) = word(input)?;
            if let Ok((behind, _)) = keyword("or")(rest) {
                let (rest, who) = joined(behind)?;
                return Ok((rest, Principal::AnonymousOr(found.span, who)));
            }
            Ok((rest, Principal::Anonymous(found.span)))
        }
        _ => {
            let (rest, who) = joined(input)?;
            Ok((rest, Principal::Who(who)))
        }
    }
}

/// `staff`, `scope "orders:read"`, `issuer okta`, `subject okta "00u1"`, `authenticated`
fn who_term(input: Input<'_>) -> Parsed<'_, Who> {
    let start = input.space();
    match peek(start) {
        "scope" => {
            let (rest, scope) = text("a scope in quotes")(word(start)?.0)?;
            Ok((rest, Who::Scope(start.span_to(rest), scope)))
        }
        "issuer" => {
            let (rest, issuer) = name("the name of an issuer")(word(start)?.0)?;
            Ok((rest, Who::Issuer(start.span_to(rest), issuer)))
        }
        "subject" => {
            let (rest, issuer) = name("the name of an issuer")(word(start)?.0)?;
            let (rest, subject) = text("a subject in quotes")(rest)?;
            Ok((rest, Who::Subject(start.span_to(rest), issuer, subject)))
        }
        "authenticated" => {
            let (rest, found) = word(start)?;
            Ok((rest, Who::Authenticated(found.span)))
        }
        "anyone" | "anonymous" => Err(fail(
            expected_at(start, "a role, `scope`, `issuer`, `subject` or `authenticated`")
                .help("`anyone` stands alone, and `anonymous` first: `for anonymous or staff`"),
        )),
        _ if string(start).is_ok() => Err(fail(
            expected_at(start, "a role")
                .help("names of roles have no quotes; scopes are written `scope \"…\"`"),
        )),
        _ => {
            let (rest, role) = name("a role, `scope`, `issuer`, `subject` or `authenticated`")(start)?;
            Ok((rest, Who::Role(role)))
        }
    }
}
