//! What a policy's text holds: every form of the language, by name, and the rule, service or issuer it stands in.

use std::collections::{BTreeMap, BTreeSet};

use gatelaw::ast::{
    Ast, Attr, AuditLevel, ChallengePart, Clause, ClauseKind, CompareOp, Expr, Grants, Issuer,
    IssuerLineKind, Item, List, ListEntries, Literal, LiteralKind, Operand, Principal, Privacy, RateUnit,
    Rule, RuleKind, ServiceLine, Set, TestKind, Who,
};

use super::forms::{
    address_form, built_in_or_declared, host_form, literal_type, path_forms, shape, type_name,
};
use super::names::Names;
use super::narrowing;

/// Names what a feature hangs on: it is covered by a case in which that shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// A rule, by its full name.
    Rule(String),
    /// A service.
    Service(String),
    /// An issuer.
    Issuer(String),
}

/// The features of a policy, with the owners of each.
pub(super) type Written = BTreeMap<String, BTreeSet<Owner>>;

/// Finds what a policy's text holds.
#[must_use]
pub(super) fn of(ast: &Ast) -> Written {
    let mut walk = Walk { names: Names::of(ast), found: Written::new(), owner: Owner::Rule(String::new()) };
    for item in &ast.items {
        match item {
            Item::Issuer(issuer) => walk.issuer(issuer),
            Item::Service(service) => walk.service(&service.name.node, &service.lines),
            Item::Rule(rule) => walk.rule(rule.name.node.clone(), rule),
            // Found where a rule uses them.
            Item::Role(_) | Item::List(_) | Item::Define(_) | Item::Test(_) => {}
        }
    }
    walk.found
}

struct Walk<'a> {
    names: Names<'a>,
    found: Written,
    owner: Owner,
}

impl<'a> Walk<'a> {
    fn add(&mut self, feature: impl Into<String>) {
        self.found.entry(feature.into()).or_default().insert(self.owner.clone());
    }

    fn issuer(&mut self, issuer: &'a Issuer) {
        self.owner = Owner::Issuer(issuer.name.node.clone());
        if let Some(profile) = &issuer.profile {
            self.add(format!("profile {}", profile.node));
        }
        for line in &issuer.lines {
            self.issuer_line(&line.node);
        }
    }

    fn issuer_line(&mut self, line: &IssuerLineKind) {
        let word = match line {
            IssuerLineKind::Url(_) => "url",
            IssuerLineKind::Keys(_) => "keys",
            IssuerLineKind::Audience(audiences) if audiences.is_empty() => "audience none",
            IssuerLineKind::Audience(_) => "audience",
            IssuerLineKind::Algorithms(_) => "algorithms",
            IssuerLineKind::Type(_) => "type",
            IssuerLineKind::Require(_, literal) => {
                self.add(format!("require {}", literal_type(literal)));
                "require"
            }
            IssuerLineKind::Refuse(_) => "refuse",
            IssuerLineKind::Leeway(_) => "leeway",
            IssuerLineKind::MaxAge(_) => "max_age",
            IssuerLineKind::Subject(claims) if claims.len() > 1 => "subject or another",
            IssuerLineKind::Subject(_) => "subject",
            IssuerLineKind::Client(_) => "client",
            IssuerLineKind::Scopes(scopes) => {
                self.add(format!("scopes {}", shape(scopes.shape.as_ref().map(|s| s.node))));
                "scopes"
            }
            IssuerLineKind::Roles(roles) => {
                self.add(format!("roles {}", shape(roles.shape.as_ref().map(|s| s.node))));
                match roles.grants {
                    Grants::Mapped(_) => "roles mapped",
                    Grants::Named(_) => "roles named",
                }
            }
            IssuerLineKind::Attribute(attribute) => {
                self.attribute(attribute);
                "attribute"
            }
            IssuerLineKind::TokenCookie(_) => "token cookie",
            IssuerLineKind::TokenHeader(_) => "token header",
            IssuerLineKind::BoundMtls => "bound mtls",
        };
        self.add(format!("issuer: {word}"));
    }

    fn attribute(&mut self, attribute: &gatelaw::ast::Attribute) {
        let ty = type_name(attribute.ty.base);
        let presence = match (&attribute.default, attribute.ty.optional) {
            (Some(_), _) => "with a default",
            (None, true) => "optional",
            (None, false) => "required",
        };
        self.add(format!("attribute: {ty}"));
        self.add(format!("attribute: {presence}"));
        if let Some(given) = &attribute.shape {
            self.add(format!("attribute: {}", shape(Some(given.node))));
        }
        match attribute.privacy {
            Privacy::Open => {}
            Privacy::Personal => self.add("attribute: personal"),
            Privacy::Secret => self.add("attribute: secret"),
        }
    }

