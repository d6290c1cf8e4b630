//! Services and rules.

use gatelaw::ast::{
    AuditLevel, ChallengePart, ClauseKind, PathPattern, RateUnit, Route, Rule, RuleKind, Service, ServiceLine,
};

use super::block;
use super::expressions::{attrs, expr, operand, principal};
use super::literals::{duration_text, names, quoted, string, strings};

pub(super) fn service(service: &Service) -> String {
    block(&format!("service {}", service.name.node), service.lines.iter().map(service_line))
}

fn service_line(line: &ServiceLine) -> String {
    match line {
        ServiceLine::Host(hosts) => {
            let hosts: Vec<&str> = hosts.iter().map(|h| h.text.as_str()).collect();
            format!("host {}", hosts.join(", "))
        }
        ServiceLine::Base(pattern) => format!("base {}", path(pattern)),
        ServiceLine::TrailingSlashExact(_) => "trailing_slash exact".into(),
        ServiceLine::EncodedSlashKeep(_) => "encoded_slash keep".into(),
        ServiceLine::EncodedDelimsKeep(_) => "encoded_delims keep".into(),
        ServiceLine::PathParamsStrip(_) => "path_params strip".into(),
        ServiceLine::PathParamsKeep(_) => "path_params keep".into(),
        ServiceLine::EmptySegmentsMerge(_) => "empty_segments merge".into(),
        ServiceLine::CaseFold(_) => "case fold".into(),
        ServiceLine::TokensIgnore(_) => "tokens ignore".into(),
        ServiceLine::ResourceMetadata(_, url) => format!("resource_metadata {}", string(url)),
        ServiceLine::Rule(rule) => self::rule(rule),
    }
}

pub(super) fn rule(rule: &Rule) -> String {
    let mut head = String::new();
    for (name, text) in &rule.annotations {
        head.push_str(&format!("@{}({})\n", name.node, string(text)));
    }
    if rule.observe {
        head.push_str("observe ");
    }
    head.push_str(&format!("{} {}", kind(rule.kind.node), rule.name.node));
    block(&head, rule.clauses.iter().map(|c| clause(&c.node)))
}

fn clause(clause: &ClauseKind) -> String {
    let line = |word: &str, rest: &str| format!("{word} {rest}");
    match clause {
        ClauseKind::On(routes) => {
            let items: Vec<String> = routes.iter().map(route).collect();
            line("on", &items.join(", "))
        }
        ClauseKind::For(who) => line("for", &principal(who)),
        ClauseKind::When(condition) => line("when", &expr(condition)),
        ClauseKind::Unless(condition) => line("unless", &expr(condition)),
        ClauseKind::Respond(status, text) => {
            let text = text.as_ref().map_or(String::new(), |t| format!(" {}", string(t)));
            line("respond", &format!("{}{text}", status.node))
        }
        ClauseKind::Challenge(parts) => {
            let parts: Vec<String> = parts.iter().map(challenge_part).collect();
            format!("challenge {}", parts.join(" ")).trim_end().to_owned()
        }
        ClauseKind::Rate(count, unit) => {
            let rate = format!("{} per {}", count.node, unit_word(unit.node));
            line("rate", &rate)
        }
        ClauseKind::Burst(count) => format!("burst {}", count.node),
        ClauseKind::By(read) => line("by", &attrs(read)),
        ClauseKind::Set(header, value) => format!("set {} = {}", string(header), operand(value)),
        ClauseKind::Remove(header) => format!("remove {}", string(header)),
        ClauseKind::Level(level) => line("level", level_word(level.node)),
        ClauseKind::Keep(read) => line("keep", &attrs(read)),
        ClauseKind::Redact(read) => line("redact", &attrs(read)),
    }
}

fn challenge_part(part: &ChallengePart) -> String {
    match part {
        ChallengePart::MaxAge(s) => format!("max_age {}", duration_text(s.node)),
        ChallengePart::Acr(values) => format!("acr {}", strings(values)),
        ChallengePart::Scope(scope) => format!("scope {}", string(scope)),
    }
}

fn route(route: &Route) -> String {
    let pattern = path(&route.pattern);
    if route.methods.is_empty() {
        return pattern;
    }
    format!("{} {pattern}", names(&route.methods, "|"))
}

fn path(pattern: &PathPattern) -> String {
    if pattern.quoted { quoted(&pattern.text) } else { pattern.text.clone() }
}

const fn kind(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Allow => "allow",
        RuleKind::Deny => "deny",
        RuleKind::Limit => "limit",
        RuleKind::Forward => "forward",
        RuleKind::Audit => "audit",
    }
}

const fn unit_word(unit: RateUnit) -> &'static str {
    match unit {
        RateUnit::Second => "second",
        RateUnit::Minute => "minute",
        RateUnit::Hour => "hour",
        RateUnit::Day => "day",
    }
}

const fn level_word(level: AuditLevel) -> &'static str {
    match level {
        AuditLevel::None => "none",
        AuditLevel::Brief => "brief",
        AuditLevel::Full => "full",
    }
}
