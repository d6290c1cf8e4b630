//! What a program asks about requests.

use std::sync::Arc;

use gatelaw::{Effect, Plan, Session};
use gatelaw_host::{LineCaller, RequestLine, RequestText, caller_in_words};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyTuple};

use crate::abilities::Abilities;
use crate::argument;
use crate::batch::Question;
use crate::call::guarded;
use crate::decision::Decision;
use crate::error::Fault;
use crate::explanation::explanation;
use crate::handling::{correlation_id, handling};
use crate::line::Line;
use crate::policy::Policy;
use crate::request::{self, Held, Keyword, Keywords, seconds_or_clock};
use crate::sessions::Sessions;
use crate::verifying::{Tokens, Verifying};

/// Decides requests by one policy; many threads may ask it at once.
#[pyclass(frozen, module = "gatelaw")]
pub(crate) struct Gate {
    policy: Py<Policy>,
    sessions: Arc<Sessions>,
    /// Where tokens are verified here; else one that nobody judged is refused.
    verifying: Option<Arc<Verifying>>,
}

#[pymethods]
impl Gate {
    /// Makes a gate, for a policy that asks for nothing that this host can't do.
    #[new]
    #[pyo3(signature = (policy, *, limits=None, facts=None, ip=None, keys=None, fetch=None, tokens_max=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        policy: &Bound<'_, PyAny>,
        limits: Option<&Bound<'_, PyAny>>,
        facts: Option<&Bound<'_, PyAny>>,
        ip: Option<&Bound<'_, PyAny>>,
        keys: Option<&Bound<'_, PyAny>>,
        fetch: Option<&Bound<'_, PyAny>>,
        tokens_max: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let abilities = Abilities::of(limits, facts, ip)?;
            Self::open(policy, &abilities, &Tokens { keys, fetch, tokens_max })
        })
    }

    /// The policy that it decides by.
    #[getter]
    fn policy<'py>(&self, py: Python<'py>) -> &Bound<'py, Policy> {
        self.policy.bind(py)
    }

    /// Decides one request: keyword arguments, or one mapping in the form of the JSON text.
    #[pyo3(
        signature = (
            *request, method=None, host=None, target=None, scheme=None, headers=None, ip=None, facts=None, now=None,
            identity=None
        ),
        text_signature = "($self, request=..., /, *, method=..., host=..., target=..., scheme=None, headers=None, ip=None, \
            facts=None, now=None, identity=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyTuple>,
        method: Keyword<'_, 'py>,
        host: Keyword<'_, 'py>,
        target: Keyword<'_, 'py>,
        scheme: Keyword<'_, 'py>,
        headers: Keyword<'_, 'py>,
        ip: Keyword<'_, 'py>,
        facts: Keyword<'_, 'py>,
        now: Keyword<'_, 'py>,
        identity: Keyword<'_, 'py>,
    ) -> PyResult<Decision> {
        guarded(py, || {
            let keywords = Keywords { method, host, target, scheme, headers, ip, facts, now, identity };
            let plan = self.sessions.shared_plan();
            let told = |session: &Session<_>| Decision::of(session.outcome(), plan);
            self.asked(request, &keywords, |request, known| Ok(self.judged(py, request, known, told)))
        })
    }

    /// Decides one request, given as `decide` takes it, and answers no more than whether it may pass: that costs no object.
    #[pyo3(
        signature = (
            *request, method=None, host=None, target=None, scheme=None, headers=None, ip=None, facts=None, now=None,
            identity=None
        ),
        text_signature = "($self, request=..., /, *, method=..., host=..., target=..., scheme=None, headers=None, ip=None, \
            facts=None, now=None, identity=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn allows<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyTuple>,
        method: Keyword<'_, 'py>,
        host: Keyword<'_, 'py>,
        target: Keyword<'_, 'py>,
        scheme: Keyword<'_, 'py>,
        headers: Keyword<'_, 'py>,
        ip: Keyword<'_, 'py>,
        facts: Keyword<'_, 'py>,
        now: Keyword<'_, 'py>,
        identity: Keyword<'_, 'py>,
    ) -> PyResult<bool> {
        guarded(py, || {
            let keywords = Keywords { method, host, target, scheme, headers, ip, facts, now, identity };
            self.asked(request, &keywords, |request, known| Ok(self.judged(py, request, known, is_allowed)))
        })
    }

    /// Decides one request, given as `decide` takes it, and says what a gate does about it: a `Forward` or an `Answer`.
    #[pyo3(
        signature = (
            *request, method=None, host=None, target=None, scheme=None, headers=None, ip=None, facts=None, now=None,
            identity=None, request_id=None
        ),
        text_signature = "($self, request=..., /, *, method=..., host=..., target=..., scheme=None, headers=None, ip=None, \
            facts=None, now=None, identity=None, request_id=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn handle<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyTuple>,
        method: Keyword<'_, 'py>,
        host: Keyword<'_, 'py>,
        target: Keyword<'_, 'py>,
        scheme: Keyword<'_, 'py>,
        headers: Keyword<'_, 'py>,
        ip: Keyword<'_, 'py>,
        facts: Keyword<'_, 'py>,
        now: Keyword<'_, 'py>,
        identity: Keyword<'_, 'py>,
        request_id: Keyword<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let keywords = Keywords { method, host, target, scheme, headers, ip, facts, now, identity };
            self.asked(request, &keywords, |request, known| {
                let id = correlation_id(py, request_id)?;
                Ok(handling(py, request, self.decision(py, request, known), &id)?)
            })
        })
    }

    /// Explains the decision on one request, given as `decide` takes it.
    #[pyo3(
        signature = (
            *request, method=None, host=None, target=None, scheme=None, headers=None, ip=None, facts=None, now=None,
            identity=None
        ),
        text_signature = "($self, request=..., /, *, method=..., host=..., target=..., scheme=None, headers=None, ip=None, \
            facts=None, now=None, identity=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyTuple>,
        method: Keyword<'_, 'py>,
        host: Keyword<'_, 'py>,
        target: Keyword<'_, 'py>,
        scheme: Keyword<'_, 'py>,
        headers: Keyword<'_, 'py>,
        ip: Keyword<'_, 'py>,
        facts: Keyword<'_, 'py>,
        now: Keyword<'_, 'py>,
        identity: Keyword<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let keywords = Keywords { method, host, target, scheme, headers, ip, facts, now, identity };
            self.asked(request, &keywords, |request, known| {
                let found = known.is_none().then(|| self.caller(py, request));
                let caller = known.or(found.as_ref()).unwrap_or(&LineCaller::Anonymous);
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
        guarded(py, || {
            let line = Line::of(request)?;
            Ok(match &self.verifying {
                Some(verifying) => py.detach(|| line.verified(verifying, self.sessions.plan())),
                None => line.decided(&self.sessions),
            })
        })
    }

    /// Explains the answer to one request as JSON text by one line.
    #[pyo3(signature = (request, /))]
    fn explain_json(&self, py: Python<'_>, request: &Bound<'_, PyAny>) -> PyResult<String> {
        guarded(py, || {
            let line = Line::of(request)?;
            Ok(match &self.verifying {
                Some(verifying) => py.detach(|| line.verified_explained(verifying, &self.sessions)),
                None => line.explained(&self.sessions),
            })
        })
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
            let answered = |one: &Question| one.answered(&self.sessions, self.verifying.as_ref());
            let answers = py.detach(|| questions.iter().map(answered).collect::<Vec<_>>());
            let numbered = answers.into_iter().enumerate();
            numbered.map(|(number, answer)| answer.into_object(py, number)).collect()
        })
    }

    /// Says step by step why a token is accepted or refused, and whom it names.
    #[pyo3(signature = (token, /, *, client_cert=None, now=None))]
    fn check_token<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
        client_cert: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let token = argument::text(token).map_err(|fault| fault.within("token"))?;
            let cert = client_cert.map(argument::text).transpose();
            let cert = cert.map_err(|fault| fault.within("client_cert"))?;
            let now = seconds_or_clock(now)?;
            let verifying = self.verifying.clone();
            let verifying =
                verifying.unwrap_or_else(|| Arc::new(Verifying::new(self.sessions.shared_plan(), 0, None)));
            let line = py.detach(|| verifying.explained(token, cert, now));
            Ok(py.import("json")?.call_method1("loads", (line,))?)
        })
    }

    /// Takes the keys of an issuer in place of those that it has; they are not fetched then.
    #[pyo3(signature = (issuer, keys, /))]
    fn set_keys(&self, py: Python<'_>, issuer: &Bound<'_, PyAny>, keys: &Bound<'_, PyAny>) -> PyResult<()> {
        guarded(py, || {
            let name = argument::text(issuer).map_err(|fault| fault.within("issuer"))?;
            self.verifies()?.set(name, keys).map_err(|fault| fault.within(&format!("keys['{name}']")))
        })
    }

    /// Answers what was counted of tokens and keys until now.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let line = self.verifies()?.counters().to_line();
            Ok(py.import("json")?.call_method1("loads", (line,))?)
        })
    }

    /// Writes what was counted of tokens and keys in the text format of Prometheus.
    fn prometheus(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(self.verifies()?.counters().to_prometheus()))
    }

    /// Fetches the keys that are due, and waits for them. Answers the code of what went wrong, by the issuer's name.
    #[pyo3(signature = (*, now=None))]
    fn fetch_keys<'py>(
        &self,
        py: Python<'py>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        guarded(py, || {
            let (verifying, now) = (self.verifies()?, seconds_or_clock(now)?);
            let failures = py.detach(|| verifying.fetch_due(now));
            let codes = failures.into_iter().map(|(issuer, error)| (issuer, error.code()));
            Ok(codes.collect::<Vec<_>>().into_py_dict(py)?)
        })
    }

    fn __repr__(&self) -> String {
        format!("<gatelaw.Gate {}>", self.sessions.plan().digest())
    }
}