    fn service(&mut self, name: &str, lines: &'a [ServiceLine]) {
        for line in lines {
            self.owner = Owner::Service(name.to_owned());
            let word = match line {
                ServiceLine::Rule(rule) => {
                    self.rule(format!("{name}.{}", rule.name.node), rule);
                    continue;
                }
                ServiceLine::Host(patterns) => {
                    patterns.iter().for_each(|p| self.add(format!("host: {}", host_form(&p.text))));
                    "host"
                }
                ServiceLine::Base(_) => "base",
                ServiceLine::TrailingSlashExact(_) => "trailing_slash exact",
                ServiceLine::EncodedSlashKeep(_) => "encoded_slash keep",
                ServiceLine::EncodedDelimsKeep(_) => "encoded_delims keep",
                ServiceLine::PathParamsStrip(_) => "path_params strip",
                ServiceLine::PathParamsKeep(_) => "path_params keep",
                ServiceLine::EmptySegmentsMerge(_) => "empty_segments merge",
                ServiceLine::CaseFold(_) => "case fold",
                ServiceLine::TokensIgnore(_) => "tokens ignore",
                ServiceLine::ResourceMetadata(..) => "resource_metadata",
            };
            self.add(format!("service: {word}"));
        }
    }

    fn rule(&mut self, name: String, rule: &'a Rule) {
        self.owner = Owner::Rule(name);
        let kind = match rule.kind.node {
            RuleKind::Allow => "allow",
            RuleKind::Deny => "deny",
            RuleKind::Limit => "limit",
            RuleKind::Forward => "forward",
            RuleKind::Audit => "audit",
        };
        self.add(format!("rule: {}{kind}", if rule.observe { "observe " } else { "" }));
        if !rule.annotations.is_empty() {
            self.add("rule: annotated");
        }
        for clause in &rule.clauses {
            self.clause(clause);
        }
        for form in narrowing::of(&self.names, &rule.clauses) {
            self.add(format!("narrowing: {form}"));
        }
    }

    fn clause(&mut self, clause: &'a Clause) {
        let word = match &clause.node {
            ClauseKind::On(routes) => {
                for route in routes {
                    path_forms(&route.pattern.text).into_iter().for_each(|f| self.add(format!("path: {f}")));
                    let any = route.methods.is_empty();
                    self.add(if any { "path: any method" } else { "path: methods" });
                    if route.pattern.quoted {
                        self.add("path: quoted");
                    }
                }
                "on"
            }
            ClauseKind::For(principal) => {
                self.principal(principal);
                "for"
            }
            ClauseKind::When(expr) => {
                self.expr(expr);
                "when"
            }
            ClauseKind::Unless(expr) => {
                self.expr(expr);
                "unless"
            }
            ClauseKind::Respond(status, text) => {
                self.add(format!("respond {}", status.node));
                if text.is_some() { "respond with a text" } else { "respond" }
            }
            ClauseKind::Challenge(parts) => {
                for part in parts {
                    self.add(match part {
                        ChallengePart::MaxAge(_) => "challenge max_age",
                        ChallengePart::Acr(_) => "challenge acr",
                        ChallengePart::Scope(_) => "challenge scope",
                    });
                }
                "challenge"
            }
            ClauseKind::Rate(_, unit) => match unit.node {
                RateUnit::Second => "rate per second",
                RateUnit::Minute => "rate per minute",
                RateUnit::Hour => "rate per hour",
                RateUnit::Day => "rate per day",
            },
            ClauseKind::Burst(_) => "burst",
            ClauseKind::By(attrs) => {
                attrs.iter().for_each(|a| self.add(format!("by {}", built_in_or_declared(a))));
                "by"
            }
            ClauseKind::Set(_, value) => {
                self.operand(value);
                "set"
            }
            ClauseKind::Remove(_) => "remove",
            ClauseKind::Level(level) => match level.node {
                AuditLevel::None => "level none",
                AuditLevel::Brief => "level brief",
                AuditLevel::Full => "level full",
            },
            ClauseKind::Keep(_) => "keep",
            ClauseKind::Redact(_) => "redact",
        };
        self.add(format!("clause: {word}"));
    }

    fn principal(&mut self, principal: &'a Principal) {
        match principal {
            Principal::Anyone(_) => self.add("for: anyone"),
            Principal::Anonymous(_) => self.add("for: anonymous"),
            Principal::AnonymousOr(_, who) => {
                self.add("for: anonymous or");
                self.who(who);
            }
            Principal::Who(who) => self.who(who),
        }
    }

    fn who(&mut self, who: &'a Who) {
        let word = match who {
            Who::Role(name) if self.names.including.contains(name.node.as_str()) => "a role that includes",
            Who::Role(_) => "a role",
            Who::Scope(..) => "scope",
            Who::Issuer(..) => "issuer",
            Who::Subject(..) => "subject",
            Who::Authenticated(_) => "authenticated",
            Who::Not(_, inner) => {
                self.who(inner);
                "not"
            }
            Who::And(all) => {
                all.iter().for_each(|w| self.who(w));
                "and"
            }
            Who::Or(all) => {
                all.iter().for_each(|w| self.who(w));
                "or"
            }
            Who::Group(_, inner) => {
                self.who(inner);
                "(…)"
            }
        };
        self.add(format!("for: {word}"));
    }

