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
    use super::{GatelawError, load_unsigned, version};
}

/// Names the version of gatelaw, the same for every package of one release.
#[pyfunction]
const fn version() -> &'static str {
    gatelaw::version()
}

/// Checks that bytes begin as an artifact of this gatelaw does, whoever wrote them.
///
/// Raises `GatelawError` with a code `artifact:…` for bytes that don't.
#[pyfunction]
fn load_unsigned(py: Python<'_>, data: &[u8]) -> PyResult<()> {
    artifact::check_magic(data).map_err(|error| raised(py, &error))
}

fn raised(py: Python<'_>, error: &LoadError) -> PyErr {
    let raised = GatelawError::new_err(error.to_string());
    match raised.value(py).setattr("code", error.code()) {
        Ok(()) => raised,
        Err(other) => other,
    }
}
