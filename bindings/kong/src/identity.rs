//! Who is asking, mapped once and used for as many requests as the token serves.

use std::sync::Arc;

use gatelaw::json::Json;
use gatelaw::policy::RoleId;
use gatelaw::{Caller, Identity as Mapped, Plan};
use gatelaw_host::{LineCaller, LineError};

use crate::border::Failure;
use crate::text::GateText;

/// Holds a caller, as one policy sees it: `gate_identity` of the header.
#[derive(Debug)]
pub struct Identity {
    plan: Arc<Plan>,
    who: LineCaller,
    // INVARIANT: they point into the names of `plan`.
    roles: Vec<GateText>,
}

/// Names a caller: `gate_caller` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateCaller {
    issuer: GateText,
    id: GateText,
    roles: *const GateText,
    roles_len: usize,
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
        let who = LineCaller::prepare(plan, object(members), client_cert)?;
        let roles = match &who {
            LineCaller::Prepared(prepared) => role_names(plan, prepared.identity()),
            LineCaller::Anonymous
            | LineCaller::Verified(_)
            | LineCaller::Invalid(_)
            | LineCaller::KeysUnavailable => Vec::new(),
        };
        Ok(Self { plan: Arc::clone(plan), who, roles })
    }

    /// Names the caller, where claims were verified and the policy takes them.
    pub(crate) fn verified_caller(&self) -> Option<GateCaller> {
        let LineCaller::Prepared(prepared) = &self.who else { return None };
        GateCaller::of(&self.plan, prepared.identity(), &self.roles)
    }

    /// Returns the caller, where it was mapped for this policy.
    ///
    /// # Errors
    /// `abi:identity` where it was mapped for another: roles are numbers of one policy.
    pub(crate) fn caller(&self, plan: &Arc<Plan>) -> Result<Caller<'_>, Failure> {
        if Arc::ptr_eq(&self.plan, plan) {
            return Ok(self.who.caller());
        }
        Err(Failure::new("abi:identity", "identity was made for another policy: make one for this policy"))
    }
}

impl GateCaller {
    pub(crate) const NONE: Self =
        Self { issuer: GateText::NONE, id: GateText::NONE, roles: std::ptr::null(), roles_len: 0 };

    /// Lays out a caller; what it points to stands as long as the plan, the identity and the names do.
    pub(crate) fn of(plan: &Plan, identity: &Mapped, roles: &[GateText]) -> Option<Self> {
        let issuers = plan.identity_model().issuers.iter();
        let (issuer, _) = issuers.zip(0..).find(|(_, issuer)| *issuer == identity.issuer().0)?;
        Some(Self {
            issuer: GateText::of(&issuer.name),
            id: GateText::of(identity.id()),
            roles: roles.as_ptr(),
            roles_len: roles.len(),
        })
    }
}

/// Lists the names of a caller's roles, sorted; they point into the plan.
pub(crate) fn role_names(plan: &Plan, identity: &Mapped) -> Vec<GateText> {
    let held = |(role, id)| identity.has_role(RoleId(id)).then_some(role);
    let names = plan.identity_model().roles.iter().map(|role| role.name.as_str());
    let mut roles: Vec<&str> = names.zip(0..).filter_map(held).collect();
    roles.sort_unstable();
    roles.into_iter().map(GateText::of).collect()
}

impl From<LineError> for Failure {
    fn from(error: LineError) -> Self {
        Self::new(format!("request:{}", error.code.name()), format!("{}: {}", error.at, error.message))
    }
}
