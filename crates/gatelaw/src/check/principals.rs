//! Principals: who a rule is for, and which issuers can satisfy it.

use super::{Checker, RuleScope};
use crate::ast::{Principal, Who};
use crate::codes::principals as codes;
use crate::diagnostic::Diagnostic;
use crate::policy::{Expr, IssuerId, RoleId, Test};
use crate::source::Span;

/// Words that may stand for a principal instead of a role: where nothing else stands, before the first `or`, and anywhere.
const ALONE: &[&str] = &["anonymous", "anyone", "authenticated"];
const FIRST: &[&str] = &["anonymous", "authenticated"];
const ANYWHERE: &[&str] = &["authenticated"];

impl Checker<'_> {
    /// Checks what stands behind `for`, and notes in the scope who can satisfy it.
    pub(super) fn principal(&mut self, principal: Option<&Principal>, scope: &mut RuleScope) -> Expr {
        scope.may_be_anonymous = true;
        scope.issuers = (0..self.issuers.len()).collect();
        match principal {
            None | Some(Principal::Anyone(_)) => Expr::Constant(true),
            Some(Principal::Anonymous(span)) => {
                scope.issuers.clear();
                Expr::Not(Box::new(Expr::Test(Test::Authenticated, *span)))
            }
            Some(Principal::AnonymousOr(span, who)) => {
                let expr = self.who(who, ANYWHERE);
                scope.issuers.retain(|issuer| self.satisfiable(who, *issuer) != Some(false));
                let anonymous = Expr::Not(Box::new(Expr::Test(Test::Authenticated, *span)));
                Expr::Any(vec![anonymous, expr])
            }
            Some(Principal::Who(who)) => {
                let expr = self.who(who, ALONE);
                if holds_for_nobody(who) {
                    self.refuse_negative(who);
                } else {
                    scope.may_be_anonymous = false;
                }
                scope.issuers.retain(|issuer| self.satisfiable(who, *issuer) != Some(false));
                expr
            }
        }
    }

    fn refuse_negative(&mut self, who: &Who) {
        let span = span_of(who);
        let text = self.sources.text_at(span).to_owned();
        let shown = if matches!(who, Who::And(_) | Who::Or(_)) { format!("({text})") } else { text.clone() };
        self.out.push(
            Diagnostic::at(codes::MATCHES_NOBODY_KNOWN, span, format!("`{text}` is true for callers who have none of these, also for those who are not signed in"))
                .help(format!("for callers who are signed in, write `authenticated and {shown}`"))
                .help(format!("for those who are not signed in too, write `anonymous or {shown}`")),
        );
    }

    /// Checks a part of a principal. `words` are those that may stand there.
    fn who(&mut self, who: &Who, words: &[&str]) -> Expr {
        let test = |test, span| Expr::Test(test, span);
        match who {
            Who::Role(name) => match self.names.role_or(name, words, &mut self.out) {
                Some(role) => test(Test::Role(role), name.span),
                None => Expr::Constant(false),
            },
            Who::Scope(span, scope) => {
                if scope.node.is_empty()
                    || scope.node.contains(|c: char| {
                        c.is_whitespace() || c == '"' || c == '\\' || !c.is_ascii_graphic()
                    })
                {
                    let message = format!("`{}` is no scope", scope.node);
                    self.out.push(Diagnostic::at(crate::codes::types::TYPE_MISMATCH, scope.span, message).help("a scope is one word without spaces or quotes (RFC 6749 §3.3); join several with `and` or `or`"));
                }
                test(Test::Scope(scope.node.clone()), *span)
            }
            Who::Issuer(span, name) => match self.names.issuer(name, &mut self.out) {
                Some(id) => test(Test::Issuer(IssuerId(id)), *span),
                None => Expr::Constant(false),
            },
            Who::Subject(span, name, subject) => match self.names.issuer(name, &mut self.out) {
                Some(id) => test(Test::Subject(IssuerId(id), subject.node.clone()), *span),
                None => Expr::Constant(false),
            },
            Who::Authenticated(span) => test(Test::Authenticated, *span),
            Who::Not(_, inner) => Expr::Not(Box::new(self.who(inner, ANYWHERE))),
            Who::And(parts) => Expr::All(parts.iter().map(|p| self.who(p, ANYWHERE)).collect()),
            Who::Or(parts) => {
                let first = if words == ALONE { FIRST } else { ANYWHERE };
                let each = std::iter::once(first).chain(std::iter::repeat(ANYWHERE));
                Expr::Any(parts.iter().zip(each).map(|(part, words)| self.who(part, words)).collect())
            }
            Who::Group(_, inner) => self.who(inner, ANYWHERE),
        }
    }

    /// Evaluates in three values (Kleene 1952) whether an issuer's tokens can satisfy a principal; `None` is unknown.
    fn satisfiable(&self, who: &Who, issuer: usize) -> Option<bool> {
        match who {
            Who::Role(name) => {
                let role = self.names.roles.binary_search_by(|r| r.name.node.as_str().cmp(&name.node)).ok();
                match role.and_then(|r| u32::try_from(r).ok()) {
                    Some(role) if !self.can_grant(issuer, RoleId(role)) => Some(false),
                    _ => None,
                }
            }
            Who::Scope(..) => match self.issuers.get(issuer) {
                Some(found) if found.scopes.is_none() => Some(false),
                _ => None,
            },
            Who::Issuer(_, name) => Some(self.is_issuer(issuer, &name.node)),
            Who::Subject(_, name, _) if !self.is_issuer(issuer, &name.node) => Some(false),
            Who::Subject(..) => None,
            Who::Authenticated(_) => Some(true),
            Who::Not(_, inner) => self.satisfiable(inner, issuer).map(|b| !b),
            Who::Group(_, inner) => self.satisfiable(inner, issuer),
            Who::And(parts) => {
                let values: Vec<_> = parts.iter().map(|p| self.satisfiable(p, issuer)).collect();
                if values.contains(&Some(false)) {
                    Some(false)
                } else {
                    values.iter().all(|v| *v == Some(true)).then_some(true)
                }
            }
            Who::Or(parts) => {
                let values: Vec<_> = parts.iter().map(|p| self.satisfiable(p, issuer)).collect();
                if values.contains(&Some(true)) {
                    Some(true)
                } else if values.iter().all(|v| *v == Some(false)) {
                    Some(false)
                } else {
                    None
                }
            }
        }
    }

    fn is_issuer(&self, issuer: usize, name: &str) -> bool {
        self.issuers.get(issuer).is_some_and(|i| i.name == name)
    }

    /// Says whether an issuer's tokens can grant a role, also through `includes`.
    pub(super) fn can_grant(&self, issuer: usize, role: RoleId) -> bool {
        let grants =
            self.issuers.get(issuer).into_iter().flat_map(|i| &i.roles).flat_map(|r| r.grants.pairs());
        let mut granted = grants.map(|(_, granted)| granted);
        granted.any(|g| {
            usize::try_from(g.0).ok().and_then(|g| self.closures.get(g)).is_some_and(|c| c.contains(&role))
        })
    }
}

