//! A policy that can decide.

use std::sync::Arc;

use gatelaw::artifact;
use gatelaw_host::NeedsLine;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBytes, PyTuple};

use crate::call::guarded;
use crate::check::{diagnostics, not_compiled, read};
use crate::error::Fault;
use crate::identity::Identity;
use crate::line::Line;
use crate::sessions::Sessions;

/// Compiles a policy: a path, or texts by name.
#[pyfunction]
#[pyo3(signature = (policy, /))]
pub(crate) fn compile(py: Python<'_>, policy: &Bound<'_, PyAny>) -> PyResult<Policy> {
    guarded(py, || {
        let mut checked = read(py, policy)?;
        let Some(compiled) = checked.compiled.take() else { return Err(not_compiled(py, &checked).into()) };
        let warnings = PyTuple::new(py, diagnostics(py, &checked)?)?.unbind();
        Ok(Policy { sessions: Arc::new(Sessions::new(compiled.plan)), warnings })
    })
}

/// Holds a compiled policy.
#[pyclass(frozen, module = "gatelaw")]
pub(crate) struct Policy {
    pub(crate) sessions: Arc<Sessions>,
    warnings: Py<PyTuple>,
}

#[pymethods]
impl Policy {
    /// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
    #[staticmethod]
    #[pyo3(signature = (artifact, /))]
    fn load_unsigned(py: Python<'_>, artifact: &Bound<'_, PyAny>) -> PyResult<Self> {
        guarded(py, || {
            let Ok(bytes) = artifact.cast::<PyBytes>() else {
                return Err(Fault::kind("`bytes`", artifact).within("artifact"));
            };
            let bytes = bytes.as_bytes();
            let plan = py.detach(|| artifact::load_unsigned(bytes))?;
            Ok(Self { sessions: Arc::new(Sessions::new(plan)), warnings: PyTuple::empty(py).unbind() })
        })
    }

    /// Writes the artifact: the same bytes for the same texts on every machine.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guarded(py, || {
            let bytes = py.detach(|| self.sessions.plan().to_bytes());
            Ok(PyBytes::new(py, &bytes))
        })
    }

    /// The digest of what decides: `sha256:` and 64 hex digits.
    #[getter]
    fn digest(&self) -> &str {
        self.sessions.plan().digest()
    }

    /// What the compiler warns of; empty for an artifact, which keeps no warnings.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> &Bound<'py, PyTuple> {
        self.warnings.bind(py)
    }

    /// Lists what the policy reads of a request, and sets.
    fn needs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let needs = NeedsLine::of(self.sessions.plan().needs());
            let tuple = |names: &[&str]| PyTuple::new(py, names);
            let members = [
                ("headers", tuple(&needs.headers)?),
                ("query", tuple(&needs.query)?),
                ("cookies", tuple(&needs.cookies)?),
                ("facts", tuple(&needs.facts)?),
                ("token_headers", PyTuple::new(py, needs.token_headers)?),
                ("token_cookies", PyTuple::new(py, needs.token_cookies)?),
                ("sets", PyTuple::new(py, needs.sets)?),
            ];
            let members = members.into_py_dict(py)?;
            members.set_item("ip", needs.ip)?;
            members.set_item("tokens", needs.tokens)?;
            Ok(py.import("gatelaw._values")?.getattr("Needs")?.call((), Some(&members))?)
        })
    }

    /// Says who asks, for as many requests as the token serves: `identity` of a request takes it.
    #[pyo3(signature = (identity, /, *, client_cert=None))]
    fn identity(
        &self,
        py: Python<'_>,
        identity: &Bound<'_, PyAny>,
        client_cert: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Identity> {
        guarded(py, || Identity::of(&self.sessions, identity, client_cert))
    }

    /// Answers one request as JSON text by one line: a decision, or `{"v":1,"error":CODE,"at":MEMBER}`.
    #[pyo3(signature = (request, /))]
    fn decide_json(&self, py: Python<'_>, request: &Bound<'_, PyAny>) -> PyResult<String> {
        guarded(py, || Ok(Line::of(request)?.decided(&self.sessions)))
    }

    /// Explains the answer to one request as JSON text by one line.
    #[pyo3(signature = (request, /))]
    fn explain_json(&self, py: Python<'_>, request: &Bound<'_, PyAny>) -> PyResult<String> {
        guarded(py, || Ok(Line::of(request)?.explained(&self.sessions)))
    }

    fn __repr__(&self) -> String {
        format!("<gatelaw.Policy {}>", self.digest())
    }
}
