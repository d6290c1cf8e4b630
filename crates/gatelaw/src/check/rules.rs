//! Rules: their clauses, by kind.

use std::collections::{BTreeMap, BTreeSet};

use super::expressions::Facts;
use super::overlap::common_path;
use super::routes::Base;
use super::services::CheckedService;
use super::{Checker, RuleScope};
use crate::ast::{
    self, ChallengePart, Clause, ClauseKind, LiteralKind, Operand, Privacy, RateUnit, RuleKind, Type,
};
use crate::codes::{routes as route_codes, rules as codes, types};
use crate::diagnostic::Diagnostic;
use crate::limits::{FORWARD_VALUE_BYTES_MAX, RESPOND_TEXT_BYTES_MAX};
use crate::policy::{Action, Attr, Audit, Denial, Expr, Forward, Limit, Route, Rule, ServiceId, Value};
use crate::request::{self, HOP_BY_HOP};
use crate::source::Span;

/// A rule, and what only the whole policy asks of it.
pub(super) struct CheckedRule {
    pub(super) rule: Rule,
    pub(super) reads: Vec<Attr>,
    /// What its conditions read, without keys and values.
    pub(super) conditions: Vec<Attr>,
    pub(super) matched: Vec<Attr>,
    /// Where each header is set or removed.
    pub(super) headers: Vec<(String, Span)>,
}

/// The clauses of each kind of rule, beside `on`, `for`, `when` and `unless`.
fn own_clauses(kind: RuleKind) -> &'static [&'static str] {
    match kind {
        RuleKind::Allow => &[],
        RuleKind::Deny => &["respond", "challenge"],
        RuleKind::Limit => &["rate", "burst", "by"],
        RuleKind::Forward => &["set", "remove"],
        RuleKind::Audit => &["level", "keep", "redact"],
    }
}

fn word_of(clause: &ClauseKind) -> &'static str {
    match clause {
        ClauseKind::On(_) => "on",
        ClauseKind::For(_) => "for",
        ClauseKind::When(_) => "when",
        ClauseKind::Unless(_) => "unless",
        ClauseKind::Respond(..) => "respond",
        ClauseKind::Challenge(_) => "challenge",
        ClauseKind::Rate(..) => "rate",
        ClauseKind::Burst(_) => "burst",
        ClauseKind::By(_) => "by",
        ClauseKind::Set(..) => "set",
        ClauseKind::Remove(_) => "remove",
        ClauseKind::Level(_) => "level",
        ClauseKind::Keep(_) => "keep",
        ClauseKind::Redact(_) => "redact",
    }
}

fn kind_word(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Allow => "allow",
        RuleKind::Deny => "deny",
        RuleKind::Limit => "limit",
        RuleKind::Forward => "forward",
        RuleKind::Audit => "audit",
    }
}

