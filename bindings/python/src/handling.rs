//! What a gate does about a request, as an object.

use gatelaw_host::{Handling, RequestText};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::argument;
use crate::decision::Decision;
use crate::error::Fault;
use crate::request::{Keyword, read_by};

/// The longest correlation id: it stands in headers and in logs.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Reads the correlation id, or makes one of 128 random bits.
pub(crate) fn correlation_id(py: Python<'_>, given: Keyword<'_, '_>) -> Result<String, Fault> {
    let Some(id) = read_by(given, "request_id", argument::text)? else {
        return Ok(py.import("secrets")?.call_method1("token_hex", (16,))?.extract()?);
    };
    let is_sound = (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    let form = || format!("1 to {REQUEST_ID_BYTES_MAX} printable ASCII characters without spaces are needed");
    is_sound.then(|| id.to_owned()).ok_or_else(|| Fault::argument(form()).within("request_id"))
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
