//! The literals that a policy tests each attribute against, and texts that its patterns match.

use std::collections::BTreeMap;

use gatelaw::ast::LiteralKind;
use gatelaw::policy::{Attr, Expr, ListEntries, Policy, Test, Value};
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, ClassPerlKind, ClassSet, ClassSetItem, RepetitionKind, RepetitionRange};

use super::aim::stepped;
use crate::generate::rng::Rng;

/// Lists what each attribute is tested against anywhere in a policy.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<Attr, Vec<LiteralKind>>);

impl Samples {
    pub(super) fn of(policy: &Policy) -> Self {
        let mut samples = Self::default();
        for rule in &policy.rules {
            samples.walk(policy, &rule.condition);
        }
        samples
    }

    /// Picks a literal that the attribute is tested against, or one beside it; `None` where no test has one.
    pub(super) fn pick(&self, attr: &Attr, rng: &mut Rng) -> Option<LiteralKind> {
        let all = self.0.get(attr).filter(|all| !all.is_empty())?;
        let literal = rng.pick(all);
        Some(if rng.chance(15) {
            stepped(literal, if rng.chance(50) { 1 } else { -1 })
        } else {
            literal.clone()
        })
    }

    /// Picks a text as [`pick`](Self::pick) does, or some word.
    pub(super) fn text(&self, attr: &Attr, rng: &mut Rng) -> String {
        match self.pick(attr, rng) {
            Some(LiteralKind::String(text)) => text,
            _ => rng.word(&["t1", "acme", "a", "zz", "42"]).to_owned(),
        }
    }

    fn walk(&mut self, policy: &Policy, expr: &Expr) {
        match expr {
            Expr::Constant(_) => {}
            Expr::Not(inner) => self.walk(policy, inner),
            Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| self.walk(policy, part)),
            Expr::Test(test, _) => self.test(policy, test),
        }
    }

    fn test(&mut self, policy: &Policy, test: &Test) {
        let string = |text: &String| LiteralKind::String(text.clone());
        let mut add =
            |attr: &Attr, values: Vec<LiteralKind>| self.0.entry(attr.clone()).or_default().extend(values);
        match test {
            Test::Compare(Value::Attr(attr), _, Value::Literal(literal))
            | Test::Compare(Value::Literal(literal), _, Value::Attr(attr))
            | Test::Contains(attr, Value::Literal(literal)) => add(attr, vec![literal.clone()]),
            Test::InLiterals(attr, literals) => add(attr, literals.clone()),
            Test::InInterval(attr, low, high) => add(attr, vec![low.clone(), high.clone()]),
            Test::InNet(attr, net) => add(attr, vec![LiteralKind::Ip(*net)]),
            Test::Like(attr, pattern) => add(attr, vec![string(&pattern.replace(['*', '?', '\\'], ""))]),
            Test::ContainsAny(attr, members) | Test::ContainsAll(attr, members) => {
                add(attr, members.iter().map(string).collect());
            }
            Test::InList(attr, list) | Test::ContainsAnyOf(attr, list) | Test::ContainsAllOf(attr, list) => {
                let list = usize::try_from(list.0).ok().and_then(|index| policy.lists.get(index));
                match list.map(|l| &l.entries) {
                    Some(ListEntries::Strings(all)) => add(attr, all.iter().take(8).map(string).collect()),
                    Some(ListEntries::Ints(all)) => {
                        add(attr, all.iter().map(|v| LiteralKind::Int(*v)).collect())
                    }
                    Some(ListEntries::Nets(all)) => {
                        add(attr, all.iter().map(|v| LiteralKind::Ip(*v)).collect())
                    }
                    None => {}
                }
            }
            Test::Scope(scope) => add(&Attr::UserScopes, vec![string(scope)]),
            Test::Subject(_, id) => add(&Attr::UserId, vec![string(id)]),
            Test::Authenticated | Test::Issuer(_) | Test::Role(_) | Test::Has(_) | Test::True(_) => {}
            Test::Compare(..) | Test::Contains(..) | Test::Matches(..) => {}
        }
    }
}

/// Writes a text that a glob matches.
pub(super) fn like_glob(pattern: &str, rng: &mut Rng) -> String {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => text.push_str(rng.word(&["", "a", "xyz", "-1"])),
            '?' => text.push_str(rng.word(&["a", "Z", "é"])),
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

/// Writes a text that a regular expression of the language is likely to match.
pub(super) fn like_regex(pattern: &str, rng: &mut Rng) -> String {
    let mut text = String::new();
    if let Ok(ast) = Parser::new().parse(pattern.strip_prefix("(?i)").unwrap_or(pattern)) {
        write_match(&ast, &mut text, rng);
    }
    text
}

fn write_match(ast: &Ast, text: &mut String, rng: &mut Rng) {
    match ast {
        Ast::Literal(literal) => text.push(literal.c),
        Ast::Dot(_) => text.push(*rng.pick(&['a', 'a', '1', 'é', '\n'])),
        Ast::ClassPerl(class) => text.push(match (&class.kind, class.negated) {
            (ClassPerlKind::Digit, false) => '7',
            (ClassPerlKind::Space, false) => ' ',
            (ClassPerlKind::Word, false) | (_, true) => 'w',
        }),
        Ast::ClassBracketed(class) => match (&class.kind, class.negated) {
            (ClassSet::Item(item), false) => text.push(one_of(item)),
            _ => text.push('-'),
        },
        Ast::Repetition(repetition) => {
            for _ in 0..rng.between(least(&repetition.op.kind), most(&repetition.op.kind)) {
                write_match(&repetition.ast, text, rng);
            }
        }
        Ast::Group(group) => write_match(&group.ast, text, rng),
        Ast::Alternation(either) => write_match(rng.pick(&either.asts), text, rng),
        Ast::Concat(concat) => concat.asts.iter().for_each(|part| write_match(part, text, rng)),
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) | Ast::ClassUnicode(_) => {}
    }
}

fn one_of(item: &ClassSetItem) -> char {
    match item {
        ClassSetItem::Literal(literal) => literal.c,
        ClassSetItem::Range(range) => range.end.c,
        ClassSetItem::Union(union) => union.items.first().map_or('a', one_of),
        _ => '7',
    }
}

fn least(kind: &RepetitionKind) -> usize {
    match kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => 0,
        RepetitionKind::OneOrMore => 1,
        RepetitionKind::Range(
            RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n) | RepetitionRange::Bounded(n, _),
        ) => usize::try_from(*n).unwrap_or(0),
    }
}

fn most(kind: &RepetitionKind) -> usize {
    match kind {
        RepetitionKind::ZeroOrOne => 1,
        RepetitionKind::ZeroOrMore | RepetitionKind::OneOrMore => 3,
        RepetitionKind::Range(RepetitionRange::Bounded(_, n)) => usize::try_from(*n).unwrap_or(0),
        RepetitionKind::Range(_) => least(kind),
    }
}
