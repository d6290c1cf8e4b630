//! Who is asking, mapped once and used for as many requests as the token serves.

use std::sync::Arc;

use gatelaw::json::Json;
use gatelaw::{Caller, Plan};
use gatelaw_host::{LineCaller, LineError, RequestLine, RequestMembers};

use crate::border::Failure;

/// Holds a caller, as one policy sees it: `gate_identity` of the header.
#[derive(Debug)]
pub struct Identity {
    plan: Arc<Plan>,
    caller: LineCaller,
}

impl Identity {
    /// Maps verified claims, which are JSON text, by the lines of their issuer.
    ///
    /// # Errors
    /// `request:json` for claims that are no JSON, `request:wrong-type` for claims that are no object.
    pub(crate) fn verified(
        plan: &Arc<Plan>,
        issuer: &str,
        claims: &str,
        client_cert: Option<&str>,
    ) -> Result<Self, Failure> {
        let claims = gatelaw_host::json::parse(claims)
            .map_err(|error| Failure::new("request:json", format!("identity.claims: {error}")))?;
        let members = vec![("issuer", Json::String(issuer.to_owned().into())), ("claims", claims)];
        Self::of(plan, members, client_cert)
    }

    /// Stands for a token that the host refused: `token:CODE`.
    ///
    /// # Errors
    /// `request:wrong-value` for a code that has other than lower-case letters, digits, `_` and `-`.
    pub(crate) fn invalid(plan: &Arc<Plan>, code: &str) -> Result<Self, Failure> {
        Self::of(plan, vec![("invalid", Json::String(code.to_owned().into()))], None)
    }

    /// Stands for a token whose issuer's keys are not to be had.
    pub(crate) fn unavailable(plan: &Arc<Plan>, issuer: &str) -> Result<Self, Failure> {
        Self::of(plan, vec![("unavailable", Json::String(issuer.to_owned().into()))], None)
    }

    fn of(plan: &Arc<Plan>, members: Vec<(&str, Json)>, client_cert: Option<&str>) -> Result<Self, Failure> {
        let object = |members: Vec<(&str, Json)>| {
            Json::Object(members.into_iter().map(|(name, value)| (name.to_owned().into(), value)).collect())
        };
        let cert =
            client_cert.map(|cert| object(vec![("client_cert", Json::String(cert.to_owned().into()))]));
        // A request of no content: lines and values are read by one code, which judges the member `identity`.
        let request = RequestLine::of(RequestMembers {
            method: String::new(),
            scheme: "https".to_owned(),
            host: String::new(),
            target: Vec::new(),
            headers: Vec::new(),
            ip: None,
            facts: cert,
            now: 0,
            identity: Some(object(members)),
        })?;
        Ok(Self { plan: Arc::clone(plan), caller: request.caller(plan.identity_model()) })
    }

    /// Returns the caller, where it was mapped for this policy.
    ///
    /// # Errors
    /// `abi:identity` where it was mapped for another: roles are numbers of one policy.
    pub(crate) fn caller(&self, plan: &Arc<Plan>) -> Result<Caller<'_>, Failure> {
        if Arc::ptr_eq(&self.plan, plan) {
            return Ok(self.caller.caller());
        }
        Err(Failure::new("abi:identity", "identity was made for another policy: make one for this policy"))
    }
}

impl From<LineError> for Failure {
    fn from(error: LineError) -> Self {
        Self::new(format!("request:{}", error.code.name()), format!("{}: {}", error.at, error.message))
    }
}