/// Evaluates a principal with every term false.
fn holds_for_nobody(who: &Who) -> bool {
    match who {
        Who::Role(_) | Who::Scope(..) | Who::Issuer(..) | Who::Subject(..) | Who::Authenticated(_) => false,
        Who::Not(_, inner) => !holds_for_nobody(inner),
        Who::Group(_, inner) => holds_for_nobody(inner),
        Who::And(parts) => parts.iter().all(holds_for_nobody),
        Who::Or(parts) => parts.iter().any(holds_for_nobody),
    }
}

fn span_of(who: &Who) -> Span {
    match who {
        Who::Role(name) => name.span,
        Who::Scope(span, _) | Who::Issuer(span, _) | Who::Subject(span, ..) => *span,
        Who::Authenticated(span) | Who::Group(span, _) => *span,
        Who::Not(span, inner) => span.to(span_of(inner)),
        Who::And(parts) | Who::Or(parts) => {
            let spans: Vec<Span> = parts.iter().map(span_of).collect();
            match (spans.first(), spans.last()) {
                (Some(first), Some(last)) => first.to(*last),
                _ => Span { file: crate::source::FileId(0), start: 0, end: 0 },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    /// Checks what is said of a misspelt principal.
    #[track_caller]
    fn check(principal: &str, expected: &str) {
        let text = format!("role staff\nallow read {{ on GET /a for {principal} }}");
        let errors = crate::compile(&Sources::from_text("policy.gate", &text)).unwrap_err();
        let said = errors.iter().filter(|error| error.code == crate::codes::names::UNKNOWN_NAME);
        assert_eq!(said.flat_map(|error| &error.help).collect::<Vec<_>>(), [expected], "{principal}");
    }

    #[test]
    fn a_word_that_is_misspelt_is_told_where_it_may_stand() {
        check("authentcated", "did you mean `authenticated`?");
        check("anyon", "did you mean `anyone`?");
        check("anonymos", "did you mean `anonymous`?");
        check("anonymos or staff", "did you mean `anonymous`?");
        check("staff or anonymos", "declare it: `role anonymos`");
        check("anyon and staff", "declare it: `role anyon`");
        check("anonymous or (staff and not authentcated)", "did you mean `authenticated`?");
        check("staf and authenticated", "did you mean `staff`?");
    }
}
