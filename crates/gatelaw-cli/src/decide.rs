//! `gatelaw decide`: one decision for each request.

use gatelaw::{Plan, Session};
use gatelaw_host::{LineError, Paint, RequestLine, decision_in_words, decision_line};

use crate::answer::{Answer, Failure};
use crate::args::RequestArguments;
use crate::requests::{Judge, answer_all, request_in_words};
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &RequestArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let (is_json, paint) = (terminal.is_json(true), terminal.paint());
    answer_all(arguments, terminal, |judge, session, number, request| match is_json {
        true => as_json(judge, session, request) + "\n",
        false => format!("{number}: {}\n", in_words(judge, session, request, paint)),
    })
}

fn as_json(judge: &Judge, session: &mut Session<&Plan>, request: Result<&RequestLine, &LineError>) -> String {
    let request = match request {
        Ok(request) => request,
        Err(error) => return error.to_line(),
    };
    let caller = request.caller(judge.plan.identity_model());
    decision_line(&request.with(|raw| session.decision(raw, caller.caller())))
}

fn in_words(
    judge: &Judge,
    session: &mut Session<&Plan>,
    request: Result<&RequestLine, &LineError>,
    paint: Paint,
) -> String {
    let request = match request {
        Ok(request) => request,
        Err(error) => return format!("no request: {}", error.code.name()),
    };
    let caller = request.caller(judge.plan.identity_model());
    request.with(|raw| {
        let decision = session.decision(raw, caller.caller());
        format!("{}: {}", request_in_words(raw), decision_in_words(&decision, paint))
    })
}
