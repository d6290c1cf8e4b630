//! `gatelaw explain`: why each request is decided as it is.

use gatelaw_host::{LineError, Paint, RequestLine, caller_in_words, explanation_in_words, explanation_line};

use crate::answer::{Answer, Failure};
use crate::args::RequestArguments;
use crate::requests::{Asked, answer_all, request_in_words};
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &RequestArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let (is_json, paint) = (terminal.is_json(false), terminal.paint());
    answer_all(arguments, terminal, |asked, number, request| match is_json {
        true => as_json(asked, number, request) + "\n",
        false => in_words(asked, number, request, paint) + "\n",
    })
}

fn in_words(
    asked: &mut Asked<'_>,
    number: usize,
    request: Result<&RequestLine, &LineError>,
    paint: Paint,
) -> String {
    let line = paint.bold(&format!("{number}:"));
    let request = match request {
        Ok(request) => request,
        Err(error) => return format!("{line} no request: {}\n", error.code.name()),
    };
    let caller = asked.caller(request);
    let explanation = asked.explanation(request, &caller);
    let caller = caller_in_words(&caller, asked.judge.plan.identity_model());
    let url = paint.bold(&request.with(request_in_words));
    let words = explanation_in_words(&explanation, &asked.judge.folder, paint);
    format!("{line} {url}\ncaller: {caller}\n{words}")
}

fn as_json(asked: &mut Asked<'_>, number: usize, request: Result<&RequestLine, &LineError>) -> String {
    let request = match request {
        Ok(request) => request,
        Err(error) => return error.to_line(),
    };
    let caller = asked.caller(request);
    explanation_line(&asked.explanation(request, &caller), Some(number))
}