impl Gate {
    fn open(
        policy: &Bound<'_, PyAny>,
        abilities: &Abilities,
        tokens: &Tokens<'_, '_>,
    ) -> Result<Self, Fault> {
        let wanted = |_| Fault::kind("a `gatelaw.Policy`", policy).within("policy");
        let policy = policy.cast::<Policy>().map_err(wanted)?;
        let sessions = Arc::clone(&policy.get().sessions);
        abilities.suffice(sessions.plan())?;
        let verifying = Verifying::of(sessions.shared_plan(), tokens)?;
        Ok(Self { policy: policy.clone().unbind(), sessions, verifying })
    }

    fn verifies(&self) -> Result<&Arc<Verifying>, Fault> {
        let message = "this gate verifies no tokens: make one with `keys` or `fetch`";
        self.verifying.as_ref().ok_or_else(|| Fault::new("gate:keys", message))
    }

    fn decision(
        &self,
        py: Python<'_>,
        request: &RequestText<'_>,
        known: Option<&LineCaller>,
    ) -> gatelaw::Decision {
        self.judged(py, request, known, Session::to_decision)
    }

    /// Decides a request: for who is known to ask, or for whom it names itself. Answers what `told` tells of it.
    fn judged<T>(
        &self,
        py: Python<'_>,
        request: &RequestText<'_>,
        known: Option<&LineCaller>,
        told: impl FnOnce(&Session<Arc<Plan>>) -> T,
    ) -> T {
        if let (None, Some(verifying)) = (known, &self.verifying) {
            return verifying.judged(py, request, told);
        }
        let named = known.is_none().then(|| request.caller(self.sessions.plan().identity_model()));
        let caller = known.or(named.as_ref()).unwrap_or(&LineCaller::Anonymous);
        self.sessions.with(|session| {
            request.with(|raw| session.decide(raw, caller.caller()));
            told(session)
        })
    }

