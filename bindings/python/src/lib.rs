//! gatelaw for Python: turns arguments into requests, calls the core, turns answers into objects.
//!
//! What is read once and shown to people is a class of Python (`python/gatelaw/_values.py`); what stands in the way of a
//! request is a class of this module.

mod abilities;
mod argument;
mod batch;
mod call;
mod check;
mod decision;
mod error;
mod explanation;
mod gate;
mod handling;
mod identity;
mod json;
mod line;
mod policy;
mod request;
mod sessions;
mod verifying;

use pyo3::prelude::*;

/// The native part of `gatelaw`; import `gatelaw` instead.
#[pymodule(gil_used = false)]
mod _gatelaw {
    #[pymodule_export]
    use super::check::check;
    #[pymodule_export]
    use super::decision::Decision;
    #[pymodule_export]
    use super::gate::Gate;
    #[pymodule_export]
    use super::identity::Identity;
    #[pymodule_export]
    use super::policy::{Policy, compile};
    #[pymodule_export]
    use super::version;

    /// Adds what stands outside of what the module exports.
    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        super::call::add_what_tests_need(module)
    }
}

/// Names the version of gatelaw, the same for every package of one release.
#[pyfunction]
const fn version() -> &'static str {
    gatelaw::version()
}
