//! Warnings that need no diagram.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::CheckedRule;
use super::{Checker, RuleScope};
use crate::ast::{self, LiteralKind, RuleKind};
use crate::codes::warnings as codes;
use crate::diagnostic::Diagnostic;
use crate::policy::{
    Action, Attr, Expr, RoleId, Route, Rule, Segment, ServiceId, Test, TrailingSlash, Value,
};
use crate::source::Span;

impl Checker<'_> {
    /// Warns of a deny of GET that lets HEAD, its twin without a body, pass.
    pub(super) fn warn_of_head(&mut self, rule: &ast::Rule, routes: &[Route]) {
        if rule.kind.node != RuleKind::Deny {
            return;
        }
        let lets_head =
            |r: &&Route| r.methods.iter().any(|m| m == "GET") && !r.methods.iter().any(|m| m == "HEAD");
        if let Some(route) = routes.iter().find(lets_head) {
            let message = "this denies GET and lets HEAD pass".to_owned();
            self.out.push(
                Diagnostic::at(codes::HEAD_NOT_DENIED, route.span, message)
                    .help("write `GET|HEAD`: GET never implies HEAD"),
            );
        }
    }

    /// Warns of two offsets in one rule.
    pub(super) fn warn_of_offsets(&mut self, scope: &RuleScope) {
        let Some((first, first_span)) = scope.offsets.first() else { return };
        if let Some((_, span)) = scope.offsets.iter().find(|(offset, _)| offset != first) {
            let message = "this rule reads the time at two offsets".to_owned();
            self.out.push(
                Diagnostic::at(codes::TWO_OFFSETS, *span, message)
                    .label(*first_span, "the other one")
                    .help("write one offset, or two rules"),
            );
        }
    }

    /// Warns of what is declared and never used, and of roles that nobody can have.
    pub(super) fn unused(&mut self, rules: &[CheckedRule], attribute_spans: &[Option<Span>]) {
        let names = self.names;
        let used = names.used.borrow().clone();
        for define in names.defines.iter().filter(|d| !used.contains(&d.name.node)) {
            self.out.push(unused("define", &define.name));
        }
        for list in names.lists.iter().filter(|l| !used.contains(&l.name.node)) {
            self.out.push(unused("list", &list.name));
        }
        self.unused_roles(rules);
        for (at, span) in attribute_spans.iter().enumerate() {
            let id = u32::try_from(at).ok().map(crate::policy::AttributeId);
            let read = id.is_some_and(|id| self.used_attributes.contains(&id));
            if let (false, Some(span), Some(attribute)) = (read, span, self.attributes.get(at)) {
                let message = format!("the attribute `{}` is never read", attribute.name);
                self.out.push(
                    Diagnostic::at(codes::UNUSED, *span, message)
                        .help(format!("read it as `user.{}`, or leave it out", attribute.name)),
                );
            }
        }
        self.warn_of_limits(rules);
    }

    fn unused_roles(&mut self, rules: &[CheckedRule]) {
        let mut named = BTreeSet::new();
        let mut reads_roles = false;
        for rule in rules {
            roles_in(&rule.rule.condition, self, &mut named);
            reads_roles |= rule.reads.contains(&Attr::UserRoles)
                && !matches!(rule.rule.action, Action::Allow | Action::Deny(_));
        }
        for (number, role) in self.names.roles.iter().enumerate() {
            let Ok(id) = u32::try_from(number).map(RoleId) else { continue };
            let closure = self.closures.get(number).cloned().unwrap_or_default();
            let used = reads_roles || closure.iter().any(|r| named.contains(r));
            if !used {
                self.out.push(unused("role", &role.name));
            } else if !(0..self.issuers.len()).any(|i| self.can_grant(i, id)) && named.contains(&id) {
                let message = format!("no issuer grants the role `{}`, so nobody has it", role.name.node);
                self.out.push(Diagnostic::at(codes::ROLE_UNGRANTED, role.name.span, message).help(format!(
                    "map a claim to it: `roles claim groups {{ \"…\" -> {} }}`",
                    role.name.node
                )));
            }
        }
    }

    /// Warns of limits that test one attribute against literals, where some value has no limit.
    fn warn_of_limits(&mut self, rules: &[CheckedRule]) {
        let mut tested: BTreeMap<(Limited<'_>, &Attr), Vec<&Rule>> = BTreeMap::new();
        let mut for_all: BTreeSet<Limited<'_>> = BTreeSet::new();
        for rule in rules.iter().map(|r| &r.rule).filter(|r| is_limit(r)) {
            match literal_test(&rule.condition) {
                Some(attr) => tested.entry((limited(rule), attr)).or_default().push(rule),
                None => _ = for_all.insert(limited(rule)),
            }
        }
        for (((service, routes), _), limits) in tested {
            // A limit of all that the service has, or of all there is, is one for these too.
            let wider = [(service, routes), (service, None), (None, None)];
            let (Some(first), false) = (limits.first(), wider.iter().any(|w| for_all.contains(w))) else {
                continue;
            };
            if limits.len() > 1 {
                let message =
                    "these limits name some values of one attribute, and no limit is for all others"
                        .to_owned();
                self.out.push(
                    Diagnostic::at(codes::NO_CATCH_ALL, first.name_span, message)
                        .help("add a limit without this test, or with `not … in [ … ]`"),
                );
            }
        }
    }
}

