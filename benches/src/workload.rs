//! Rules, callers and requests from a seed: what an API gateway of many services sees.

use std::net::Ipv4Addr;

use gatelaw_conformance::generate::Rng;

use crate::requests::request;

/// Resources of one service; each has a rule for reading and one for writing.
pub const RESOURCES: usize = 25;
/// Trees of roles, each `admin` over `editor` over `viewer`.
pub const ROLE_TREES: usize = 20;
/// Levels of one tree of roles.
pub const ROLE_LEVELS: usize = 3;
/// Callers; each sends several requests, as tokens do.
const CALLERS: usize = 1_000;
/// Countries that nobody may come from.
pub const EMBARGOED: [&str; 4] = ["CU", "IR", "KP", "SY"];
/// Countries that callers come from.
pub const COUNTRIES: [&str; 8] = ["DE", "FR", "US", "JP", "BR", "IN", "NL", "CH"];
/// What callers have beside what rules ask for.
pub const OTHER_CLAIMS: [&str; 6] = ["email", "team", "locale", "plan", "region", "device"];

/// Holds everything that one measurement works on.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The rules; their place is their number.
    pub rules: Vec<Rule>,
    /// Networks that are denied everything: `a.b.c.0/24`.
    pub burned: Vec<Ipv4Addr>,
    /// The callers.
    pub callers: Vec<Caller>,
    /// The requests.
    pub requests: Vec<Request>,
}

/// One route rule: `METHODS /svcK/v1/resJ/…` for a role with a scope.
#[derive(Debug, Clone)]
pub struct Rule {
    /// K
    pub service: usize,
    /// J
    pub resource: usize,
    /// Which methods, and which scope.
    pub access: Access,
    /// What stands behind the resource.
    pub shape: Shape,
    /// The role, by [`role_name`].
    pub role: usize,
    /// What it asks beyond that.
    pub condition: Condition,
}

/// Which half of a resource a rule opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `GET|HEAD`, scope `resJ:read`
    Read,
    /// `POST|PUT|DELETE`, scope `resJ:write`
    Write,
}

/// What stands behind the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `/{id}`
    Item,
    /// `/**`
    Below,
}

/// What a rule asks beyond role and scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    None,
    /// The caller's tenant is the captured segment.
    Tenant,
    /// The client is in `10.N.0.0/16`.
    Network(u8),
    /// The caller used a second factor.
    SecondFactor,
}

/// Somebody who sends requests.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Roles that the token names, before what they include.
    pub roles: Vec<usize>,
    /// Scopes that the token names, by [`scope_name`].
    pub scopes: Vec<usize>,
    /// The number of the tenant.
    pub tenant: usize,
    /// Whether a second factor was used.
    pub second_factor: bool,
    /// Whether the account is suspended.
    pub suspended: bool,
    /// How many of [`OTHER_CLAIMS`] the token carries.
    pub other_claims: usize,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The client's address.
    pub ip: Ipv4Addr,
    /// Where the edge says the client is.
    pub country: &'static str,
    /// The caller, by place in [`Workload::callers`]; `None` for nobody.
    pub caller: Option<usize>,
}

/// Names a role: tree and level.
#[must_use]
pub fn role_name(role: usize) -> String {
    let level = ["viewer", "editor", "admin"].get(role % ROLE_LEVELS).copied().unwrap_or("viewer");
    format!("team{}-{level}", role / ROLE_LEVELS)
}

/// Numbers the scope that a rule asks for.
#[must_use]
pub fn scope(resource: usize, access: Access) -> usize {
    resource * 2 + usize::from(access == Access::Write)
}

/// Names a scope: `resJ:read` or `resJ:write`.
#[must_use]
pub fn scope_name(scope: usize) -> String {
    format!("res{}:{}", scope / 2, if scope.is_multiple_of(2) { "read" } else { "write" })
}

/// Says whether a role is another one, or includes it.
#[must_use]
pub fn includes(role: usize, other: usize) -> bool {
    role / ROLE_LEVELS == other / ROLE_LEVELS && role >= other
}

impl Workload {
    /// Makes a workload; equal arguments make equal ones.
    #[must_use]
    pub fn new(seed: u64, rules: usize, requests: usize) -> Self {
        let mut rng = Rng::new(seed);
        let rules: Vec<Rule> = (0..rules).map(|number| rule(&mut rng, number)).collect();
        let burned =
            (0..40).map(|_| Ipv4Addr::new(203, byte(&mut rng, 100), byte(&mut rng, 256), 0)).collect();
        let callers: Vec<Caller> = (0..CALLERS).map(|_| caller(&mut rng, &rules)).collect();
        let mut workload = Self { rules, burned, callers, requests: Vec::new() };
        let fitting: Vec<Vec<usize>> = workload.callers.iter().map(|c| workload.fitting(c)).collect();
        workload.requests = (0..requests).map(|_| request(&mut rng, &workload, &fitting)).collect();
        workload
    }

    /// Lists the rules that a caller's token satisfies.
    fn fitting(&self, caller: &Caller) -> Vec<usize> {
        let numbered = self.rules.iter().enumerate();
        numbered.filter(|(_, rule)| satisfies(caller, rule)).map(|(number, _)| number).collect()
    }
}

/// Says whether a caller's token has the role, the scope and the second factor that a rule asks for.
fn satisfies(caller: &Caller, rule: &Rule) -> bool {
    caller.roles.iter().any(|role| includes(*role, rule.role))
        && caller.scopes.contains(&scope(rule.resource, rule.access))
        && (rule.condition != Condition::SecondFactor || caller.second_factor)
}

fn rule(rng: &mut Rng, number: usize) -> Rule {
    let access = if number.is_multiple_of(2) { Access::Read } else { Access::Write };
    let shape = if rng.chance(50) { Shape::Item } else { Shape::Below };
    let condition = match rng.below(10) {
        0 | 1 if shape == Shape::Item => Condition::Tenant,
        2 => Condition::Network(byte(rng, 256)),
        3 => Condition::SecondFactor,
        _ => Condition::None,
    };
    let role = rng.below(ROLE_TREES * ROLE_LEVELS);
    let (service, resource) = (number / 2 / RESOURCES, number / 2 % RESOURCES);
    Rule { service, resource, access, shape, role, condition }
}

/// Makes a caller whose token satisfies at least one rule.
fn caller(rng: &mut Rng, rules: &[Rule]) -> Caller {
    let home = rng.pick(rules);
    let mut roles = vec![home.role];
    roles.extend((0..rng.below(8)).map(|_| rng.below(ROLE_TREES * ROLE_LEVELS)));
    let mut scopes = vec![scope(home.resource, home.access)];
    scopes.extend((0..rng.between(2, 9)).map(|_| rng.below(RESOURCES * 2)));
    for set in [&mut roles, &mut scopes] {
        set.sort_unstable();
        set.dedup();
    }
    Caller {
        roles,
        scopes,
        tenant: rng.below(50),
        second_factor: home.condition == Condition::SecondFactor || rng.chance(50),
        suspended: rng.chance(2),
        other_claims: rng.below(OTHER_CLAIMS.len() + 1),
    }
}

/// Draws a byte below a bound of at most 256.
pub(crate) fn byte(rng: &mut Rng, below: usize) -> u8 {
    u8::try_from(rng.below(below)).unwrap_or(u8::MAX)
}
