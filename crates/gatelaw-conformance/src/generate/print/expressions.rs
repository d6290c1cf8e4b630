//! Conditions and principals.

use gatelaw::ast::{Attr, AttrKind, CompareOp, Expr, Operand, Principal, Set, TestKind, Who};

use super::literals::{literal, literals, names, string};

pub(super) fn expr(condition: &Expr) -> String {
    match condition {
        Expr::And(parts) => joined(parts, " and "),
        Expr::Or(parts) => joined(parts, " or "),
        Expr::Not(_, inner) => format!("not {}", expr(inner)),
        Expr::Group(_, inner) => format!("({})", expr(inner)),
        Expr::Constant(truth) => truth.node.to_string(),
        Expr::Define(name) => name.node.clone(),
        Expr::Test(test) => test_kind(&test.node),
    }
}

fn joined(parts: &[Expr], between: &str) -> String {
    parts.iter().map(expr).collect::<Vec<_>>().join(between)
}

fn test_kind(test: &TestKind) -> String {
    match test {
        TestKind::Has(read) => format!("has {}", attr(read)),
        TestKind::Bare(read) => attr(read),
        TestKind::Compare(left, op, right) => {
            format!("{} {} {}", operand(left), sign(op.node), operand(right))
        }
        TestKind::In(read, set) => format!("{} in {}", attr(read), members(set)),
        TestKind::Like(read, pattern) => format!("{} like {}", attr(read), string(pattern)),
        TestKind::Matches(read, pattern) => {
            format!("{} matches {}", attr(read), string(pattern))
        }
        TestKind::Contains(read, member) => {
            format!("{} contains {}", attr(read), operand(member))
        }
        TestKind::ContainsAny(read, set) => format!("{} contains any {}", attr(read), members(set)),
        TestKind::ContainsAll(read, set) => format!("{} contains all {}", attr(read), members(set)),
    }
}

fn members(set: &Set) -> String {
    match set {
        Set::Literals(_, all) => format!("[{}]", literals(all)),
        Set::List(name) => name.node.clone(),
        Set::Single(lone) => literal(lone),
        Set::Interval(low, high) => format!("{}..{}", literal(low), literal(high)),
    }
}

pub(super) fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Attr(read) => attr(read),
        Operand::Literal(value) => literal(value),
    }
}

pub(super) fn attrs(attrs: &[Attr]) -> String {
    attrs.iter().map(attr).collect::<Vec<_>>().join(", ")
}

pub(super) fn attr(read: &Attr) -> String {
    let mut text = match &read.node {
        AttrKind::Path(words) => names(words, "."),
        AttrKind::Of(function, argument, only) => {
            let only = if only.is_some() { ".only" } else { "" };
            format!("request.{}({}){only}", function.node, string(argument))
        }
        AttrKind::Time(offset) => format!("time{}", offset_text(offset.as_ref().map(|o| o.node))),
        AttrKind::Weekday(offset) => format!("weekday{}", offset_text(offset.as_ref().map(|o| o.node))),
    };
    if read.asked {
        text.push('?');
    }
    text
}

pub(super) fn principal(principal: &Principal) -> String {
    match principal {
        Principal::Anyone(_) => "anyone".into(),
        Principal::Anonymous(_) => "anonymous".into(),
        Principal::AnonymousOr(_, caller) => format!("anonymous or {}", who(caller)),
        Principal::Who(caller) => who(caller),
    }
}

fn who(caller: &Who) -> String {
    let joined = |parts: &[Who], between: &str| parts.iter().map(who).collect::<Vec<_>>().join(between);
    match caller {
        Who::Role(name) => name.node.clone(),
        Who::Scope(_, scope) => format!("scope {}", string(scope)),
        Who::Issuer(_, name) => format!("issuer {}", name.node),
        Who::Subject(_, name, id) => format!("subject {} {}", name.node, string(id)),
        Who::Authenticated(_) => "authenticated".into(),
        Who::Not(_, inner) => format!("not {}", who(inner)),
        Who::And(parts) => joined(parts, " and "),
        Who::Or(parts) => joined(parts, " or "),
        Who::Group(_, inner) => format!("({})", who(inner)),
    }
}

const fn sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "==",
        CompareOp::NotEqual => "!=",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
    }
}

/// Writes minutes east of UTC as ` +02:00`.
fn offset_text(minutes: Option<i32>) -> String {
    let Some(minutes) = minutes else { return String::new() };
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!(" {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
