//! Expressions: types, and facts that flow from left to right.

use std::collections::BTreeSet;

use super::{Checker, RuleScope};
use crate::ast::{self, CompareOp, LiteralKind, Operand, Set, TestKind, Type};
use crate::codes::types;
use crate::diagnostic::Diagnostic;
use crate::limits::{
    EXPANDED_DEPTH_MAX, EXPANDED_POLICY_TESTS_MAX, EXPANDED_TESTS_MAX, PATTERN_DFA_BYTES_MAX,
};
use crate::policy::{Attr, Expr, ListId, Test, Value};
use crate::source::{Span, Spanned};

/// The attributes that are known to be there.
pub(super) type Facts = BTreeSet<Attr>;

/// A checked expression, and what follows from its being true or false.
pub(super) struct Checked {
    pub(super) expr: Expr,
    pub(super) if_true: Facts,
    pub(super) if_false: Facts,
}

impl Checked {
    fn of(expr: Expr) -> Self {
        Self { expr, if_true: Facts::new(), if_false: Facts::new() }
    }
}

impl Checker<'_> {
    /// Checks an expression where some facts are known. `even` says whether it stands under an even number of `not`.
    pub(super) fn expr(
        &mut self,
        expr: &ast::Expr,
        known: &Facts,
        even: bool,
        scope: &mut RuleScope,
    ) -> Checked {
        scope.depth += 1;
        // Once too large nothing more is expanded: defines that double would go on for ever.
        let too_large = scope.depth > EXPANDED_DEPTH_MAX || scope.tests > EXPANDED_TESTS_MAX;
        let checked = if too_large { self.too_large(scope) } else { self.node(expr, known, even, scope) };
        scope.depth -= 1;
        checked
    }

    fn node(&mut self, expr: &ast::Expr, known: &Facts, even: bool, scope: &mut RuleScope) -> Checked {
        match expr {
            ast::Expr::And(parts) => self.both(parts, known, even, scope),
            ast::Expr::Or(parts) => self.either(parts, known, even, scope),
            ast::Expr::Not(_, inner) => {
                let inner = self.expr(inner, known, !even, scope);
                Checked {
                    expr: Expr::Not(Box::new(inner.expr)),
                    if_true: inner.if_false,
                    if_false: inner.if_true,
                }
            }
            ast::Expr::Group(_, inner) => self.expr(inner, known, even, scope),
            ast::Expr::Constant(constant) => asks_nothing(constant.node, scope),
            ast::Expr::Define(name) => self.define(name, known, even, scope),
            ast::Expr::Test(test) => self.tested(test, known, even, scope),
        }
    }

    fn both(&mut self, parts: &[ast::Expr], known: &Facts, even: bool, scope: &mut RuleScope) -> Checked {
        let (mut here, mut if_true, mut if_false) = (known.clone(), Facts::new(), None);
        let mut all = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.expr(part, &here, even, scope);
            here.extend(part.if_true.iter().cloned());
            if_true.extend(part.if_true);
            if_false = Some(common(if_false, part.if_false));
            all.push(part.expr);
        }
        Checked { expr: Expr::All(all), if_true, if_false: if_false.unwrap_or_default() }
    }

    fn either(&mut self, parts: &[ast::Expr], known: &Facts, even: bool, scope: &mut RuleScope) -> Checked {
        let (mut here, mut if_true, mut if_false) = (known.clone(), None, Facts::new());
        let mut any = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.expr(part, &here, even, scope);
            here.extend(part.if_false.iter().cloned());
            if_false.extend(part.if_false);
            if_true = Some(common(if_true, part.if_true));
            any.push(part.expr);
        }
        Checked { expr: Expr::Any(any), if_true: if_true.unwrap_or_default(), if_false }
    }

    fn define(&mut self, name: &ast::Name, known: &Facts, even: bool, scope: &mut RuleScope) -> Checked {
        if scope.mistaken.contains(&name.span) {
            return asks_nothing(false, scope);
        }
        let Some(define) = self.names.define(name, &mut self.out) else {
            scope.mistaken.insert(name.span);
            return asks_nothing(false, scope);
        };
        if self.cyclic_defines.contains(name.node.as_str()) {
            return asks_nothing(false, scope);
        }
        let (outermost, before) = (scope.in_define == 0, scope.tests);
        if outermost && !self.may_expand(scope) {
            return asks_nothing(false, scope);
        }
        scope.in_define += 1;
        let checked = self.expr(&define.body, known, even, scope);
        scope.in_define -= 1;
        if outermost {
            self.expanded = self.expanded.map(|tests| tests.saturating_add(scope.tests - before));
        }
        checked
    }

    /// Says whether defines may stand for more, and reports once that they may not.
    fn may_expand(&mut self, scope: &RuleScope) -> bool {
        if self.expanded.is_some_and(|tests| tests > EXPANDED_POLICY_TESTS_MAX) {
            self.expanded = None;
            let message = format!(
                "in all rules up to this one, defines stand for more than {EXPANDED_POLICY_TESTS_MAX} tests"
            );
            self.out.push(
                Diagnostic::at(types::TOO_LARGE, scope.span, message).help(
                    "use a list in place of a long define, or one rule in place of many that repeat it",
                ),
            );
        }
        self.expanded.is_some()
    }

    fn tested(&mut self, test: &ast::TestOf, known: &Facts, even: bool, scope: &mut RuleScope) -> Checked {
        if scope.mistaken.contains(&test.span) {
            return asks_nothing(false, scope);
        }
        scope.tests += 1;
        let mut asked = Asked { known, even, facts: Facts::new(), span: test.span };
        let Some(kind) = self.test(&test.node, &mut asked, scope) else {
            scope.mistaken.insert(test.span);
            return Checked::of(Expr::Constant(false));
        };
        let (if_true, if_false) = (asked.facts, Facts::new());
        let mut checked = Checked { expr: Expr::Test(kind, test.span), if_true, if_false };
        if let Expr::Test(Test::Has(attr), _) = &checked.expr {
            checked.if_true.insert(attr.clone());
        }
        checked
    }

    fn too_large(&mut self, scope: &mut RuleScope) -> Checked {
        if !scope.reported_size {
            scope.reported_size = true;
            let message = format!(
                "with its defines standing for themselves this rule has more than {EXPANDED_TESTS_MAX} tests, or is more than {EXPANDED_DEPTH_MAX} deep"
            );
            self.out.push(
                Diagnostic::at(types::TOO_LARGE, scope.span, message)
                    .help("use defines that repeat less, or a list"),
            );
        }
        Checked::of(Expr::Constant(false))
    }

    fn test(&mut self, test: &TestKind, asked: &mut Asked<'_>, scope: &mut RuleScope) -> Option<Test> {
        match test {
            TestKind::Has(attr) => self.has(attr, scope),
            TestKind::Bare(attr) => self.bare(attr, asked, scope),
            TestKind::Compare(left, op, right) => self.compare(left, op, right, asked, scope),
            TestKind::In(attr, set) => self.in_set(attr, set, asked, scope),
            TestKind::Like(attr, pattern) => {
                let read = self.string(attr, "like", asked, scope)?;
                self.pattern(pattern, crate::pattern::glob)?;
                Some(Test::Like(read, pattern.node.clone()))
            }
            TestKind::Matches(attr, pattern) => {
                let read = self.string(attr, "matches", asked, scope)?;
                self.pattern(pattern, crate::pattern::regex)?;
                scope.matched.push(read.clone());
                Some(Test::Matches(read, pattern.node.clone()))
            }
            TestKind::Contains(attr, value) => self.contains(attr, value, asked, scope),
            TestKind::ContainsAny(attr, set) => self.contains_many(attr, set, false, scope),
            TestKind::ContainsAll(attr, set) => self.contains_many(attr, set, true, scope),
        }
    }

    fn has(&mut self, attr: &ast::Attr, scope: &mut RuleScope) -> Option<Test> {
        let read = self.attr(attr, scope)?;
        let (ty, optional) = self.type_of(&read, scope);
        let text = self.shown(attr);
        if attr.asked {
            self.out.push(
                Diagnostic::at(types::NO_TEST, attr.span, format!("`has {text}?` asks twice"))
                    .help(format!("write `has {text}`")),
            );
            return None;
        }
        if !optional && ty != Type::Strings && !matches!(read, Attr::User(_)) {
            let message = format!("`{text}` is never absent");
            self.out
                .push(Diagnostic::at(types::NEVER_ABSENT, attr.span, message).help("leave the `has` out"));
            return None;
        }
        Some(Test::Has(read))
    }

    fn bare(&mut self, attr: &ast::Attr, asked: &mut Asked<'_>, scope: &mut RuleScope) -> Option<Test> {
        let read = self.attr(attr, scope)?;
        let (ty, _) = self.type_of(&read, scope);
        let text = self.shown(attr);
        if attr.asked || ty != Type::Bool {
            let message = if attr.asked {
                format!("`{text}?` is no test")
            } else {
                format!("`{text}` is a `{}`, and no test", ty.word())
            };
            let diagnostic = Diagnostic::at(types::NO_TEST, attr.span, message);
            self.out.push(match ty {
                Type::Bool => diagnostic.help(format!("write `{text}? == true`, or `has {text}`")),
                Type::Strings => diagnostic.help(format!("write `has {text}`, or `{text} contains …`")),
                _ => diagnostic.help(format!("write `has {text}`, or compare it: `{text} == …`")),
            });
            return None;
        }
        self.guarded(attr, &read, asked, scope)?;
        Some(Test::True(read))
    }

    /// Demands that a value is there, or asked for, and that its absence does not grant.
    fn guarded(
        &mut self,
        attr: &ast::Attr,
        read: &Attr,
        asked: &mut Asked<'_>,
        scope: &mut RuleScope,
    ) -> Option<()> {
        let (ty, optional) = self.type_of(read, scope);
        let (text, test) = (self.shown(attr), self.sources.text_at(asked.span).to_owned());
        if attr.asked && ty == Type::Strings {
            let message = format!("`{text}` is a set, which is never absent");
            self.out.push(Diagnostic::at(types::NEVER_ABSENT, attr.span, message).help("leave the `?` out"));
            return None;
        }
        if optional && !attr.asked && !asked.known.contains(read) && !asked.facts.contains(read) {
            let asking = test.replacen(&text, &format!("{text}?"), 1);
            self.out.push(
                Diagnostic::at(types::MAY_BE_ABSENT, attr.span, format!("`{text}` may be absent"))
                    .help(format!("where absent should be false, write `{asking}`"))
                    .help(format!("where absent should be true, write `not has {text} or {test}`")),
            );
            return None;
        }
        if attr.asked {
            asked.facts.insert(read.clone());
            self.absence(attr, read, &text, &test, asked.even, scope);
        }
        Some(())
    }

    /// Judges what the absence of a value does, for a `?` test.
    fn absence(
        &mut self,
        attr: &ast::Attr,
        read: &Attr,
        text: &str,
        test: &str,
        even: bool,
        scope: &mut RuleScope,
    ) {
        let plain = test.replacen(&format!("{text}?"), text, 1);
        if scope.is_allow && !even {
            self.out.push(
                Diagnostic::at(
                    types::ABSENCE_GRANTS,
                    attr.span,
                    format!("where `{text}` is absent, this test is false, and the `not` around it grants"),
                )
                .help(format!("where absent should not grant, write `has {text} and not ({plain})`"))
                .help(format!("where absent should grant, say so: `not has {text} or …`")),
            );
        }
        let edge = matches!(
            read,
            Attr::Country | Attr::Asn | Attr::BotScore | Attr::TlsVersion | Attr::ClientCert | Attr::Size
        );
        if scope.is_deny && even && edge {
            self.out.push(
                Diagnostic::at(
                    crate::codes::warnings::ABSENT_FACT,
                    attr.span,
                    format!("where `{text}` is absent, this deny does not match"),
                )
                .help(format!("where absent should be denied, write `not has {text} or {plain}`")),
            );
        }
    }

    fn operand(
        &mut self,
        operand: &Operand,
        asked: &mut Asked<'_>,
        scope: &mut RuleScope,
    ) -> Option<(Value, Type)> {
        match operand {
            Operand::Literal(literal) => Some((Value::Literal(literal.node.clone()), literal.node.ty())),
            Operand::Attr(attr) => {
                let read = self.attr(attr, scope)?;
                self.guarded(attr, &read, asked, scope)?;
                let (ty, _) = self.type_of(&read, scope);
                Some((Value::Attr(read), ty))
            }
        }
    }

    fn compare(
        &mut self,
        left: &Operand,
        op: &Spanned<CompareOp>,
        right: &Operand,
        asked: &mut Asked<'_>,
        scope: &mut RuleScope,
    ) -> Option<Test> {
        let left_checked = self.operand(left, asked, scope);
        let (right_value, right_type) = self.operand(right, asked, scope)?;
        let (left_value, left_type) = left_checked?;
        if let (Value::Literal(_), Value::Literal(_)) = (&left_value, &right_value) {
            let message = "this compares two values, and asks nothing of the request".to_owned();
            self.out.push(
                Diagnostic::at(types::NO_ATTRIBUTE, asked.span, message)
                    .help("put an attribute on one side, or write `true` or `false`"),
            );
            return None;
        }
        self.same_types(left_type, right_type, op, asked.span)?;
        self.comparable(left_type, op, asked.span)?;
        for (value, operand) in [(&left_value, left), (&right_value, right)] {
            self.no_network(value, operand, asked.span)?;
        }
        for (value, of, beside) in [(&left_value, left, right), (&right_value, right, left)] {
            if let (Value::Attr(read), Operand::Attr(attr), Operand::Literal(literal)) = (value, of, beside) {
                self.can_be(read, attr, literal);
            }
        }
        Some(Test::Compare(left_value, op.node, right_value))
    }

    fn same_types(&mut self, left: Type, right: Type, op: &Spanned<CompareOp>, span: Span) -> Option<()> {
        if left == right {
            return Some(());
        }
        let message = format!("`{}` and `{}` can't be compared", left.word(), right.word());
        let diagnostic = Diagnostic::at(types::TYPE_MISMATCH, span, message);
        let op = self.sources.text_at(op.span).to_owned();
        self.out.push(match (left, right) {
            (Type::Strings, Type::String) | (Type::String, Type::Strings) => {
                diagnostic.help("a set is asked with `contains`; its one value is `.only`")
            }
            (Type::Duration, Type::Int) | (Type::Int, Type::Duration) => {
                diagnostic.help(format!("durations have a unit: `{op} 15m`"))
            }
            (Type::String, _) | (_, Type::String) => {
                diagnostic.help("strings stand in quotes, other values without; nothing is converted")
            }
            _ => diagnostic.help("both sides have one type; nothing is converted"),
        });
        None
    }

    fn comparable(&mut self, ty: Type, op: &Spanned<CompareOp>, span: Span) -> Option<()> {
        let ordered = matches!(ty, Type::Int | Type::Duration | Type::Instant | Type::Clock);
        let equality = matches!(op.node, CompareOp::Equal | CompareOp::NotEqual);
        let diagnostic = match ty {
            Type::Strings => Diagnostic::at(types::TYPE_MISMATCH, span, "sets can't be compared".to_owned())
                .help("ask with `contains`, `contains any` or `contains all`"),
            Type::Weekday => {
                Diagnostic::at(types::TYPE_MISMATCH, span, "days of the week are asked with `in`".to_owned())
                    .help("write `weekday in [mon, tue]`")
            }
            _ if !ordered && !equality => {
                Diagnostic::at(types::NO_ORDER, span, format!("a `{}` has no order", ty.word()))
                    .help("write `==`, `!=`, `in` or `like`")
            }
            _ => return Some(()),
        };
        self.out.push(diagnostic);
        None
    }

    fn no_network(&mut self, value: &Value, operand: &Operand, span: Span) -> Option<()> {
        match value {
            Value::Literal(LiteralKind::Ip(net)) if !net.is_host() => {
                let at = if let Operand::Literal(literal) = operand { literal.span } else { span };
                self.out.push(
                    Diagnostic::at(
                        types::TYPE_MISMATCH,
                        at,
                        format!("`{net}` is a network, and no one address"),
                    )
                    .help(format!("write `… in {net}`")),
                );
                None
            }
            _ => Some(()),
        }
    }

    /// Demands that an attribute can be what it is compared with: an issuer has a name that is declared.
    fn can_be(&mut self, read: &Attr, attr: &ast::Attr, literal: &ast::Literal) {
        match (read, &literal.node) {
            (Attr::UserIssuer, LiteralKind::String(name)) => {
                let name = Spanned { node: name.clone(), span: literal.span };
                let issuers = self.names.issuers.iter().map(|i| i.name.node.as_str());
                if !issuers.clone().any(|issuer| issuer == name.node) {
                    self.out.push(super::names::unknown(&name, "an issuer", issuers));
                }
            }
            _ => self.warn_of_never_had(read, &self.shown(attr), literal),
        }
    }

    fn string(
        &mut self,
        attr: &ast::Attr,
        op: &str,
        asked: &mut Asked<'_>,
        scope: &mut RuleScope,
    ) -> Option<Attr> {
        let read = self.attr(attr, scope)?;
        self.guarded(attr, &read, asked, scope)?;
        let (ty, _) = self.type_of(&read, scope);
        if ty == Type::String {
            return Some(read);
        }
        let text = self.shown(attr);
        let diagnostic = Diagnostic::at(
            types::TYPE_MISMATCH,
            attr.span,
            format!("`{text}` is a `{}`, and `{op}` asks a `string`", ty.word()),
        );
        self.out.push(if ty == Type::Strings {
            diagnostic.help(format!("ask its one value: `{text}.only? {op} …`"))
        } else {
            diagnostic.help("compare it, or ask with `in`")
        });
        None
    }

    fn pattern(
        &mut self,
        pattern: &ast::Text,
        read: fn(&str) -> Result<regex_syntax::hir::Hir, crate::pattern::PatternError>,
    ) -> Option<()> {
        let hir = match read(&pattern.node) {
            Ok(hir) => hir,
            Err(fault) => {
                self.out.push(Diagnostic::at(
                    types::BAD_PATTERN,
                    self.inside(pattern, fault.start, fault.end),
                    fault.message,
                ));
                return None;
            }
        };
        if crate::pattern::automaton_fits(&hir) {
            return Some(());
        }
        let message =
            format!("the automaton of this pattern takes more than {} KiB", PATTERN_DFA_BYTES_MAX / 1024);
        self.out.push(
            Diagnostic::at(types::PATTERN_TOO_LARGE, pattern.span, message)
                .help("repeat less, or test with several smaller patterns"),
        );
        None
    }

    /// Marks a part of a string, where its text stands as it is written.
    fn inside(&self, text: &ast::Text, start: usize, end: usize) -> Span {
        let written = self.sources.text_at(text.span);
        if written.len() != text.node.len() + 2 {
            return text.span;
        }
        let at = |offset: usize| {
            text.span.start.saturating_add(1).saturating_add(u32::try_from(offset).unwrap_or(0))
        };
        Span { start: at(start), end: at(end.max(start + 1)).min(text.span.end), ..text.span }
    }

    fn in_set(
        &mut self,
        attr: &ast::Attr,
        set: &Set,
        asked: &mut Asked<'_>,
        scope: &mut RuleScope,
    ) -> Option<Test> {
        let read = self.attr(attr, scope)?;
        self.guarded(attr, &read, asked, scope)?;
        let (ty, _) = self.type_of(&read, scope);
        if ty == Type::Strings {
            let text = self.shown(attr);
            let message = format!("`{text}` is a set");
            self.out.push(
                Diagnostic::at(types::TYPE_MISMATCH, attr.span, message)
                    .help(format!("write `{text} contains any …`")),
            );
            return None;
        }
        match set {
            Set::Literals(_, literals) => {
                let mut values = self.literals(literals, ty)?;
                literals.iter().for_each(|literal| self.can_be(&read, attr, literal));
                values.sort();
                values.dedup();
                Some(Test::InLiterals(read, values))
            }
            Set::List(name) => {
                let list = self.list(name, ty)?;
                self.warn_of_never_had_entry(&read, &self.shown(attr), list, name.span);
                Some(Test::InList(read, list))
            }
            Set::Single(literal) => match &literal.node {
                LiteralKind::Ip(net) if ty == Type::Ip => Some(Test::InNet(read, *net)),
                _ => {
                    let shown = self.sources.text_at(literal.span).to_owned();
                    let message = format!("`in {shown}` names one value");
                    self.out.push(
                        Diagnostic::at(types::TYPE_MISMATCH, literal.span, message)
                            .help(format!("write `== {shown}`, or `in [{shown}]`")),
                    );
                    None
                }
            },
            Set::Interval(low, high) => self.interval(read, ty, low, high),
        }
    }

    fn interval(&mut self, read: Attr, ty: Type, low: &ast::Literal, high: &ast::Literal) -> Option<Test> {
        let span = low.span.to(high.span);
        self.literals(&[low.clone(), high.clone()], ty)?;
        if !matches!(ty, Type::Int | Type::Instant | Type::Clock) {
            let message = format!("there are no intervals of `{}`", ty.word());
            self.out.push(
                Diagnostic::at(types::BAD_INTERVAL, span, message)
                    .help("intervals are of integers, instants and times of day; compare with `>=` and `<`"),
            );
            return None;
        }
        if low.node == high.node || (ty != Type::Clock && low.node > high.node) {
            let message = "this interval holds nothing: its upper end is left out".to_owned();
            self.out.push(
                Diagnostic::at(types::BAD_INTERVAL, span, message)
                    .help("write the lower end first, and an upper end above it"),
            );
            return None;
        }
        Some(Test::InInterval(read, low.node.clone(), high.node.clone()))
    }

    /// Demands literals of one type.
    fn literals(&mut self, literals: &[ast::Literal], ty: Type) -> Option<Vec<LiteralKind>> {
        let mut fit = true;
        for literal in literals.iter().filter(|l| l.node.ty() != ty) {
            fit = false;
            let message =
                format!("this is a `{}`, and a `{}` is needed", literal.node.ty().word(), ty.word());
            self.out.push(
                Diagnostic::at(types::TYPE_MISMATCH, literal.span, message)
                    .help("strings stand in quotes, other values without; nothing is converted"),
            );
        }
        fit.then(|| literals.iter().map(|l| l.node.clone()).collect())
    }

    fn list(&mut self, name: &ast::Name, ty: Type) -> Option<ListId> {
        let (number, list) = self.names.list(name, &mut self.out)?;
        if list.ty.node == ty {
            return Some(ListId(number));
        }
        let message =
            format!("`{}` is a list of `{}`, and a `{}` is asked", name.node, list.ty.node.word(), ty.word());
        self.out.push(
            Diagnostic::at(types::TYPE_MISMATCH, name.span, message)
                .label(list.ty.span, "its type")
                .help("use a list of the attribute's own type"),
        );
        None
    }

    fn set(&mut self, attr: &ast::Attr, scope: &mut RuleScope) -> Option<Attr> {
        let read = self.attr(attr, scope)?;
        let (ty, _) = self.type_of(&read, scope);
        let text = self.shown(attr);
        if ty == Type::Strings && !attr.asked {
            return Some(read);
        }
        let diagnostic = if ty == Type::Strings {
            Diagnostic::at(
                types::NEVER_ABSENT,
                attr.span,
                format!("`{text}` is a set, which is never absent"),
            )
            .help("leave the `?` out")
        } else {
            Diagnostic::at(
                types::TYPE_MISMATCH,
                attr.span,
                format!("`{text}` is a `{}`, and no set", ty.word()),
            )
            .help("write `==`, or `in [ … ]`")
        };
        self.out.push(diagnostic);
        None
    }

    fn contains(
        &mut self,
        attr: &ast::Attr,
        value: &Operand,
        asked: &mut Asked<'_>,
        scope: &mut RuleScope,
    ) -> Option<Test> {
        let set = self.set(attr, scope);
        let (value_checked, ty) = self.operand(value, asked, scope)?;
        let set = set?;
        if ty != Type::String {
            let message = format!("a set holds strings, and this is a `{}`", ty.word());
            self.out
                .push(Diagnostic::at(types::TYPE_MISMATCH, asked.span, message).help(
                    "strings stand in quotes; several are asked with `contains any` or `contains all`",
                ));
            return None;
        }
        if let (Attr::UserRoles, Operand::Literal(literal)) = (&set, value) {
            self.declared_role(literal)?;
        }
        Some(Test::Contains(set, value_checked))
    }

    fn contains_many(
        &mut self,
        attr: &ast::Attr,
        set: &Set,
        all: bool,
        scope: &mut RuleScope,
    ) -> Option<Test> {
        let read = self.set(attr, scope)?;
        match set {
            Set::Literals(_, literals) => {
                let values = self.literals(literals, Type::String)?;
                if read == Attr::UserRoles {
                    literals.iter().try_for_each(|l| self.declared_role(l))?;
                }
                let mut texts: Vec<String> = values
                    .into_iter()
                    .filter_map(|v| if let LiteralKind::String(s) = v { Some(s) } else { None })
                    .collect();
                texts.sort();
                texts.dedup();
                Some(if all { Test::ContainsAll(read, texts) } else { Test::ContainsAny(read, texts) })
            }
            Set::List(name) => {
                let list = self.list(name, Type::String)?;
                let may_be_empty = self.names.list(name, &mut self.out).is_some_and(|(_, l)| l.may_be_empty);
                if all && may_be_empty {
                    let message =
                        format!("all of `{}` are contained where it is empty, which it may be", name.node);
                    self.out.push(
                        Diagnostic::at(types::ALWAYS_CONTAINED, name.span, message)
                            .help("leave `may be empty` out, so that an empty list is an error"),
                    );
                    return None;
                }
                Some(if all { Test::ContainsAllOf(read, list) } else { Test::ContainsAnyOf(read, list) })
            }
            Set::Single(_) | Set::Interval(..) => {
                let message = "a list is needed here".to_owned();
                self.out.push(
                    Diagnostic::at(types::TYPE_MISMATCH, attr.span, message)
                        .help("write `[\"a\", \"b\"]`, or the name of a list"),
                );
                None
            }
        }
    }

    fn declared_role(&mut self, literal: &ast::Literal) -> Option<()> {
        let LiteralKind::String(node) = &literal.node else { return None };
        let name = Spanned { node: node.clone(), span: literal.span };
        self.names.role(&name, &mut self.out).map(|_| ())
    }

    /// Returns an attribute as it is written, without its `?`.
    pub(super) fn shown(&self, attr: &ast::Attr) -> String {
        let text = self.sources.text_at(attr.span);
        text.strip_suffix('?').unwrap_or(text).to_owned()
    }
}

/// Where a test stands, and what it adds to the facts when it is true.
struct Asked<'k> {
    known: &'k Facts,
    even: bool,
    facts: Facts,
    span: Span,
}

/// Makes a constant. It counts as a test: defines of constants double as those of tests do.
fn asks_nothing(truth: bool, scope: &mut RuleScope) -> Checked {
    scope.tests += 1;
    Checked::of(Expr::Constant(truth))
}

fn common(a: Option<Facts>, b: Facts) -> Facts {
    match a {
        None => b,
        Some(a) => a.intersection(&b).cloned().collect(),
    }
}
