//! Conditions: every test is true or false, and false where what it asks about is absent.

use std::collections::BTreeSet;

use super::glob;
use super::regex;
use super::values::{Captures, Input, Value};
use crate::address::IpNet;
use crate::ast::{CompareOp, LiteralKind};
use crate::policy::{Attr, Expr, ListEntries, ListId, Test};

/// Says whether a condition is true.
pub(super) fn holds(input: &Input<'_>, captures: &Captures<'_>, condition: &Expr) -> bool {
    match condition {
        Expr::Constant(truth) => *truth,
        Expr::Not(inner) => !holds(input, captures, inner),
        Expr::All(parts) => parts.iter().all(|part| holds(input, captures, part)),
        Expr::Any(parts) => parts.iter().any(|part| holds(input, captures, part)),
        Expr::Test(test, _) => passes(input, captures, test).unwrap_or(false),
    }
}

/// Answers one test; `None` where what it asks about is absent.
fn passes(input: &Input<'_>, captures: &Captures<'_>, test: &Test) -> Option<bool> {
    let attr = |attr: &Attr| input.attr(captures, attr);
    let text = |attr: &Attr| match input.attr(captures, attr) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let set = |attr: &Attr| match input.attr(captures, attr) {
        Some(Value::Strings(set)) => Some(set),
        _ => None,
    };
    Some(match test {
        Test::Authenticated => input.identity.is_some(),
        Test::Issuer(issuer) => input.identity?.issuer() == *issuer,
        Test::Role(role) => input.identity?.roles().any(|held| held == *role),
        Test::Scope(scope) => input.identity?.scopes().any(|held| held == scope),
        Test::Subject(issuer, id) => input.identity?.issuer() == *issuer && input.identity?.id() == id,
        Test::Has(a) => match attr(a)? {
            Value::Strings(set) => !set.is_empty(),
            _ => true,
        },
        Test::True(a) => attr(a)? == Value::Bool(true),
        Test::Compare(left, op, right) => {
            compare(&input.value(captures, left)?, *op, &input.value(captures, right)?)
        }
        Test::InLiterals(a, literals) => {
            let value = attr(a)?;
            literals.iter().any(|literal| is_in_literal(&value, literal))
        }
        Test::InList(a, list) => is_in_list(&attr(a)?, entries(input, *list)?),
        Test::InNet(a, net) => is_in_net(&attr(a)?, net),
        Test::InInterval(a, low, high) => is_between(&attr(a)?, &Value::of(low), &Value::of(high)),
        Test::Like(a, pattern) => glob::matches(pattern, &text(a)?),
        Test::Matches(a, pattern) => regex::matches(pattern, &text(a)?),
        Test::Contains(a, member) => match input.value(captures, member)? {
            Value::String(member) => set(a)?.contains(&member),
            _ => false,
        },
        Test::ContainsAny(a, members) => contains_any(&set(a)?, members),
        Test::ContainsAll(a, members) => contains_all(&set(a)?, members),
        Test::ContainsAnyOf(a, list) => contains_any(&set(a)?, strings(input, *list)?),
        Test::ContainsAllOf(a, list) => contains_all(&set(a)?, strings(input, *list)?),
    })
}

fn compare(left: &Value, op: CompareOp, right: &Value) -> bool {
    let ordered = |test: fn(&i64, &i64) -> bool| match (left.order(), right.order()) {
        (Some(left), Some(right)) => test(&left, &right),
        _ => false,
    };
    match op {
        CompareOp::Equal => left == right,
        CompareOp::NotEqual => left != right,
        CompareOp::Less => ordered(i64::lt),
        CompareOp::LessOrEqual => ordered(i64::le),
        CompareOp::Greater => ordered(i64::gt),
        CompareOp::GreaterOrEqual => ordered(i64::ge),
    }
}

fn is_in_literal(value: &Value, literal: &LiteralKind) -> bool {
    match literal {
        LiteralKind::Ip(net) => is_in_net(value, net),
        _ => *value == Value::of(literal),
    }
}

fn is_in_net(value: &Value, net: &IpNet) -> bool {
    match value {
        Value::Ip(address) => net.contains(*address),
        _ => false,
    }
}

fn is_in_list(value: &Value, entries: &ListEntries) -> bool {
    match (entries, value) {
        (ListEntries::Strings(entries), Value::String(value)) => entries.iter().any(|e| e == value),
        (ListEntries::Ints(entries), Value::Int(value)) => entries.iter().any(|e| e == value),
        (ListEntries::Nets(entries), Value::Ip(_)) => entries.iter().any(|net| is_in_net(value, net)),
        _ => false,
    }
}

/// The low end belongs to the interval, the high end doesn't; one that ends before it begins, as clocks may, goes through
/// midnight.
fn is_between(value: &Value, low: &Value, high: &Value) -> bool {
    let (Some(value), Some(low), Some(high)) = (value.order(), low.order(), high.order()) else {
        return false;
    };
    if low <= high { low <= value && value < high } else { low <= value || value < high }
}

fn contains_any(set: &BTreeSet<String>, members: &[String]) -> bool {
    members.iter().any(|member| set.contains(member))
}

fn contains_all(set: &BTreeSet<String>, members: &[String]) -> bool {
    members.iter().all(|member| set.contains(member))
}

fn entries<'a>(input: &Input<'a>, list: ListId) -> Option<&'a ListEntries> {
    input.policy.lists.get(usize::try_from(list.0).ok()?).map(|list| &list.entries)
}

fn strings<'a>(input: &Input<'a>, list: ListId) -> Option<&'a [String]> {
    match entries(input, list)? {
        ListEntries::Strings(entries) => Some(entries),
        ListEntries::Ints(_) | ListEntries::Nets(_) => None,
    }
}
