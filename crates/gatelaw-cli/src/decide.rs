//! `gatelaw decide`: one decision for each request.

use gatelaw_host::{LineError, Paint, RequestLine, decision_in_words, decision_line};

use crate::answer::{Answer, Failure};
use crate::args::RequestArguments;
use crate::requests::{Asked, answer_all, request_in_words};
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &RequestArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let (is_json, paint) = (terminal.is_json(true), terminal.paint());
    answer_all(arguments, terminal, |asked, number, request| match is_json {
        true => as_json(asked, request) + "\n",
        false => format!("{number}: {}\n", in_words(asked, request, paint)),
    })
}

fn as_json(asked: &mut Asked<'_>, request: Result<&RequestLine, &LineError>) -> String {
    match request {
        Ok(request) => decision_line(&asked.decision(request)),
        Err(error) => error.to_line(),
    }
}

fn in_words(asked: &mut Asked<'_>, request: Result<&RequestLine, &LineError>, paint: Paint) -> String {
    let request = match request {
        Ok(request) => request,
        Err(error) => return format!("no request: {}", error.code.name()),
    };
    let decision = asked.decision(request);
    format!("{}: {}", request.with(request_in_words), decision_in_words(&decision, paint))
}
