//! `gatelaw explain`: why each request is decided as it is.

use gatelaw::{Explanation, Plan, Session};
use gatelaw_host::{LineError, Paint, RequestLine, caller_in_words, explanation_in_words, explanation_line};

use crate::answer::{Answer, Failure};
use crate::args::RequestArguments;
use crate::requests::{Judge, answer_all, request_in_words};
use crate::terminal::Terminal;

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
    let caller = caller_in_words(&request.caller(model), model);
    let asked = paint.bold(&request.with(request_in_words));
    format!("{line} {asked}\ncaller: {caller}\n{}", explanation_in_words(&explanation, &judge.folder, paint))
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
    explanation_line(&explanation(judge, session, request), Some(number))
}
