//! Many requests at once, decided without Python's lock.

use std::sync::Arc;

use gatelaw::Plan;
use gatelaw_host::RequestLine;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::argument::is_text;
use crate::call::caught;
use crate::decision::Decision;
use crate::error::Fault;
use crate::gate::decided;
use crate::line::Line;
use crate::request;
use crate::sessions::Sessions;
use crate::verifying::Verifying;

/// One request of several, read while Python's lock is held.
pub(crate) enum Question {
    Line(Line),
    Request(Box<RequestLine>),
}

/// What became of it.
pub(crate) enum Answer {
    Line(String),
    Decision(Box<gatelaw::Decision>),
    Fault(Fault),
}

impl Question {
    /// Reads all of them. The first that is no request is named by its place.
    pub(crate) fn read_all(requests: &Bound<'_, PyAny>, plan: &Plan) -> Result<Vec<Self>, Fault> {
        let wanted = || Fault::kind("an iterable of texts or mappings", requests).within("requests");
        // A text is an iterable of texts, and a mapping one of names: neither is meant.
        if is_text(requests) || requests.is_instance_of::<PyBytes>() || requests.hasattr("keys")? {
            return Err(wanted());
        }
        let requests = requests.try_iter().map_err(|_| wanted())?;
        let read = |(number, request): (usize, PyResult<Bound<'_, PyAny>>)| {
            Self::read(&request?, plan).map_err(|fault| fault.of_request(number))
        };
        requests.enumerate().map(read).collect()
    }

    fn read(request: &Bound<'_, PyAny>, plan: &Plan) -> Result<Self, Fault> {
        if is_text(request) || request.is_instance_of::<PyBytes>() {
            return Line::of(request).map(Self::Line);
        }
        let request = request::mapping(request)?;
        request.require(plan.needs())?;
        Ok(Self::Request(Box::new(request)))
    }

    /// Decides it. A panic is this request's alone.
    pub(crate) fn answered(&self, sessions: &Sessions, verifying: Option<&Arc<Verifying>>) -> Answer {
        let answer = caught(|| match (self, verifying) {
            (Self::Line(line), None) => Answer::Line(line.decided(sessions)),
            (Self::Line(line), Some(verifying)) => Answer::Line(line.verified(verifying, sessions.plan())),
            (Self::Request(request), None) => {
                Answer::Decision(Box::new(sessions.with(|session| decided(session, request))))
            }
            (Self::Request(request), Some(verifying)) => {
                Answer::Decision(Box::new(verifying.decision_unlocked(request)))
            }
        });
        match (answer, self) {
            (Ok(answer), _) => answer,
            (Err(_), Self::Line(_)) => Answer::Line(r#"{"v":1,"error":"panic","at":""}"#.into()),
            (Err(fault), Self::Request(_)) => Answer::Fault(fault),
        }
    }
}

impl Answer {
    /// Makes the object that Python gets; an exception ends the whole batch.
    pub(crate) fn into_object(self, py: Python<'_>, number: usize) -> Result<Bound<'_, PyAny>, Fault> {
        match self {
            Self::Line(line) => Ok(PyString::new(py, &line).into_any()),
            Self::Decision(decision) => Ok(Bound::new(py, Decision::from(*decision))?.into_any()),
            Self::Fault(fault) => Err(fault.of_request(number)),
        }
    }
}
