//! What a program asks about requests.

use std::sync::Arc;

use gatelaw::{Plan, Session};
use gatelaw_host::{LineCaller, RequestLine, RequestText, caller_in_words};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::abilities::Abilities;
use crate::batch::Question;
use crate::call::guarded;
use crate::decision::Decision;
use crate::error::Fault;
use crate::explanation::explanation;
use crate::handling::{handling, request_id};
use crate::line::Line;
use crate::policy::Policy;
use crate::request::{self, Held, Keywords};
use crate::sessions::Sessions;

/// Decides requests by one policy; many threads may ask it at once.
#[pyclass(frozen, module = "gatelaw")]
pub(crate) struct Gate {
    policy: Py<Policy>,
    sessions: Arc<Sessions>,
}

#[pymethods]
impl Gate {
    /// Makes a gate, for a policy that asks for nothing that this host can't do.
    #[new]
    #[pyo3(signature = (policy, *, limits=None, facts=None, ip=None))]
    fn new(
        py: Python<'_>,
        policy: &Bound<'_, PyAny>,
        limits: Option<&Bound<'_, PyAny>>,
        facts: Option<&Bound<'_, PyAny>>,
        ip: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let abilities = Abilities::of(limits, facts, ip)?;
            Self::open(policy, &abilities)
        })
    }

    /// The policy that it decides by.
    #[getter]
    fn policy<'py>(&self, py: Python<'py>) -> &Bound<'py, Policy> {
        self.policy.bind(py)
    }

    /// Decides one request: keyword arguments, or one mapping in the form of the JSON text.
    #[pyo3(
        signature = (*request, **keywords),
        text_signature = "($self, request=..., /, *, method=..., host=..., target=..., scheme=None, headers=None, ip=None, \
            facts=None, now=None, identity=None)"
    )]
    fn decide(
        &self,
        py: Python<'_>,
        request: &Bound<'_, PyTuple>,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Decision> {
        guarded(py, || {
            let keywords = Keywords::of(keywords, false)?;
            self.asked(request, &keywords, |request, caller| {
                let decide =
                    |session: &mut Session<_>| request.with(|raw| session.decision(raw, caller.caller()));
                Ok(self.sessions.with(decide).into())
            })
        })
    }

    /// Decides one request, given as `decide` takes it, and says what a gate does about it: a `Forward` or an `Answer`.
    #[pyo3(
        signature = (*request, **keywords),
        text_signature = "($self, request=..., /, *, method=..., host=..., target=..., scheme=None, headers=None, ip=None, \
            facts=None, now=None, identity=None, request_id=None)"
    )]
    fn handle<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyTuple>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let keywords = Keywords::of(keywords, true)?;
            self.asked(request, &keywords, |request, caller| {
                let id = request_id(py, &keywords)?;
                let decide =
                    |session: &mut Session<_>| request.with(|raw| session.decision(raw, caller.caller()));
                Ok(handling(py, request, self.sessions.with(decide), &id)?)
            })
        })
    }

    /// Explains the decision on one request, given as `decide` takes it.
    #[pyo3(
        signature = (*request, **keywords),
        text_signature = "($self, request=..., /, *, method=..., host=..., target=..., scheme=None, headers=None, ip=None, \
            facts=None, now=None, identity=None)"
    )]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyTuple>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let keywords = Keywords::of(keywords, false)?;
            self.asked(request, &keywords, |request, caller| {
                let explain =
                    |session: &mut Session<_>| request.with(|raw| session.explain(raw, caller.caller()));
                let explained = self.sessions.with(explain);
                let caller = caller_in_words(caller, self.sessions.plan().identity_model());
                Ok(explanation(py, explained, &caller)?)
            })
        })
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

    /// Decides many requests in their order, other threads running meanwhile: a text is answered by a line as `decide_json`
    /// does, a mapping by a `Decision`.
    #[pyo3(signature = (requests, /))]
    fn decide_many<'py>(
        &self,
        py: Python<'py>,
        requests: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        guarded(py, || {
            let plan = self.sessions.plan();
            let questions = Question::read_all(requests, plan)?;
            let answers =
                py.detach(|| questions.iter().map(|one| one.answered(&self.sessions)).collect::<Vec<_>>());
            let numbered = answers.into_iter().enumerate();
            numbered.map(|(number, answer)| answer.into_object(py, number)).collect()
        })
    }

    fn __repr__(&self) -> String {
        format!("<gatelaw.Gate {}>", self.sessions.plan().digest())
    }
}

impl Gate {
    fn open(policy: &Bound<'_, PyAny>, abilities: &Abilities) -> Result<Self, Fault> {
        let wanted = |_| Fault::kind("a `gatelaw.Policy`", policy).within("policy");
        let policy = policy.cast::<Policy>().map_err(wanted)?;
        let sessions = Arc::clone(&policy.get().sessions);
        abilities.suffice(sessions.plan())?;
        Ok(Self { policy: policy.clone().unbind(), sessions })
    }

    /// Reads a request and who asks, and calls with both.
    fn asked<'py, T>(
        &self,
        request: &Bound<'py, PyTuple>,
        keywords: &Keywords<'py>,
        then: impl FnOnce(&RequestText<'_>, &LineCaller) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (plan, mut held) = (self.sessions.plan(), Held::default());
        let request = request::read(request, keywords, &mut held)?;
        request.require(plan.needs())?;
        match keywords.known_identity() {
            Some(identity) => then(&request, identity.get().caller(&self.sessions)?),
            None => then(&request, &request.caller(plan.identity_model())),
        }
    }
}

/// Decides a request that was read.
pub(crate) fn decided(session: &mut Session<Arc<Plan>>, request: &RequestLine) -> gatelaw::Decision {
    let caller = request.caller(session.plan().identity_model());
    request.with(|raw| session.decision(raw, caller.caller()))
}