    /// Says who asks by what a request says.
    fn caller(&self, py: Python<'_>, request: &RequestText<'_>) -> LineCaller {
        match &self.verifying {
            Some(verifying) => py.detach(|| verifying.caller(request)),
            None => request.caller(self.sessions.plan().identity_model()),
        }
    }

    /// Reads a request, and calls with it and with who asks, where that was mapped before.
    fn asked<'py, T>(
        &self,
        request: &Bound<'py, PyTuple>,
        keywords: &Keywords<'_, 'py>,
        then: impl FnOnce(&RequestText<'_>, Option<&LineCaller>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (plan, mut held) = (self.sessions.plan(), Held::default());
        let request = request::read(request, keywords, &mut held)?;
        request.require(plan.needs())?;
        match keywords.known_identity() {
            Some(identity) => then(&request, Some(identity.get().caller(&self.sessions)?)),
            None => then(&request, None),
        }
    }
}

fn is_allowed(session: &Session<Arc<Plan>>) -> bool {
    session.outcome().effect() == Effect::Allow
}

/// Decides a request that was read.
pub(crate) fn decided(session: &mut Session<Arc<Plan>>, request: &RequestLine) -> gatelaw::Decision {
    let caller = request.caller(session.plan().identity_model());
    request.with(|raw| session.decision(raw, caller.caller()))
}
