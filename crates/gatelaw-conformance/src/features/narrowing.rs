//! The forms in which a rule makes sure that a value is there before it reads it.

use std::collections::BTreeSet;

use gatelaw::ast::{Attr, Clause, ClauseKind, Expr, Operand, TestKind};

use super::forms::attribute;
use super::names::Names;

/// Names every form that a rule uses.
pub(super) fn of(names: &Names<'_>, clauses: &[Clause]) -> BTreeSet<&'static str> {
    let mut search = Search { names, guards: Vec::new(), forms: BTreeSet::new(), negated: false };
    for clause in clauses {
        match &clause.node {
            ClauseKind::When(expr) => {
                search.reads(expr, "has a and a");
                search.guard(expr, "when has a  when a");
            }
            ClauseKind::Unless(_) => {}
            _ => continue,
        }
    }
    for clause in clauses {
        if let ClauseKind::Unless(expr) = &clause.node {
            search.negated = true;
            search.reads(expr, "unless not has a or a");
            search.guard(expr, "unless not has a  unless a");
        }
    }
    search.forms
}

/// A value that is known to be there, and the form in which that is said.
struct Guard {
    attribute: String,
    form: &'static str,
}

struct Search<'a> {
    names: &'a Names<'a>,
    guards: Vec<Guard>,
    forms: BTreeSet<&'static str>,
    negated: bool,
}

impl Search<'_> {
    /// Finds every optional attribute that is read without `?`, and the nearest guard to its left.
    fn reads(&mut self, expr: &Expr, within: &'static str) {
        match expr {
            Expr::And(parts) => {
                self.sequence(parts, if self.negated { "not (not has a or a)" } else { within })
            }
            Expr::Or(parts) => {
                let form = if self.negated { "not (not has a or a)" } else { "not has a or a" };
                self.sequence(parts, form);
            }
            Expr::Not(_, inner) => {
                self.negated = !self.negated;
                self.reads(inner, within);
                self.negated = !self.negated;
            }
            Expr::Group(_, inner) => self.reads(inner, within),
            Expr::Define(name) => {
                if let Some(body) = self.names.define(&name.node) {
                    self.reads(body, within);
                }
            }
            Expr::Constant(_) => {}
            Expr::Test(test) => attributes(&test.node).into_iter().for_each(|a| self.read(a)),
        }
    }

    fn sequence(&mut self, parts: &[Expr], form: &'static str) {
        let known = self.guards.len();
        for part in parts {
            self.reads(part, form);
            self.guard(part, form);
        }
        self.guards.truncate(known);
    }

    fn read(&mut self, attr: &Attr) {
        if attr.asked {
            self.forms.insert("a?");
        } else if self.names.is_optional(attr) {
            let name = identity(attr);
            let form = self.guards.iter().rev().find(|g| g.attribute == name).map(|g| g.form);
            self.forms.extend(form);
        }
    }

    /// Notes what an expression makes sure of, whichever way.
    fn guard(&mut self, expr: &Expr, form: &'static str) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|p| self.guard(p, form)),
            Expr::Not(_, inner) if matches!(**inner, Expr::Group(..)) => {
                let form = if form == "has a and a" { "not (not has a) and a" } else { form };
                self.guard(inner, form);
            }
            Expr::Not(_, inner) | Expr::Group(_, inner) => self.guard(inner, form),
            Expr::Define(name) => {
                if let Some(body) = self.names.define(&name.node) {
                    self.guard(body, form);
                }
            }
            Expr::Constant(_) => {}
            Expr::Test(test) => match &test.node {
                TestKind::Has(a) => self.guards.push(Guard { attribute: identity(a), form }),
                other => {
                    let asked = attributes(other).into_iter().filter(|a| a.asked);
                    let form = if form == "has a and a" { "a? and a" } else { form };
                    self.guards.extend(asked.map(|a| Guard { attribute: identity(a), form }));
                }
            },
        }
    }
}

/// Tells attributes apart, with the names that the policy chose.
fn identity(attr: &Attr) -> String {
    match &attr.node {
        gatelaw::ast::AttrKind::Of(_, name, _) => format!("{} {}", attribute(attr), name.node),
        _ => attribute(attr),
    }
}

/// The attributes that a test reads; `has` reads none.
fn attributes(test: &TestKind) -> Vec<&Attr> {
    match test {
        TestKind::Has(_) => Vec::new(),
        TestKind::Bare(a)
        | TestKind::In(a, _)
        | TestKind::Like(a, _)
        | TestKind::Matches(a, _)
        | TestKind::ContainsAny(a, _)
        | TestKind::ContainsAll(a, _) => vec![a],
        TestKind::Compare(left, _, right) => operand(left).into_iter().chain(operand(right)).collect(),
        TestKind::Contains(a, other) => std::iter::once(a).chain(operand(other)).collect(),
    }
}

fn operand(operand: &Operand) -> Option<&Attr> {
    match operand {
        Operand::Attr(a) => Some(a),
        Operand::Literal(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use gatelaw::source::Sources;

    /// The narrowing forms of one rule on `user.nick`, which may be absent.
    fn forms(conditions: &str) -> Vec<String> {
        let text = format!(
            "issuer i {{ attribute nick: string? = claim nick }}\nallow a {{ for authenticated {conditions} }}"
        );
        let (ast, problems) = gatelaw::parse::parse(&Sources::from_text("t.gate", &text));
        assert!(problems.is_empty(), "{problems:?}");
        let written = super::super::written::of(&ast);
        written.keys().filter_map(|f| f.strip_prefix("narrowing: ")).map(str::to_owned).collect()
    }

    #[test]
    fn each_form_is_told_from_the_others() {
        for (conditions, form) in [
            ("when user.nick? == \"a\"", "a?"),
            ("when has user.nick and user.nick == \"a\"", "has a and a"),
            ("when not has user.nick or user.nick == \"a\"", "not has a or a"),
            ("when has user.nick  when user.nick == \"a\"", "when has a  when a"),
            ("unless not has user.nick  unless user.nick == \"a\"", "unless not has a  unless a"),
            ("when not (not has user.nick) and user.nick == \"a\"", "not (not has a) and a"),
            ("when not (not has user.nick or user.nick == \"a\")", "not (not has a or a)"),
        ] {
            assert_eq!(forms(conditions), [form], "{conditions}");
        }
        assert_eq!(forms("when user.nick? == \"a\" and user.nick != \"b\""), ["a?", "a? and a"]);
        assert_eq!(forms("when has user.nick"), [""; 0]);
    }
}