fn unused(kind: &str, name: &ast::Name) -> Diagnostic {
    let message = format!("the {kind} `{}` is never used", name.node);
    Diagnostic::at(codes::UNUSED, name.span, message).help("use it, or leave it out")
}

fn roles_in(expr: &Expr, checker: &Checker<'_>, out: &mut BTreeSet<RoleId>) {
    let by_name = |name: &str| {
        let at = checker.names.roles.binary_search_by(|r| r.name.node.as_str().cmp(name)).ok()?;
        u32::try_from(at).ok().map(RoleId)
    };
    match expr {
        Expr::Constant(_) => {}
        Expr::Not(inner) => roles_in(inner, checker, out),
        Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|p| roles_in(p, checker, out)),
        Expr::Test(Test::Role(role), _) => _ = out.insert(*role),
        Expr::Test(Test::Contains(Attr::UserRoles, Value::Literal(LiteralKind::String(name))), _) => {
            out.extend(by_name(name))
        }
        Expr::Test(
            Test::ContainsAny(Attr::UserRoles, names) | Test::ContainsAll(Attr::UserRoles, names),
            _,
        ) => {
            out.extend(names.iter().filter_map(|n| by_name(n)));
        }
        Expr::Test(
            Test::Contains(Attr::UserRoles, _)
            | Test::ContainsAnyOf(Attr::UserRoles, _)
            | Test::ContainsAllOf(Attr::UserRoles, _)
            | Test::Has(Attr::UserRoles),
            _,
        ) => {
            out.extend((0..checker.names.roles.len()).filter_map(|r| u32::try_from(r).ok()).map(RoleId));
        }
        Expr::Test(..) => {}
    }
}

/// The requests that a limit is about, before its conditions: its service, and its patterns without the places they stand at.
type Limited<'r> = (Option<ServiceId>, Option<Vec<(&'r [String], &'r [Segment], bool, TrailingSlash)>>);

fn is_limit(rule: &Rule) -> bool {
    matches!(rule.action, Action::Limit(_)) && !rule.observe
}

fn limited(rule: &Rule) -> Limited<'_> {
    let routes = rule
        .routes
        .as_ref()
        .map(|routes| routes.iter().map(|r| (&*r.methods, &*r.segments, r.rest, r.trailing_slash)).collect());
    (rule.service, routes)
}

/// Finds the attribute of the one test against literals that a condition holds beside principals.
fn literal_test(condition: &Expr) -> Option<&Attr> {
    let Expr::All(parts) = condition else { return None };
    let mut found = None;
    for part in parts {
        match part {
            Expr::Constant(true) | Expr::Test(Test::Authenticated, _) => {}
            Expr::Test(Test::Compare(Value::Attr(a), ast::CompareOp::Equal, Value::Literal(_)), _)
            | Expr::Test(Test::InLiterals(a, _), _) => found = Some(a),
            _ => return None,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    #[track_caller]
    fn check(rules: &str, warned: bool) {
        let text = format!(
            "issuer i {{ url \"https://i.example\" audience none algorithms RS256 attribute plan: string = claim plan }}\n{rules}"
        );
        let compiled = crate::compile(&Sources::from_text("policy.gate", &text)).unwrap();
        let codes: Vec<String> = compiled.warnings.iter().map(|d| d.code.to_string()).collect();
        assert_eq!(codes, Vec::from_iter(warned.then(|| "G0906".to_owned())), "{rules}");
    }

    #[test]
    fn limits_of_one_place_leave_out_some_value() {
        let limit = |name: &str, when: &str, on: &str| {
            format!("limit {name} {{ {on} for authenticated {when} rate 1 per second }}\n")
        };
        let two = |on: &str| {
            limit("x", "when user.plan == \"gold\"", on) + &limit("y", "when user.plan in [\"a\", \"b\"]", on)
        };
        check(&two(""), true);
        check(&two("on GET /api/{id}"), true);
        check(&(two("on /api/**") + &limit("all-others", "", "on /api/**")), false);
        check(&(two("on /api/**") + &limit("all-there-is", "", "")), false);
        check(&(two("on /api/**") + &limit("elsewhere", "", "on /other")), true);
        check(
            &(limit("x", "when user.plan == \"a\"", "on /a")
                + &limit("y", "when user.plan == \"b\"", "on /b")),
            false,
        );
        let within = format!("service s {{ host s.example\n{}\n{}}}\n", two("on /a"), limit("z", "", ""));
        check(&within, false);
    }
}
