//! An explanation as one line of JSON.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use gatelaw::decision::Reason;
use gatelaw::{Asked, Explanation, Plan, RuleExplained, Session};
use serde::Serialize;

use crate::decision_line::{decision_line, request_line};

/// Writes an explanation as one line: `{"v":1,"line":NUMBER,"decision":…,"rules":[…],"elsewhere":[…]}`.
///
/// `rules` are those whose host, method and path are the request's, `elsewhere` the names of the others. Both are empty where
/// no rule was asked. `line` stands only where a number is given; where the artifact's notes can't be read, `"unread":CODE` stands before
/// `rules`, of which none is told.
#[must_use]
pub fn explanation_line(explanation: &Explanation, number: Option<usize>) -> String {
    let asked = explanation.rules.iter().filter(|_| !is_before_rules(&explanation.decision.reason));
    let (reached, elsewhere): (Vec<_>, Vec<_>) = asked.partition(|rule| rule.reached);
    let rules: Vec<RuleLine<'_>> = reached.into_iter().map(RuleLine::of).collect();
    let elsewhere: Vec<&str> = elsewhere.into_iter().map(|rule| rule.name.as_str()).collect();
    let number = number.map_or_else(String::new, |number| format!(r#""line":{number},"#));
    let unread = explanation.unread.as_ref();
    let unread = unread.map_or_else(String::new, |error| format!(r#""unread":"{}","#, error.code()));
    let decision = decision_line(&explanation.decision);
    let rules = serde_json::to_string(&rules).unwrap_or_default();
    let elsewhere = serde_json::to_string(&elsewhere).unwrap_or_default();
    format!(r#"{{"v":1,{number}"decision":{decision},{unread}"rules":{rules},"elsewhere":{elsewhere}}}"#)
}

/// Answers one line: an explanation, or what is wrong with the line.
///
/// `default_now`, in Unix seconds, stands in for a missing `now`.
pub fn explain_line<P: Borrow<Plan>>(
    session: &mut Session<P>,
    line: &str,
    default_now: Option<i64>,
) -> String {
    let request = match request_line(session, line, default_now) {
        Ok(request) => request,
        Err(error) => return error.to_line(),
    };
    let caller = request.caller(session.plan().identity_model());
    explanation_line(&request.with(|raw| session.explain(raw, caller.caller())), None)
}

/// Says whether a decision fell before any rule was asked.
#[must_use]
pub fn is_before_rules(reason: &Reason) -> bool {
    match reason {
        Reason::Refused(_) | Reason::Token(_) | Reason::Fact(_) | Reason::KeysUnavailable => true,
        Reason::Rule
        | Reason::NoRule
        | Reason::Unauthenticated
        | Reason::InsufficientUserAuthentication
        | Reason::InsufficientScope
        | Reason::ForwardValue
        | Reason::RecordSize => false,
    }
}

/// A rule whose host, method and path are those of the request, for programs.
#[derive(Serialize)]
struct RuleLine<'e> {
    name: &'e str,
    kind: &'e str,
    observe: bool,
    file: &'e str,
    line: u32,
    annotations: BTreeMap<&'e str, &'e str>,
    on: &'e [String],
    matched: bool,
    asked: Vec<AskedLine<'e>>,
}

/// A test that was asked, for programs.
#[derive(Serialize)]
struct AskedLine<'e> {
    test: &'e str,
    outcome: bool,
    file: &'e str,
    line: u32,
}

impl<'e> RuleLine<'e> {
    fn of(rule: &'e RuleExplained) -> Self {
        let asked = |asked: &'e Asked| AskedLine {
            test: &asked.text,
            outcome: asked.outcome,
            file: &asked.file,
            line: asked.line,
        };
        let mut annotations = BTreeMap::new();
        // One by one: to collect them brings a sort into the evaluator that nothing else there asks for.
        annotations.extend(rule.annotations.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        Self {
            name: &rule.name,
            kind: &rule.kind,
            observe: rule.observe,
            file: &rule.file,
            line: rule.line,
            annotations,
            on: &rule.routes,
            matched: rule.matched,
            asked: rule.asked.iter().map(asked).collect(),
        }
    }
}