    fn expr(&mut self, expr: &'a Expr) {
        let word = match expr {
            Expr::And(all) => {
                all.iter().for_each(|e| self.expr(e));
                "and"
            }
            Expr::Or(all) => {
                all.iter().for_each(|e| self.expr(e));
                "or"
            }
            Expr::Not(_, inner) => {
                self.expr(inner);
                "not"
            }
            Expr::Group(_, inner) => {
                self.expr(inner);
                "(…)"
            }
            Expr::Constant(value) if value.node => "true",
            Expr::Constant(_) => "false",
            Expr::Define(name) => {
                if let Some(body) = self.names.define(&name.node) {
                    self.expr(body);
                }
                "a define"
            }
            Expr::Test(test) => return self.test(&test.node),
        };
        self.add(format!("condition: {word}"));
    }

    fn test(&mut self, test: &'a TestKind) {
        match test {
            TestKind::Has(a) => {
                self.add(if self.names.is_optional(a) { "has" } else { "has of a set" });
                self.attr(a);
            }
            TestKind::Bare(a) => {
                self.add("a bare bool");
                self.attr(a);
            }
            TestKind::Compare(left, op, right) => {
                self.compare(left, op.node, right);
            }
            TestKind::In(a, set) => {
                self.attr(a);
                self.set("in", set);
            }
            TestKind::Like(a, text) => {
                self.attr(a);
                let forms = [("like *", '*'), ("like ?", '?'), ("like \\", '\\')];
                forms.iter().filter(|(_, c)| text.node.contains(*c)).for_each(|(name, _)| self.add(*name));
            }
            TestKind::Matches(a, text) => {
                self.attr(a);
                let forms = ["|", "(", "[", "[^", "?", "*", "+", "{", "(?i)", "\\d", "\\w", "\\s", "."];
                for form in forms.iter().filter(|f| text.node.contains(**f)) {
                    self.add(format!("matches {form}"));
                }
            }
            TestKind::Contains(a, operand) => {
                self.attr(a);
                self.add(match operand {
                    Operand::Attr(_) => "contains an attribute",
                    Operand::Literal(_) => "contains a literal",
                });
                self.operand(operand);
            }
            TestKind::ContainsAny(a, set) => {
                self.attr(a);
                self.set("contains any", set);
            }
            TestKind::ContainsAll(a, set) => {
                self.attr(a);
                self.set("contains all", set);
            }
        }
    }

    fn compare(&mut self, left: &'a Operand, op: CompareOp, right: &'a Operand) {
        let sign = match op {
            CompareOp::Equal => "==",
            CompareOp::NotEqual => "!=",
            CompareOp::Less => "<",
            CompareOp::LessOrEqual => "<=",
            CompareOp::Greater => ">",
            CompareOp::GreaterOrEqual => ">=",
        };
        if matches!(left, Operand::Literal(_)) {
            self.add("a literal on the left");
        }
        match (left, right) {
            (Operand::Attr(_), Operand::Attr(_)) => self.add(format!("{sign} of two attributes")),
            (_, Operand::Literal(literal)) | (Operand::Literal(literal), _) => {
                self.add(format!("{sign} {}", literal_type(literal)));
            }
        }
        self.operand(left);
        self.operand(right);
    }

    fn set(&mut self, word: &str, set: &'a Set) {
        let form = match set {
            Set::Literals(_, literals) => {
                let ty = literals.first().map_or("nothing", literal_type);
                literals.iter().for_each(|l| self.literal(l));
                format!("[{ty}]")
            }
            Set::List(name) => {
                let list = self.names.lists.get(name.node.as_str()).copied();
                let ty = list.map_or("unknown", |list| self.list(list));
                format!("a list of {ty}")
            }
            Set::Single(literal) => {
                self.literal(literal);
                format!("one {}", literal_type(literal))
            }
            Set::Interval(low, high) => {
                let wraps = matches!((&low.node, &high.node), (LiteralKind::Clock(l), LiteralKind::Clock(h)) if l > h);
                format!("an interval of {}{}", literal_type(low), if wraps { " that wraps" } else { "" })
            }
        };
        self.add(format!("{word} {form}"));
    }

    fn list(&mut self, list: &'a List) -> &'static str {
        self.add(match list.entries {
            ListEntries::Written(_) => "list: written",
            ListEntries::File(_) => "list: from a file",
        });
        if list.may_be_empty {
            self.add("list: may be empty");
        }
        type_name(list.ty.node)
    }

    fn operand(&mut self, operand: &'a Operand) {
        match operand {
            Operand::Attr(a) => self.attr(a),
            Operand::Literal(literal) => self.literal(literal),
        }
    }

    fn attr(&mut self, attr: &Attr) {
        if attr.asked {
            self.add("?");
        }
        self.add(built_in_or_declared(attr));
    }

    fn literal(&mut self, literal: &Literal) {
        if let LiteralKind::Ip(net) = &literal.node {
            self.add(address_form(net));
        }
    }
}
