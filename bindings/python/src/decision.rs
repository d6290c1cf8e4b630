//! The answer to one request, as an object.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::LimitUse;
use gatelaw::{Outcome, Plan};
use gatelaw_host::{DecisionError, decision_line, read_decision};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::argument;
use crate::call::guarded;
use crate::error::Fault;

/// Holds everything a host acts on and records: the whole answer to one request.
#[pyclass(frozen, eq, hash, module = "gatelaw")]
pub(crate) struct Decision {
    effect: Effect,
    status: u16,
    whole: Whole,
}

/// The rest of a decision, which is written down once somebody asks for it: most ask for no more than whether a request may pass.
enum Whole {
    Told(Box<gatelaw::Decision>),
    Lazy { outcome: Box<Outcome>, plan: Arc<Plan>, told: OnceLock<Box<gatelaw::Decision>> },
}

impl Decision {
    /// Holds what a session came to by a plan.
    pub(crate) fn of(outcome: &Outcome, plan: &Arc<Plan>) -> Self {
        let whole =
            Whole::Lazy { outcome: Box::new(outcome.clone()), plan: Arc::clone(plan), told: OnceLock::new() };
        Self { effect: outcome.effect(), status: outcome.status(), whole }
    }

    fn whole(&self) -> &gatelaw::Decision {
        match &self.whole {
            Whole::Told(decision) => decision,
            Whole::Lazy { outcome, plan, told } => told.get_or_init(|| Box::new(outcome.to_decision(plan))),
        }
    }
}

impl PartialEq for Decision {
    fn eq(&self, other: &Self) -> bool {
        self.whole() == other.whole()
    }
}

impl Eq for Decision {}

impl Hash for Decision {
    fn hash<H: Hasher>(&self, state: &mut H) {
        decision_line(self.whole()).hash(state);
    }
}

impl From<gatelaw::Decision> for Decision {
    fn from(decision: gatelaw::Decision) -> Self {
        Self { effect: decision.effect, status: decision.status, whole: Whole::Told(Box::new(decision)) }
    }
}

#[pymethods]
impl Decision {
    /// The version of the form of decisions.
    #[getter]
    const fn v(&self) -> u8 {
        1
    }

    /// Whether the request may pass.
    #[getter]
    fn allowed(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// `allow` or `deny`.
    #[getter]
    fn effect(&self) -> &'static str {
        match self.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        }
    }

    /// The HTTP status to answer with: 200 on allow, else 400 to 503.
    #[getter]
    const fn status(&self) -> u16 {
        self.status
    }

    /// Why: one of a closed list.
    #[getter]
    fn reason(&self) -> String {
        self.whole().reason.to_string()
    }

    /// The full name of the rule that decided, where one did.
    #[getter]
    fn rule(&self) -> Option<&str> {
        self.whole().rule.as_deref()
    }

    /// The exact value of `WWW-Authenticate`, where one is due.
    #[getter]
    fn challenge(&self) -> Option<&str> {
        self.whole().challenge.as_deref()
    }

    /// The text that a `respond` sends.
    #[getter]
    fn text(&self) -> Option<&str> {
        self.whole().text.as_deref()
    }

    /// Headers to set on the request that goes on: pairs, sorted by name.
    #[getter]
    fn set<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.whole().set)
    }

    /// Headers to remove by fold from the request that goes on, sorted.
    #[getter]
    fn remove<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.whole().remove)
    }

    /// The limits that an allowed request counts against, sorted by name.
    #[getter]
    fn limits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        if self.whole().limits.is_empty() {
            return Ok(PyTuple::empty(py));
        }
        let class = py.import("gatelaw._values")?.getattr("Limit")?;
        let made = |one: &LimitUse| class.call1((&one.name, &one.key, one.rate, one.per_s, one.burst));
        PyTuple::new(py, self.whole().limits.iter().map(made).collect::<PyResult<Vec<_>>>()?)
    }

    /// How much the audit record tells: `none`, `brief` or `full`.
    #[getter]
    fn audit(&self) -> &'static str {
        match self.whole().audit {
            AuditLevel::None => "none",
            AuditLevel::Brief => "brief",
            AuditLevel::Full => "full",
        }
    }

    /// Attributes that the record keeps, with their text: pairs, sorted.
    #[getter]
    fn keep<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.whole().keep)
    }

    /// Full names of the `observe` rules that matched, sorted.
    #[getter]
    fn observed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.whole().observed)
    }

    /// What to forward: the canonical target; `None` where the request was refused.
    #[getter]
    fn target(&self) -> Option<&str> {
        self.whole().target.as_deref()
    }

    /// The digest of the policy that decided.
    #[getter]
    fn policy(&self) -> &str {
        &self.whole().policy
    }

    /// Writes the decision as one line of JSON, the same bytes in every runtime.
    fn to_json<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &decision_line(self.whole()))
    }

    /// Reads a decision back from the line that `to_json` wrote.
    #[staticmethod]
    #[pyo3(signature = (line, /))]
    fn from_json(py: Python<'_>, line: &Bound<'_, PyAny>) -> PyResult<Self> {
        guarded(py, || {
            let line = argument::text(line).map_err(|fault| fault.within("line"))?;
            let no_decision = |error: DecisionError| Fault::new("decision", error.to_string());
            read_decision(line).map(Self::from).map_err(no_decision)
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyString>,))> {
        let py = slf.py();
        Ok((slf.get_type().getattr("from_json")?, (slf.get().to_json(py),)))
    }

    /// Says whether the request may pass, so that `if gate.decide(…)` can't let a denied one through.
    fn __bool__(&self) -> bool {
        self.allowed()
    }

    fn __repr__(&self) -> String {
        let why = self.rule().map_or_else(|| self.reason(), |rule| format!("by {rule}"));
        let target = self.target().map_or_else(String::new, |target| format!(" {target}"));
        format!("<gatelaw.Decision {} {} {why}{target}>", self.effect(), self.status())
    }
}
