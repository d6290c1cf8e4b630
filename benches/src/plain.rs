//! What is expected of each request: all rules read one after the other, in the plainest words. It knows nothing of gatelaw.

use crate::policy::rule_name;
use crate::workload::{
    Access, Caller, Condition, EMBARGOED, Request, Rule, Shape, Workload, includes, scope,
};

/// What is expected of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The status: 200 for allow.
    pub status: u16,
    /// The rule that decides.
    pub rule: Option<String>,
}

impl Expected {
    fn by(status: u16, rule: &str) -> Self {
        Self { status, rule: Some(rule.to_owned()) }
    }
}

/// Decides a request.
#[must_use]
pub fn decide(workload: &Workload, request: &Request) -> Expected {
    let caller = request.caller.and_then(|number| workload.callers.get(number));
    let [a, b, c, _] = request.ip.octets();
    if workload.burned.iter().any(|net| net.octets() == [a, b, c, 0]) {
        return Expected::by(403, "burned");
    }
    if EMBARGOED.contains(&request.country) {
        return Expected::by(451, "embargo");
    }
    if caller.is_some_and(|c| c.suspended) {
        return Expected::by(403, "suspended");
    }
    let Some(caller) = caller else { return Expected { status: 401, rule: None } };
    let allowing = workload.rules.iter().position(|rule| allows(rule, request, caller));
    allowing.map_or(Expected { status: 403, rule: None }, |number| Expected::by(200, &rule_name(number)))
}

fn allows(rule: &Rule, request: &Request, caller: &Caller) -> bool {
    let methods: &[&str] = match rule.access {
        Access::Read => &["GET", "HEAD"],
        Access::Write => &["POST", "PUT", "DELETE"],
    };
    let path = request.target.split('?').next().unwrap_or("");
    let Some(rest) = path.strip_prefix(&format!("/svc{}/v1/res{}/", rule.service, rule.resource)) else {
        return false;
    };
    methods.contains(&request.method)
        && (rule.shape == Shape::Below || !rest.contains('/'))
        && caller.roles.iter().any(|role| includes(*role, rule.role))
        && caller.scopes.contains(&scope(rule.resource, rule.access))
        && match rule.condition {
            Condition::None => true,
            Condition::Tenant => rest == format!("t{}", caller.tenant),
            Condition::Network(n) => request.ip.octets().starts_with(&[10, n]),
            Condition::SecondFactor => caller.second_factor,
        }
}
