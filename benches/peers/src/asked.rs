//! A request as a careful host would hand it to an engine: split, and every text made that a rule compares.
//!
//! All of it is made before the clock runs. That is to the engines' favour: gatelaw reads raw strings while it runs.

use std::net::IpAddr;

use gatelaw_benches::workload::{self, Access, Rule, Workload, includes, role_name, scope_name};

/// One request.
pub(crate) struct Asked<'w> {
    /// Its place in [`Workload::requests`].
    pub(crate) number: usize,
    pub(crate) method: &'static str,
    /// The first three segments: `svc1/v1/res2`.
    pub(crate) place: &'w str,
    /// The method and the place: `GET svc1/v1/res2`.
    pub(crate) route: String,
    /// What stands behind the place.
    pub(crate) rest: &'w str,
    /// Whether that is one segment.
    pub(crate) is_single: bool,
    pub(crate) ip: IpAddr,
    /// The network of 256 addresses: `203.0.113.0/24`.
    pub(crate) network: String,
    /// The first two bytes of the address: `10.5`.
    pub(crate) high: String,
    pub(crate) country: &'static str,
    /// The caller, by place in [`Workload::callers`]; `None` for nobody.
    pub(crate) caller: Option<usize>,
}

/// A caller, as a host prepares it once a token.
pub(crate) struct Words {
    pub(crate) name: String,
    /// With those that they include.
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) tenant: String,
    pub(crate) second_factor: bool,
    pub(crate) suspended: bool,
}

/// Splits the requests of a workload.
pub(crate) fn requests(workload: &Workload) -> Vec<Asked<'_>> {
    workload.requests.iter().enumerate().map(|(number, request)| split(number, request)).collect()
}

fn split(number: usize, request: &workload::Request) -> Asked<'_> {
    let path = request.target.split('?').next().unwrap_or("").trim_start_matches('/');
    let end = path.match_indices('/').nth(2).map_or(path.len(), |(at, _)| at);
    let (place, rest) = path.split_at(end);
    let rest = rest.trim_start_matches('/');
    let [a, b, c, _] = request.ip.octets();
    Asked {
        number,
        method: request.method,
        place,
        route: format!("{} {place}", request.method),
        rest,
        is_single: !rest.contains('/'),
        ip: request.ip.into(),
        network: format!("{a}.{b}.{c}.0/24"),
        high: format!("{a}.{b}"),
        country: request.country,
        caller: request.caller,
    }
}

/// Prepares the callers of a workload.
pub(crate) fn callers(workload: &Workload) -> Vec<Words> {
    workload.callers.iter().enumerate().map(|(number, caller)| words(number, caller)).collect()
}

fn words(number: usize, caller: &workload::Caller) -> Words {
    let all = 0..workload::ROLE_TREES * workload::ROLE_LEVELS;
    let granted = all.filter(|role| caller.roles.iter().any(|own| includes(*own, *role)));
    Words {
        name: format!("user-{number}"),
        roles: granted.map(role_name).collect(),
        scopes: caller.scopes.iter().map(|scope| scope_name(*scope)).collect(),
        tenant: format!("t{}", caller.tenant),
        second_factor: caller.second_factor,
        suspended: caller.suspended,
    }
}

/// Writes the place of a rule: `svc1/v1/res2`.
pub(crate) fn place(rule: &Rule) -> String {
    format!("svc{}/v1/res{}", rule.service, rule.resource)
}

/// Lists the methods that a rule opens.
pub(crate) fn methods(rule: &Rule) -> &'static [&'static str] {
    match rule.access {
        Access::Read => &["GET", "HEAD"],
        Access::Write => &["POST", "PUT", "DELETE"],
    }
}

/// Names the scope that a rule asks for.
pub(crate) fn scope(rule: &Rule) -> String {
    scope_name(workload::scope(rule.resource, rule.access))
}
