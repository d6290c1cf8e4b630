//! `gatelaw explain`: why each request is decided as it is.

use std::collections::BTreeMap;

use gatelaw::{Asked, Explanation, Plan, RuleExplained, Session};
use gatelaw_host::{LineError, RequestLine, decision_line};
use serde::Serialize;

use crate::answer::{Answer, Failure};
use crate::args::RequestArguments;
use crate::requests::{Judge, answer_all, request_in_words};
use crate::terminal::{Paint, Terminal};
use crate::why;

pub(crate) fn run(arguments: &RequestArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let (is_json, paint) = (terminal.is_json(false), terminal.paint());
    answer_all(arguments, terminal, |judge, session, number, request| match is_json {
        true => as_json(judge, session, number, request) + "\n",
        false => in_words(judge, session, number, request, paint) + "\n",
    })
}

fn explanation(judge: &Judge, session: &mut Session<&Plan>, request: &RequestLine) -> Explanation {
    let caller = request.caller(judge.plan.identity_model());
    request.with(|raw| session.explain(raw, caller.caller()))
}

fn in_words(
    judge: &Judge,
    session: &mut Session<&Plan>,
    number: usize,
    request: Result<&RequestLine, &LineError>,
    paint: Paint,
) -> String {
    let line = paint.bold(&format!("{number}:"));
    let request = match request {
        Ok(request) => request,
        Err(error) => return format!("{line} no request: {}\n", error.code.name()),
    };
    let explanation = explanation(judge, session, request);
    let model = judge.plan.identity_model();
    let caller = why::caller_in_words(&request.caller(model), model);
    let asked = paint.bold(&request.with(request_in_words));
    format!("{line} {asked}\ncaller: {caller}\n{}", why::in_words(&explanation, &judge.folder, paint))
}

fn as_json(
    judge: &Judge,
    session: &mut Session<&Plan>,
    number: usize,
    request: Result<&RequestLine, &LineError>,
) -> String {
    let request = match request {
        Ok(request) => request,
        Err(error) => return error.to_line(),
    };
    let explanation = explanation(judge, session, request);
    let asked = explanation.rules.iter().filter(|_| !why::is_before_rules(&explanation.decision.reason));
    let (reached, elsewhere): (Vec<_>, Vec<_>) = asked.partition(|rule| rule.reached);
    let rules: Vec<RuleLine<'_>> = reached.into_iter().map(RuleLine::of).collect();
    let elsewhere: Vec<&str> = elsewhere.into_iter().map(|rule| rule.name.as_str()).collect();
    let decision = decision_line(&explanation.decision);
    let rules = serde_json::to_string(&rules).unwrap_or_default();
    let elsewhere = serde_json::to_string(&elsewhere).unwrap_or_default();
    format!(r#"{{"v":1,"line":{number},"decision":{decision},"rules":{rules},"elsewhere":{elsewhere}}}"#)
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
        Self {
            name: &rule.name,
            kind: &rule.kind,
            observe: rule.observe,
            file: &rule.file,
            line: rule.line,
            annotations: rule.annotations.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect(),
            on: &rule.routes,
            matched: rule.matched,
            asked: rule.asked.iter().map(asked).collect(),
        }
    }
}
