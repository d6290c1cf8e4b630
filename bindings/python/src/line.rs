//! The text border: a request as one JSON text, its answer as one line.

use std::sync::Arc;

use gatelaw::Plan;
use gatelaw_host::{
    LineError, LineErrorCode, RequestText, decide_line, decision_line, explain_line, explanation_line,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::error::Fault;
use crate::sessions::Sessions;
use crate::verifying::Verifying;

/// One request as JSON text.
pub(crate) struct Line {
    /// `None` where what was given is not UTF-8, so it is no JSON.
    text: Option<String>,
}

impl Line {
    /// Takes a `str`, or `bytes` of UTF-8.
    pub(crate) fn of(request: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        if let Ok(bytes) = request.cast::<PyBytes>() {
            return Ok(Self { text: std::str::from_utf8(bytes.as_bytes()).ok().map(str::to_owned) });
        }
        let wanted = "JSON text as a `str` or `bytes`";
        let text = request.cast::<PyString>().map_err(|_| Fault::kind(wanted, request).within("request"))?;
        Ok(Self { text: text.to_cow().ok().map(|text| text.into_owned()) })
    }

    /// Answers by a decision, or by what is wrong with the text.
    pub(crate) fn decided(&self, sessions: &Sessions) -> String {
        self.answered(|text| sessions.with(|session| decide_line(session, text, None)))
    }

    /// Answers by the decision of a gate that verifies tokens, where Python's lock isn't held.
    pub(crate) fn verified(&self, verifying: &Arc<Verifying>, plan: &Plan) -> String {
        self.answered(|text| match read(text, plan) {
            Ok(request) => decision_line(&verifying.decision_unlocked(&request)),
            Err(error) => error.to_line(),
        })
    }

    /// Explains the decision of a gate that verifies tokens, where Python's lock isn't held.
    pub(crate) fn verified_explained(&self, verifying: &Verifying, sessions: &Sessions) -> String {
        self.answered(|text| match read(text, sessions.plan()) {
            Ok(request) => {
                let caller = verifying.caller(&request);
                let explained =
                    sessions.with(|session| request.with(|raw| session.explain(raw, caller.caller())));
                explanation_line(&explained, None)
            }
            Err(error) => error.to_line(),
        })
    }

    /// Answers by an explanation, or by what is wrong with the text.
    pub(crate) fn explained(&self, sessions: &Sessions) -> String {
        self.answered(|text| sessions.with(|session| explain_line(session, text, None)))
    }

    fn answered(&self, answer: impl FnOnce(&str) -> String) -> String {
        let no_text = || LineError {
            code: LineErrorCode::Json,
            at: String::new(),
            message: "the text is not UTF-8".into(),
        };
        self.text.as_deref().map_or_else(|| no_text().to_line(), answer)
    }
}

/// Reads a line for a plan: the request, and all that the policy needs of it.
fn read<'l>(text: &'l str, plan: &Plan) -> Result<RequestText<'l>, LineError> {
    let request = RequestText::read(text, None)?;
    request.require(plan.needs())?;
    Ok(request)
}