impl Checker<'_> {
    /// Checks one rule.
    pub(super) fn rule(
        &mut self,
        full: String,
        service: Option<u32>,
        rule: &ast::Rule,
        services: &[CheckedService],
    ) -> CheckedRule {
        let within = service.and_then(|s| services.get(usize::try_from(s).ok()?));
        let mut scope = RuleScope {
            span: rule.name.span,
            is_allow: rule.kind.node == RuleKind::Allow,
            is_deny: rule.kind.node == RuleKind::Deny,
            routes: Vec::new(),
            host_label: within.and_then(|s| s.host_label.clone()),
            may_be_anonymous: true,
            issuers: Vec::new(),
            in_define: 0,
            depth: 0,
            tests: 0,
            reported_size: false,
            mistaken: BTreeSet::new(),
            reads: Vec::new(),
            matched: Vec::new(),
            captures_read: Vec::new(),
            offsets: Vec::new(),
        };
        self.shape(rule);
        let base = within.map_or_else(Base::default, |s| s.base.clone());
        let on =
            rule.clauses.iter().find_map(|c| if let ClauseKind::On(r) = &c.node { Some(r) } else { None });
        let routes = on.map(|routes| self.routes(routes, &base));
        for route in routes.iter().flatten() {
            scope.routes.push((route.span, route.captures.keys().cloned().collect()));
        }
        let (condition, facts) = self.condition(rule, &mut scope);
        let conditions = scope.reads.clone();
        let mut headers = Vec::new();
        let action = self.action(rule, &facts, &mut scope, &mut headers);
        // A rule outside of all services is for every host, so also for those that fold.
        let fold = match within {
            Some(_) => base.relaxations.case_fold,
            None => services.iter().any(|s| s.service.relaxations.case_fold),
        };
        self.captures_agree(&scope, routes.as_deref().unwrap_or(&[]), fold);
        self.warn_of_head(rule, routes.as_deref().unwrap_or(&[]));
        self.warn_of_offsets(&scope);
        let rule = Rule {
            name: full,
            service: service.map(ServiceId),
            observe: rule.observe,
            action,
            routes,
            condition,
            annotations: rule.annotations.iter().map(|(n, t)| (n.node.clone(), t.node.clone())).collect(),
            span: rule.span,
            name_span: rule.name.span,
        };
        CheckedRule { rule, reads: scope.reads, conditions, matched: scope.matched, headers }
    }

    /// Refuses clauses that stand twice or that this kind of rule does not have, and those that are missing.
    fn shape(&mut self, rule: &ast::Rule) {
        let kind = rule.kind.node;
        if rule.observe && matches!(kind, RuleKind::Forward | RuleKind::Audit) {
            let message = format!(
                "`observe` stands before `allow`, `deny` and `limit`, and not before `{}`",
                kind_word(kind)
            );
            self.out.push(
                Diagnostic::at(codes::OBSERVE_UNFIT, rule.kind.span, message).help("leave `observe` out"),
            );
        }
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for clause in &rule.clauses {
            let word = word_of(&clause.node);
            let common = matches!(word, "on" | "for" | "when" | "unless");
            if !common && !own_clauses(kind).contains(&word) {
                let owner = [RuleKind::Deny, RuleKind::Limit, RuleKind::Forward, RuleKind::Audit]
                    .into_iter()
                    .find(|k| own_clauses(*k).contains(&word));
                let message = format!("a rule of kind `{}` has no `{word}`", kind_word(kind));
                self.out.push(
                    Diagnostic::at(codes::CLAUSE_UNFIT, clause.span, message)
                        .help(format!("`{word}` is a clause of `{}`", owner.map_or("", kind_word))),
                );
            }
            let once =
                matches!(word, "on" | "for" | "respond" | "challenge" | "rate" | "burst" | "by" | "level");
            if let (true, Some((_, first))) = (once, seen.iter().find(|(w, _)| *w == word)) {
                let message = format!("`{word}` stands twice in `{}`", rule.name.node);
                let help = if word == "on" {
                    "write one `on` with commas between its patterns"
                } else if word == "for" {
                    "join them: `for a and b`, `for a or b`"
                } else {
                    "leave one of them out"
                };
                self.out.push(
                    Diagnostic::at(codes::CLAUSE_TWICE, clause.span, message)
                        .label(*first, "first here")
                        .help(help),
                );
            }
            seen.push((word, clause.span));
        }
        self.missing(rule, &seen);
    }

    fn missing(&mut self, rule: &ast::Rule, seen: &[(&str, Span)]) {
        let has = |word: &str| seen.iter().any(|(w, _)| *w == word);
        let mut lacks = |message: String, help: &str| {
            self.out
                .push(Diagnostic::at(codes::CLAUSE_MISSING, rule.name.span, message).help(help.to_owned()));
        };
        let name = &rule.name.node;
        match rule.kind.node {
            RuleKind::Allow if !has("for") => lacks(
                format!("`allow {name}` does not say who it is for"),
                "write `for anyone`, `for authenticated`, or the roles it is for",
            ),
            RuleKind::Limit if !has("rate") => {
                lacks(format!("`limit {name}` has no `rate`"), "write `rate 600 per minute`")
            }
            RuleKind::Forward if !has("set") && !has("remove") => lacks(
                format!("`forward {name}` neither sets nor removes a header"),
                "write `set \"x-user-id\" = user.id`",
            ),
            RuleKind::Deny if has("respond") && has("challenge") => {
                let span = seen.iter().find(|(w, _)| *w == "challenge").map_or(rule.name.span, |(_, s)| *s);
                let message = format!("`deny {name}` both responds and challenges");
                self.out.push(Diagnostic::at(codes::CLAUSE_TWICE, span, message).help("keep one: `challenge` asks the caller to sign in again or for a scope, `respond` refuses"));
            }
            RuleKind::Allow | RuleKind::Deny | RuleKind::Limit | RuleKind::Forward | RuleKind::Audit => {}
        }
    }

    /// Joins `for`, every `when` and every `unless` into one condition, and returns what is known where it holds.
    fn condition(&mut self, rule: &ast::Rule, scope: &mut RuleScope) -> (Expr, Facts) {
        let principal =
            rule.clauses.iter().find_map(|c| if let ClauseKind::For(p) = &c.node { Some(p) } else { None });
        let mut all = vec![self.principal(principal, scope)];
        let mut known = Facts::new();
        for clause in &rule.clauses {
            if let ClauseKind::When(expr) = &clause.node {
                let checked = self.expr(expr, &known, true, scope);
                known.extend(checked.if_true);
                all.push(checked.expr);
            }
        }
        for clause in &rule.clauses {
            if let ClauseKind::Unless(expr) = &clause.node {
                let checked = self.expr(expr, &known, false, scope);
                known.extend(checked.if_false);
                all.push(Expr::Not(Box::new(checked.expr)));
            }
        }
        (Expr::All(all), known)
    }

    fn action(
        &mut self,
        rule: &ast::Rule,
        facts: &Facts,
        scope: &mut RuleScope,
        headers: &mut Vec<(String, Span)>,
    ) -> Action {
        match rule.kind.node {
            RuleKind::Allow => Action::Allow,
            RuleKind::Deny => Action::Deny(self.denial(&rule.clauses)),
            RuleKind::Limit => Action::Limit(self.limit(&rule.clauses, facts, scope)),
            RuleKind::Forward => Action::Forward(self.forward(&rule.clauses, scope, headers)),
            RuleKind::Audit => Action::Audit(self.audit(&rule.clauses, scope)),
        }
    }

    fn denial(&mut self, clauses: &[Clause]) -> Denial {
        for clause in clauses {
            match &clause.node {
                ClauseKind::Respond(status, text) => return self.respond(status, text.as_ref()),
                ClauseKind::Challenge(parts) => return self.challenge(clause.span, parts),
                _ => {}
            }
        }
        Denial::Respond { status: 403, text: None }
    }

    fn respond(&mut self, status: &crate::source::Spanned<i64>, text: Option<&ast::Text>) -> Denial {
        let known = [403, 404, 405, 410, 423, 429, 451, 503];
        if !known.contains(&status.node) {
            let message = format!("a deny can't answer with {}", status.node);
            self.out.push(
                Diagnostic::at(codes::STATUS_UNFIT, status.span, message).help(
                    "statuses are 403, 404, 405, 410, 423, 429, 451 and 503; 401 comes with `challenge`",
                ),
            );
        }
        if let Some(text) = text.filter(|t| t.node.len() > RESPOND_TEXT_BYTES_MAX) {
            let message =
                format!("the text has {} bytes; at most {RESPOND_TEXT_BYTES_MAX} are sent", text.node.len());
            self.out.push(
                Diagnostic::at(codes::TEXT_TOO_LONG, text.span, message)
                    .help("write less: it goes to people who were refused"),
            );
        }
        Denial::Respond {
            status: u16::try_from(status.node).unwrap_or(403),
            text: text.map(|t| t.node.clone()),
        }
    }

    fn challenge(&mut self, span: Span, parts: &[ChallengePart]) -> Denial {
        let (mut max_age, mut acrs, mut scopes) = (None, Vec::new(), Vec::new());
        let mut seen = Vec::new();
        for part in parts {
            let word = match part {
                ChallengePart::MaxAge(seconds) => {
                    if seconds.node < 0 {
                        self.out.push(Diagnostic::at(
                            codes::OUT_OF_RANGE,
                            seconds.span,
                            "an age is never below 0".to_owned(),
                        ));
                    }
                    max_age = Some(seconds.node);
                    "max_age"
                }
                ChallengePart::Acr(texts) => {
                    acrs.extend(texts.iter().map(|t| self.challenge_word(t)));
                    "acr"
                }
                ChallengePart::Scope(text) => {
                    scopes.extend(text.node.split(' ').filter(|s| !s.is_empty()).map(str::to_owned));
                    if !text.node.split(' ').all(is_challenge_word) {
                        self.challenge_word(text);
                    }
                    "scope"
                }
            };
            if seen.contains(&word) {
                self.out.push(
                    Diagnostic::at(
                        codes::CLAUSE_TWICE,
                        span,
                        format!("`{word}` stands twice in one challenge"),
                    )
                    .help("leave one of them out"),
                );
            }
            seen.push(word);
        }
        Denial::Challenge { max_age_s: max_age, acr: acrs, scope: scopes }
    }

    fn challenge_word(&mut self, text: &ast::Text) -> String {
        if !is_challenge_word(&text.node) {
            let message = "a challenge has printable words without quotes, spaces and backslashes".to_owned();
            self.out.push(
                Diagnostic::at(codes::VALUE_UNFIT, text.span, message)
                    .help("it goes into the header `WWW-Authenticate` as it is (RFC 9470 §4)"),
            );
        }
        text.node.clone()
    }

    fn limit(&mut self, clauses: &[Clause], facts: &Facts, scope: &mut RuleScope) -> Limit {
        let mut limit = Limit { rate: 1, per_s: 1, burst: 0, by: Vec::new() };
        for clause in clauses {
            match &clause.node {
                ClauseKind::Rate(count, unit) => {
                    limit.rate = self.count(count);
                    limit.per_s = match unit.node {
                        RateUnit::Second => 1,
                        RateUnit::Minute => 60,
                        RateUnit::Hour => 3_600,
                        RateUnit::Day => 86_400,
                    };
                }
                ClauseKind::Burst(count) => limit.burst = self.count(count),
                ClauseKind::By(attrs) => {
                    limit.by = attrs.iter().filter_map(|a| self.key(a, facts, scope)).collect()
                }
                _ => {}
            }
        }
        if limit.burst == 0 {
            limit.burst = limit.rate;
        }
        limit
    }

    fn count(&mut self, count: &crate::source::Spanned<i64>) -> u32 {
        match u32::try_from(count.node).ok().filter(|n| (1..=1_000_000_000).contains(n)) {
            Some(count) => count,
            None => {
                self.out.push(
                    Diagnostic::at(
                        codes::OUT_OF_RANGE,
                        count.span,
                        format!("`{}` is out of range", count.node),
                    )
                    .help("write a number from 1 to 1_000_000_000"),
                );
                1
            }
        }
    }

    fn key(&mut self, attr: &ast::Attr, facts: &Facts, scope: &mut RuleScope) -> Option<Attr> {
        let read = self.attr(attr, scope)?;
        let (ty, optional) = self.type_of(&read, scope);
        let text = self.shown(attr);
        let diagnostic = if !matches!(ty, Type::String | Type::Int | Type::Bool | Type::Ip) {
            Diagnostic::at(
                codes::KEY_UNFIT,
                attr.span,
                format!("`{text}` is a `{}`, and can't be a key", ty.word()),
            )
            .help("keys are `string`, `int`, `bool` or `ip`")
        } else if attr.asked {
            Diagnostic::at(codes::KEY_UNFIT, attr.span, format!("`{text}?` asks, and a key is no test"))
                .help(format!("write `when has {text}`, and `by {text}`"))
        } else if self.is_secret(&read) {
            Diagnostic::at(
                types::SECRET,
                attr.span,
                format!("`{text}` is secret, and stands in conditions only"),
            )
            .help("take another key")
        } else if optional && !facts.contains(&read) {
            Diagnostic::at(
                codes::KEY_UNFIT,
                attr.span,
                format!("`{text}` may be absent, and then callers without it would share one counter"),
            )
            .help(format!("write `when has {text}`"))
        } else {
            return Some(read);
        };
        self.out.push(diagnostic);
        None
    }

    fn is_secret(&self, attr: &Attr) -> bool {
        let Attr::User(id) = attr else { return false };
        let found = usize::try_from(id.0).ok().and_then(|at| self.attributes.get(at));
        found.is_some_and(|a| a.privacy == Privacy::Secret)
    }

    fn forward(
        &mut self,
        clauses: &[Clause],
        scope: &mut RuleScope,
        headers: &mut Vec<(String, Span)>,
    ) -> Forward {
        let mut forward = Forward { set: Vec::new(), remove: Vec::new() };
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for clause in clauses {
            let (name, value) = match &clause.node {
                ClauseKind::Set(name, value) => (name, Some(value)),
                ClauseKind::Remove(name) => (name, None),
                _ => continue,
            };
            let Some(header) = self.settable(name, value.is_some()) else { continue };
            let folded = request::fold(&header);
            if let Some(first) = seen.get(&folded) {
                let message = format!("`{header}` stands twice in one rule");
                self.out.push(
                    Diagnostic::at(codes::CLAUSE_TWICE, name.span, message)
                        .label(*first, "first here")
                        .help("leave one of them out"),
                );
            }
            seen.entry(folded).or_insert(name.span);
            headers.push((header.clone(), name.span));
            match value {
                Some(value) => {
                    if let Some(value) = self.header_value(value, scope) {
                        forward.set.push((header, value));
                    }
                }
                None => forward.remove.push(header),
            }
        }
        forward.set.sort_by(|a, b| a.0.cmp(&b.0));
        forward.remove.sort();
        forward
    }

    fn settable(&mut self, name: &ast::Text, sets: bool) -> Option<String> {
        let lower = name.node.to_ascii_lowercase();
        if !super::attributes::is_token(&lower) {
            self.out.push(
                Diagnostic::at(
                    types::BAD_HEADER_NAME,
                    name.span,
                    format!("`{}` is no name of a header", name.node),
                )
                .help("names of headers are tokens: letters, digits and `-`"),
            );
            return None;
        }
        let folded = request::fold(&lower);
        let framing = request::FRAMING.contains(&folded.as_str()) || HOP_BY_HOP.contains(&folded.as_str());
        let why = match folded.as_str() {
            _ if framing => "it frames the message on one connection, and is the server's own",
            "host" => "the upstream would route by another host than the one that was judged",
            "authorization" | "cookie" if sets => "credentials are not made by policies",
            "txn-token" => "it carries the edge's own assertion to the gateway",
            _ => return Some(lower),
        };
        let verb = if sets { "set" } else { "remove" };
        if !sets && matches!(folded.as_str(), "authorization" | "cookie") {
            return Some(lower);
        }
        self.out.push(
            Diagnostic::at(
                codes::HEADER_UNFIT,
                name.span,
                format!("a rule can't {verb} the header `{lower}`"),
            )
            .help(why),
        );
        None
    }

    fn header_value(&mut self, value: &Operand, scope: &mut RuleScope) -> Option<Value> {
        match value {
            Operand::Literal(literal) => {
                let text = crate::eval::texts::literal_text(&literal.node);
                let fits = crate::decision::is_forwardable(&text) && text.len() <= FORWARD_VALUE_BYTES_MAX;
                if matches!(literal.node, LiteralKind::Clock(_) | LiteralKind::Weekday(_)) || !fits {
                    let message = "a header can't carry this value".to_owned();
                    self.out.push(Diagnostic::at(codes::VALUE_UNFIT, literal.span, message).help("write a string without control characters and without spaces at its ends, at most 4 KiB"));
                    return None;
                }
                Some(Value::Literal(literal.node.clone()))
            }
            Operand::Attr(attr) => {
                let read = self.attr(attr, scope)?;
                let (ty, _) = self.type_of(&read, scope);
                let text = self.shown(attr);
                let diagnostic = if attr.asked {
                    Diagnostic::at(
                        codes::VALUE_UNFIT,
                        attr.span,
                        format!("`{text}?` asks, and a header needs a value"),
                    )
                    .help(format!("write `{text}`: where it is absent, the header is not set"))
                } else if self.is_secret(&read) {
                    Diagnostic::at(
                        types::SECRET,
                        attr.span,
                        format!("`{text}` is secret, and stands in conditions only"),
                    )
                    .help("take another attribute")
                } else if matches!(ty, Type::Clock | Type::Weekday) {
                    Diagnostic::at(
                        codes::VALUE_UNFIT,
                        attr.span,
                        format!("`{text}` is a `{}`, which headers can't carry", ty.word()),
                    )
                    .help("set `now`, which is an instant")
                } else {
                    return Some(Value::Attr(read));
                };
                self.out.push(diagnostic);
                None
            }
        }
    }

    fn audit(&mut self, clauses: &[Clause], scope: &mut RuleScope) -> Audit {
        let mut audit = Audit { level: None, keep: Vec::new(), redact: Vec::new() };
        for clause in clauses {
            match &clause.node {
                ClauseKind::Level(level) => audit.level = Some(level.node),
                ClauseKind::Keep(attrs) => {
                    audit.keep.extend(attrs.iter().filter_map(|a| self.record(a, true, scope)))
                }
                ClauseKind::Redact(attrs) => {
                    audit.redact.extend(attrs.iter().filter_map(|a| self.record(a, false, scope)))
                }
                _ => {}
            }
        }
        for list in [&mut audit.keep, &mut audit.redact] {
            list.sort();
            list.dedup();
        }
        audit
    }

    fn record(&mut self, attr: &ast::Attr, keeps: bool, scope: &mut RuleScope) -> Option<Attr> {
        let read = self.attr(attr, scope)?;
        let (ty, _) = self.type_of(&read, scope);
        let text = self.shown(attr);
        let diagnostic = if attr.asked {
            Diagnostic::at(
                codes::RECORD_UNFIT,
                attr.span,
                format!("`{text}?` asks, and a record needs a value"),
            )
            .help(format!("write `{text}`: where it is absent, the record has none"))
        } else if keeps && self.is_secret(&read) {
            Diagnostic::at(
                types::SECRET,
                attr.span,
                format!("`{text}` is secret, and stands in conditions only"),
            )
            .help("keep another attribute")
        } else if matches!(ty, Type::Clock | Type::Weekday) {
            Diagnostic::at(
                codes::RECORD_UNFIT,
                attr.span,
                format!("`{text}` is a `{}`, which records can't keep", ty.word()),
            )
            .help("every record has the instant")
        } else {
            return Some(read);
        };
        self.out.push(diagnostic);
        None
    }

    /// Demands that a name that is read stands at one place of all patterns that can both match.
    fn captures_agree(&mut self, scope: &RuleScope, routes: &[Route], fold: bool) {
        let mut read: Vec<&str> = scope.captures_read.iter().map(|(n, _)| n.as_str()).collect();
        read.sort_unstable();
        read.dedup();
        for name in read {
            let places = || routes.iter().map(|route| route.captures.get(name));
            if places().zip(places().skip(1)).all(|(a, b)| a == b) {
                continue;
            }
            for (number, a) in routes.iter().enumerate() {
                let apart = |b: &&Route| {
                    a.captures.get(name) != b.captures.get(name) && common_path(a, b, fold).is_some()
                };
                let Some(b) = routes.get(number + 1..).unwrap_or(&[]).iter().find(apart) else { continue };
                let (_, path) = common_path(a, b, fold).unwrap_or_default();
                let message =
                    format!("`{{{name}}}` stands at two places of patterns that both match `{path}`");
                self.out.push(
                    Diagnostic::at(route_codes::CAPTURES_DIFFER, b.span, message)
                        .label(a.span, "the other pattern")
                        .help("split the rule, or give one of them another name"),
                );
                return;
            }
        }
    }

    /// Refuses to set or remove a header that a condition reads: gates would judge different requests.
    pub(super) fn refuse_headers_both_read_and_set(&mut self, rules: &[CheckedRule]) {
        let mut read: BTreeMap<String, &str> = BTreeMap::new();
        for rule in rules {
            for attr in &rule.conditions {
                let folded = match attr {
                    Attr::Header(n) | Attr::HeaderLine(n) | Attr::HeaderOnly(n) => request::fold(n),
                    Attr::Cookie(_) | Attr::CookieOnly(_) => "cookie".to_owned(),
                    _ => continue,
                };
                read.entry(folded).or_insert(&rule.rule.name);
            }
        }
        for (header, span) in rules.iter().flat_map(|r| &r.headers) {
            if let Some(rule) = read.get(&request::fold(header)) {
                let message =
                    format!("the condition of `{rule}` reads `{header}`, so no rule can set or remove it");
                self.out.push(Diagnostic::at(codes::HEADER_UNFIT, *span, message).help(
                    "a second gate would read another value than the first; name the header otherwise",
                ));
            }
        }
    }
}

fn is_challenge_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}
