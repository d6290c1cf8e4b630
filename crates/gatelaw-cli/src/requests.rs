//! What `decide` and `explain` share: a policy, lines of requests, and one answer for each.

use gatelaw::artifact::load_unsigned;
use gatelaw::diagnostic::{Place, Report, Severity};
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw::{Decision, Explanation, Plan, RawRequest};
use gatelaw_host::files::{self, PolicyInput};
use gatelaw_host::{Gate, LineCaller, LineError, LineErrorCode, RequestLine, request_line};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crate::answer::{Answer, Failure};
use crate::args::RequestArguments;
use crate::keys::{self, FetchOnce};
use crate::lines::{Line, Lines};
use crate::output::{Output, is_stdio};
use crate::policy;
use crate::terminal::Terminal;

/// A policy that decides.
pub(crate) struct Judge {
    pub(crate) plan: Arc<Plan>,
    /// The way to the policy's root, before the names of its files.
    pub(crate) folder: String,
}

/// A policy that decides, with the keys of its issuers where the user gives any.
pub(crate) struct Asked<'t> {
    pub(crate) judge: Judge,
    gate: Gate,
    /// Whether tokens are verified: else nobody does, and they are refused for that.
    verifies: bool,
    fetch: Option<FetchOnce<'t>>,
}

impl<'t> Asked<'t> {
    fn new(judge: Judge, arguments: &RequestArguments, terminal: &'t Terminal) -> Result<Self, Failure> {
        let gate = Gate::new(Arc::clone(&judge.plan));
        keys::take(&arguments.keys, &mut gate.verifier())?;
        let fetch = FetchOnce::of(&arguments.keys, terminal);
        let verifies = !arguments.keys.keys.is_empty() || fetch.is_some();
        Ok(Self { judge, gate, verifies, fetch })
    }

    /// Says who asks.
    pub(crate) fn caller(&mut self, request: &RequestLine) -> LineCaller {
        if !self.verifies {
            return request.caller(self.judge.plan.identity_model());
        }
        let now = request.now();
        match &mut self.fetch {
            Some(fetch) => self.gate.caller(request, Some(&mut |issuer| fetch.fetch(issuer, now))),
            None => self.gate.caller(request, None),
        }
    }

    pub(crate) fn decision(&mut self, request: &RequestLine) -> Decision {
        let caller = self.caller(request);
        request.with(|raw| self.gate.session().decision(raw, caller.caller()))
    }

    pub(crate) fn explanation(&mut self, request: &RequestLine, caller: &LineCaller) -> Explanation {
        request.with(|raw| self.gate.session().explain(raw, caller.caller()))
    }
}

/// Answers every line of the requests with what `answer` makes of it: of its number, and of the request or what is wrong.
pub(crate) fn answer_all(
    arguments: &RequestArguments,
    terminal: &Terminal,
    mut answer: impl FnMut(&mut Asked<'_>, usize, Result<&RequestLine, &LineError>) -> String,
) -> Result<Answer, Failure> {
    let Some(judge) = judge(&arguments.policy, terminal)? else { return Ok(Answer::No) };
    let mut asked = Asked::new(judge, arguments, terminal)?;
    let reading = |error: std::io::Error| Failure::reading(&arguments.requests, &error);
    let writing = |error: std::io::Error| Failure::writing(&arguments.output, &error);
    let mut lines = Lines::open(&arguments.requests, REQUEST_LINE_BYTES_MAX).map_err(reading)?;
    let mut output = Output::open(&arguments.output).map_err(writing)?;
    let mut number = 0;
    while let Some(line) = lines.next().map_err(reading)? {
        number += 1;
        let request = request(&mut asked, &line, arguments.now);
        if let Err(error) = &request {
            terminal.report(&report(arguments, number, error));
        }
        let text = answer(&mut asked, number, request.as_ref());
        output.write_all(text.as_bytes()).map_err(writing)?;
        if lines.must_wait() {
            output.flush().map_err(writing)?;
        }
    }
    output.finish().map_err(writing)?;
    Ok(Answer::Yes)
}

/// Compiles the policy, or loads the artifact; `None` where the policy has errors, which were said.
pub(crate) fn judge(paths: &[PathBuf], terminal: &Terminal) -> Result<Option<Judge>, Failure> {
    let files = match files::open(paths).map_err(|problem| Failure::from(*problem))? {
        PolicyInput::Files(files) => files,
        PolicyInput::Artifact(path, bytes) => {
            let plan = load_unsigned(&bytes).map_err(|error| Failure::Artifact(path, error))?;
            return Ok(Some(Judge { plan: plan.into(), folder: String::new() }));
        }
    };
    let mut checked = policy::compile_files(files)?;
    // Warnings are for who writes the policy: `check` and `test` say them.
    checked.diagnostics.retain(|diagnostic| diagnostic.code.severity == Severity::Error);
    terminal.diagnostics(&checked.files, &checked.diagnostics);
    Ok(checked.compiled.map(|compiled| Judge { plan: compiled.plan.into(), folder: checked.files.folder }))
}

fn request(asked: &mut Asked<'_>, line: &Line<'_>, now: Option<i64>) -> Result<RequestLine, LineError> {
    let wrong = |code, message: &str| LineError { code, at: String::new(), message: message.into() };
    match line {
        Line::TooLong => {
            let message = format!("the line is longer than {REQUEST_LINE_BYTES_MAX} bytes");
            Err(wrong(LineErrorCode::TooLarge, &message))
        }
        Line::Whole(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => request_line(asked.gate.session(), text, now),
            Err(_) => Err(wrong(LineErrorCode::Json, "the line is not UTF-8")),
        },
    }
}

/// Names a line that is no request.
fn report(arguments: &RequestArguments, line: usize, error: &LineError) -> Report {
    let path = &arguments.requests;
    let file = if is_stdio(path) { "stdin".into() } else { path.display().to_string() };
    let at = if error.at.is_empty() { String::new() } else { format!("at `{}`: ", error.at) };
    Report {
        code: error.code.name().into(),
        severity: Severity::Error.word(),
        message: format!("{at}{}", error.message),
        place: Some(Place { file, line, column: 1, end_line: line, end_column: 1 }),
        labels: Vec::new(),
        help: Vec::new(),
        page: "docs/program.md#lines-that-are-no-requests".into(),
    }
}

/// Writes method and URL of a request for a person. Bytes that are no printable ASCII are escaped.
pub(crate) fn request_in_words(raw: &RawRequest<'_>) -> String {
    let (method, host, target) =
        (raw.method.escape_ascii(), raw.host.escape_ascii(), raw.target.escape_ascii());
    format!("{method} {}://{host}{target}", raw.scheme.as_str())
}
