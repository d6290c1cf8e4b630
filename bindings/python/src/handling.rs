//! What a gate does about a request, as an object.

use gatelaw_host::{Handling, RequestText};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::argument;
use crate::decision::Decision;
use crate::error::Fault;
use crate::request::{Keywords, read_by};

/// The longest correlation id: it stands in headers and in logs.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Finds the correlation id among keyword arguments, or makes one of 128 random bits.
pub(crate) fn request_id(py: Python<'_>, keywords: &Keywords<'_>) -> Result<String, Fault> {
    let Some(id) = read_by(&keywords.request_id, "request_id", argument::text)? else {
        return Ok(py.import("secrets")?.call_method1("token_hex", (16,))?.extract()?);
    };
    let is_sound = (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    let form = || format!("1 to {REQUEST_ID_BYTES_MAX} printable ASCII characters without spaces are needed");
    is_sound.then_some(id).ok_or_else(|| Fault::argument(form()).within("request_id"))
}

/// Makes a `Forward` or an `Answer`.
pub(crate) fn handling<'py>(
    py: Python<'py>,
    request: &RequestText<'_>,
    decision: gatelaw::Decision,
    request_id: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let handling =
        request.with(|raw| Handling::of(&decision, raw.headers.iter().map(|(name, _)| *name), request_id));
    let (values, decision) = (py.import("gatelaw._values")?, Decision::from(decision));
    match handling {
        Handling::Forward(forward) => {
            let (drop, set) = (PyTuple::new(py, forward.drop)?, PyTuple::new(py, forward.set)?);
            values.getattr("Forward")?.call1((decision, forward.target, drop, set))
        }
        Handling::Answer(answer) => {
            let headers = PyTuple::new(py, answer.headers)?;
            values.getattr("Answer")?.call1((decision, answer.status, headers, answer.body))
        }
    }
}
