//! The text border: a request as one JSON text, its answer as one line.

use gatelaw_host::{LineError, LineErrorCode, decide_line, explain_line};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::error::Fault;
use crate::sessions::Sessions;

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
