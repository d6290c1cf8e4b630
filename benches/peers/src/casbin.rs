//! Casbin: a line a rule, roles as groups. Its enforcer asks all lines one after the other until one allows.
//!
//! What is denied everywhere stands in enforcers of its own, which are asked first: one model would ask each line for all. Which
//! line allowed is told only with logging, so here it isn't asked.

use casbin::rhai::{Array, Dynamic};
use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};
use gatelaw_benches::Workload;
use gatelaw_benches::hand::Verdict;
use gatelaw_benches::workload::{Condition, EMBARGOED, ROLE_LEVELS, ROLE_TREES, Rule, Shape, role_name};

use crate::asked::{Asked, callers, methods, place, scope};
use crate::engine::{Engine, FAILED, unmatched};

const RULES: &str = r#"
[request_definition]
r = place, method, user, scopes, single, id, high, tenant, mfa
[policy_definition]
p = place, methods, role, scope, single, condition
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.place == p.place && regexMatch(r.method, p.methods) && g(r.user, p.role) && p.scope in r.scopes && (p.single == "" || r.single == "yes") && (p.condition == "" || p.condition == r.high || (p.condition == "tenant" && r.id == r.tenant) || (p.condition == "mfa" && r.mfa == "yes"))
"#;
const DENIES: &str = r#"
[request_definition]
r = value
[policy_definition]
p = value
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.value == p.value
"#;

pub(crate) struct Casbin {
    burned: Enforcer,
    embargoed: Enforcer,
    suspended: Enforcer,
    rules: Enforcer,
    callers: Vec<Caller>,
}

/// What each caller's requests have in common.
struct Caller {
    name: Dynamic,
    scopes: Dynamic,
    tenant: Dynamic,
    mfa: Dynamic,
    suspended: Dynamic,
}

/// Values of a request: casbin turns them into those of its expressions.
#[derive(Clone)]
struct Given(Dynamic);

// Only the cache of decisions reads it, which isn't asked here.
impl std::hash::Hash for Given {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.type_name().hash(state);
    }
}

impl From<Given> for Dynamic {
    fn from(given: Given) -> Self {
        given.0
    }
}

impl Casbin {
    pub(crate) fn whole(workload: &Workload) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(Self::new(workload)).map_err(|error| error.to_string())
    }

    async fn new(workload: &Workload) -> casbin::Result<Self> {
        let burned = workload.burned.iter().map(|net| format!("{net}/24"));
        let mut rules = enforcer(RULES).await?;
        rules.add_policies(workload.rules.iter().map(line).collect()).await?;
        rules.add_grouping_policies(groups(workload)).await?;
        Ok(Self {
            burned: denies(burned).await?,
            embargoed: denies(EMBARGOED.map(str::to_owned)).await?,
            suspended: denies(["yes".to_owned()]).await?,
            rules,
            callers: prepare(workload),
        })
    }

    fn ask(&self, asked: &Asked<'_>) -> Option<Verdict> {
        let text = |text: &str| Given(text.into());
        if self.burned.enforce(vec![text(&asked.network)]).ok()? {
            return Some((403, None));
        }
        if self.embargoed.enforce(vec![text(asked.country)]).ok()? {
            return Some((451, None));
        }
        let Some(number) = asked.caller else { return Some(unmatched(asked)) };
        let caller = self.callers.get(number)?;
        if self.suspended.enforce(vec![Given(caller.suspended.clone())]).ok()? {
            return Some((403, None));
        }
        let given = |value: &Dynamic| Given(value.clone());
        let request = vec![
            text(asked.place),
            text(asked.method),
            given(&caller.name),
            given(&caller.scopes),
            text(if asked.is_single { "yes" } else { "no" }),
            text(asked.rest),
            text(&asked.high),
            given(&caller.tenant),
            given(&caller.mfa),
        ];
        Some(if self.rules.enforce(request).ok()? { (200, None) } else { unmatched(asked) })
    }
}

impl Engine for Casbin {
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict {
        self.ask(asked).unwrap_or(FAILED)
    }

    fn names_rules(&self) -> bool {
        false
    }
}

async fn enforcer(model: &str) -> casbin::Result<Enforcer> {
    Enforcer::new(DefaultModel::from_str(model).await?, MemoryAdapter::default()).await
}

async fn denies(values: impl IntoIterator<Item = String>) -> casbin::Result<Enforcer> {
    let mut denies = enforcer(DENIES).await?;
    denies.add_policies(values.into_iter().map(|value| vec![value]).collect()).await?;
    Ok(denies)
}

/// Writes a rule as a line of the policy.
fn line(rule: &Rule) -> Vec<String> {
    let single = if rule.shape == Shape::Item { "yes" } else { "" };
    let condition = match rule.condition {
        Condition::None => String::new(),
        Condition::Tenant => "tenant".to_owned(),
        Condition::Network(n) => format!("10.{n}"),
        Condition::SecondFactor => "mfa".to_owned(),
    };
    let methods = format!("^({})$", methods(rule).join("|"));
    vec![place(rule), methods, role_name(rule.role), scope(rule), single.to_owned(), condition]
}

/// Lists who has which role, and which role includes which.
fn groups(workload: &Workload) -> Vec<Vec<String>> {
    let above = (0..ROLE_TREES * ROLE_LEVELS).filter(|role| !role.is_multiple_of(ROLE_LEVELS));
    let mut groups: Vec<_> = above.map(|role| vec![role_name(role), role_name(role - 1)]).collect();
    for (number, caller) in workload.callers.iter().enumerate() {
        let named = caller.roles.iter().map(|role| vec![format!("user-{number}"), role_name(*role)]);
        groups.extend(named);
    }
    groups
}

fn prepare(workload: &Workload) -> Vec<Caller> {
    let yes = |is: bool| if is { "yes".into() } else { "no".into() };
    let prepared = callers(workload).into_iter().map(|words| Caller {
        name: words.name.into(),
        scopes: words.scopes.into_iter().map(Dynamic::from).collect::<Array>().into(),
        tenant: words.tenant.into(),
        mfa: yes(words.second_factor),
        suspended: yes(words.suspended),
    });
    prepared.collect()
}
