//! Who is asking, mapped once and used for as many requests as the token serves.

use std::sync::Arc;

use gatelaw_host::LineCaller;
use pyo3::prelude::*;

use crate::error::Fault;
use crate::sessions::Sessions;
use crate::{argument, json};

/// Holds a caller, as one policy sees it.
#[pyclass(frozen, module = "gatelaw")]
pub(crate) struct Identity {
    /// Those of the policy: roles are numbers of one policy.
    sessions: Arc<Sessions>,
    caller: LineCaller,
}

impl Identity {
    /// Reads who is asking, as the member `identity` of a request says it.
    pub(crate) fn of(
        sessions: &Arc<Sessions>,
        identity: &Bound<'_, PyAny>,
        client_cert: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        let identity = json::json(identity.clone(), 1).map_err(|fault| fault.within("identity"))?;
        let cert =
            client_cert.map(argument::text).transpose().map_err(|fault| fault.within("client_cert"))?;
        let caller = LineCaller::prepare(sessions.plan(), identity.json()?, cert)?;
        Ok(Self { sessions: Arc::clone(sessions), caller })
    }

    /// Returns the caller, where it was mapped for the policy of these sessions.
    pub(crate) fn caller(&self, sessions: &Arc<Sessions>) -> Result<&LineCaller, Fault> {
        if Arc::ptr_eq(&self.sessions, sessions) {
            return Ok(&self.caller);
        }
        let message = "it was made for another policy: make one by `identity` of this policy";
        Err(Fault::argument(message).within("identity"))
    }
}

#[pymethods]
impl Identity {
    fn __repr__(&self) -> String {
        let caller = gatelaw_host::caller_in_words(&self.caller, self.sessions.plan().identity_model());
        format!("<gatelaw.Identity {caller}>")
    }
}
