//! gatelaw for Python: turns arguments into slices, calls the core, turns the error.

use gatelaw::artifact::{self, LoadError};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

pyo3::create_exception!(
    gatelaw,
    GatelawError,
    PyException,
    "Says what went wrong: `code` names the kind, for programs; `str()` tells a person."
);

/// gatelaw: one law for every gate.
#[pymodule(gil_used = false)]
mod _gatelaw {
    #[pymodule_export]
    use super::{GatelawError, Plan, load_unsigned, version};
}

/// Names the version of gatelaw, the same for every package of one release.
#[pyfunction]
const fn version() -> &'static str {
    gatelaw::version()
}

/// Holds a compiled policy that was loaded and checked.
#[pyclass(frozen, module = "gatelaw")]
struct Plan(gatelaw::Plan);

#[pymethods]
impl Plan {
    /// The digest of what decides: `sha256:` and 64 hex digits.
    #[getter]
    fn digest(&self) -> &str {
        self.0.digest()
    }

    fn __repr__(&self) -> String {
        format!("<gatelaw.Plan {}>", self.0.digest())
    }
}

/// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
///
/// Raises `GatelawError` with a code `artifact:…` for bytes that are no artifact of this gatelaw.
#[pyfunction]
fn load_unsigned(py: Python<'_>, data: &[u8]) -> PyResult<Plan> {
    artifact::load_unsigned(data).map(Plan).map_err(|error| raised(py, &error))
}

fn raised(py: Python<'_>, error: &LoadError) -> PyErr {
    let raised = GatelawError::new_err(error.to_string());
    match raised.value(py).setattr("code", error.code()) {
        Ok(()) => raised,
        Err(other) => other,
    }
}
