//! What the corpus must hold, and which of its cases hold it.
//!
//! A form of the language counts as covered by a case in which it *shows*: the rule that holds it decided, counts, forwards,
//! records or is observed there, the service that holds it has that rule, the issuer that holds it gave the identity. What
//! comes out (reasons, statuses, refusal codes), and what may be absent, is read off the cases themselves.

mod forms;
mod listed;
mod names;
mod narrowing;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use gatelaw::ast::{Ast, Clause, ClauseKind, Item, Rule, RuleKind, ServiceLine};
use serde_json::Value;

use crate::corpus::{Case, Topic};
pub use listed::all;
use written::Owner;

/// Where each feature is covered first: `05-captures:12`.
pub type Covered = BTreeMap<String, String>;

/// Finds the features that the cases of a topic cover.
///
/// Cases without an answer cover nothing.
pub fn cover(topic: &Topic, ast: &Ast, covered: &mut Covered) {
    let written = written::of(ast);
    let rules = rules_of(ast);
    for case in &topic.cases {
        let Some(answer) = case.decision.as_deref().and_then(|d| serde_json::from_str::<Value>(d).ok())
        else {
            continue;
        };
        let request: Value = serde_json::from_str(&case.request).unwrap_or_default();
        let owners = showing(&rules, case, &request, &answer);
        let place = format!("{}:{}", topic.name, case.line);
        let shown = written.iter().filter(|(_, of)| !of.is_disjoint(&owners)).map(|(name, _)| name.clone());
        let outcome = outcome(&answer).into_iter();
        for feature in shown.chain(outcome).chain(presence(&written, &request)) {
            covered.entry(feature).or_insert_with(|| place.clone());
        }
    }
}

/// The rules of a policy by full name.
fn rules_of(ast: &Ast) -> BTreeMap<String, &Rule> {
    let mut rules = BTreeMap::new();
    for item in &ast.items {
        match item {
            Item::Rule(rule) => {
                rules.insert(rule.name.node.clone(), rule);
            }
            Item::Service(service) => {
                for line in &service.lines {
                    if let ServiceLine::Rule(rule) = line {
                        rules.insert(format!("{}.{}", service.name.node, rule.name.node), rule);
                    }
                }
            }
            Item::Issuer(_) | Item::Role(_) | Item::List(_) | Item::Define(_) | Item::Test(_) => {}
        }
    }
    rules
}

/// Finds the rules, services and issuers that show in a case.
fn showing(rules: &BTreeMap<String, &Rule>, case: &Case, request: &Value, answer: &Value) -> BTreeSet<Owner> {
    let mut owners = BTreeSet::new();
    for (name, rule) in rules {
        if shows(name, rule, case, answer) {
            owners.insert(Owner::Rule(name.clone()));
            if let Some((service, _)) = name.split_once('.') {
                owners.insert(Owner::Service(service.to_owned()));
            }
        }
    }
    if let Some(issuer) = request.pointer("/identity/issuer").and_then(Value::as_str) {
        owners.insert(Owner::Issuer(issuer.to_owned()));
    }
    owners
}

/// Says whether an answer gives away that a rule matched.
fn shows(name: &str, rule: &Rule, case: &Case, answer: &Value) -> bool {
    let named = |member: &str| {
        let entries = answer.get(member).and_then(Value::as_array);
        entries.is_some_and(|all| all.iter().any(|e| e.get("name").unwrap_or(e).as_str() == Some(name)))
    };
    if rule.observe {
        return named("observed");
    }
    match rule.kind.node {
        RuleKind::Allow | RuleKind::Deny => answer.get("rule").and_then(Value::as_str) == Some(name),
        RuleKind::Limit => named("limits"),
        RuleKind::Forward | RuleKind::Audit => rule.clauses.iter().any(|c| clause_shows(c, case, answer)),
    }
}

fn clause_shows(clause: &Clause, case: &Case, answer: &Value) -> bool {
    let first = |member: &str, name: &str| {
        let entries = answer.get(member).and_then(Value::as_array);
        entries.is_some_and(|all| all.iter().any(|e| e.get(0).unwrap_or(e).as_str() == Some(name)))
    };
    match &clause.node {
        ClauseKind::Set(header, _) => first("set", &header.node.to_lowercase()),
        ClauseKind::Remove(header) => first("remove", &header.node.to_lowercase()),
        ClauseKind::Keep(attrs) => attrs.iter().any(|a| first("keep", &forms::attribute(a))),
        ClauseKind::Level(level) => {
            let text = format!("{:?}", level.node).to_lowercase();
            answer.get("audit").and_then(Value::as_str) == Some(&text)
        }
        // What is redacted leaves no trace but a person's word that it should not be there.
        ClauseKind::Redact(attrs) => {
            attrs.iter().any(|a| case.expect.iter().any(|e| e.is_without("keep", &forms::attribute(a))))
        }
        ClauseKind::On(_)
        | ClauseKind::For(_)
        | ClauseKind::When(_)
        | ClauseKind::Unless(_)
        | ClauseKind::Respond(..)
        | ClauseKind::Challenge(_)
        | ClauseKind::Rate(..)
        | ClauseKind::Burst(_)
        | ClauseKind::By(_) => false,
    }
}

/// Names what an answer is.
fn outcome(answer: &Value) -> Vec<String> {
    if let Some(code) = answer.get("error").and_then(Value::as_str) {
        return vec![format!("error {code}")];
    }
    let reason = answer.get("reason").and_then(Value::as_str).unwrap_or_default();
    let status = answer.get("status").unwrap_or(&Value::Null);
    // Behind a refusal code may stand the name of a header, behind `token:` whatever a host says.
    let parts: Vec<&str> = reason.split(':').collect();
    let reason = match parts.as_slice() {
        ["refused", code, ..] => format!("refused:{code}"),
        ["token", ..] => "token:CODE".to_owned(),
        _ => reason.to_owned(),
    };
    vec![format!("reason {reason}"), format!("status {status}")]
}

/// Names which of the optional values that a policy reads are in a request, and which aren't.
fn presence(written: &written::Written, request: &Value) -> Vec<String> {
    let claims = request.pointer("/identity/claims");
    let there = |pointer: &str| Some(claims?.pointer(pointer).is_some());
    let optional: [(&str, Option<bool>); 10] = [
        ("user.client", claims.map(|c| c.get("azp").or(c.get("client_id")).is_some())),
        ("user.actor", there("/act/sub")),
        ("user.token_id", there("/jti")),
        ("user.auth_age", there("/auth_time")),
        ("request.country", Some(request.pointer("/facts/country").is_some())),
        ("request.asn", Some(request.pointer("/facts/asn").is_some())),
        ("request.bot_score", Some(request.pointer("/facts/bot_score").is_some())),
        ("request.tls_version", Some(request.pointer("/facts/tls_version").is_some())),
        ("request.client_cert", Some(request.pointer("/facts/client_cert").is_some())),
        ("request.size", Some(request.pointer("/facts/size").is_some())),
    ];
    let read = optional.into_iter().filter(|(name, _)| written.contains_key(*name));
    let named = read.filter_map(|(name, there)| Some((name, there?)));
    named.map(|(name, there)| format!("{name} {}", if there { "there" } else { "absent" })).collect()
}
