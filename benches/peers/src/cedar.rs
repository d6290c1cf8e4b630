//! Cedar: a policy a rule, roles as groups in the entity hierarchy, networks and countries as members of lists.
//!
//! An authorizer asks all policies of a set. Cedar's documentation advises to slice: to hand it those alone that can matter.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression,
};
use gatelaw_benches::Workload;
use gatelaw_benches::hand::Verdict;
use gatelaw_benches::workload::{Condition, EMBARGOED, Rule, Shape, role_name};

use crate::asked::{Asked, Words, callers, methods, place, scope};
use crate::engine::{Engine, FAILED, allowed, unmatched};
use crate::slices::Slices;

/// The policies that deny; the first that does decides the status.
const DENIES: [(&str, u16, &str); 3] = [
    ("burned", 403, r#"forbid (principal, action, resource) when { context.network in List::"burned" };"#),
    (
        "embargo",
        451,
        r#"forbid (principal, action, resource) when { context.country in List::"embargoed" };"#,
    ),
    (
        "suspended",
        403,
        "forbid (principal, action, resource) when { principal is User && principal.suspended };",
    ),
];

pub(crate) struct Cedar {
    authorizer: Authorizer,
    /// With one set for all routes, or one for each slice.
    sets: Vec<PolicySet>,
    slices: Option<Slices>,
    callers: Vec<(EntityUid, Entities)>,
    nobody: (EntityUid, Entities),
    types: Types,
}

/// Names of types that each request needs.
struct Types {
    action: EntityTypeName,
    place: EntityTypeName,
    network: EntityTypeName,
    country: EntityTypeName,
}

impl Cedar {
    /// Puts all policies in one set.
    pub(crate) fn whole(workload: &Workload) -> Result<Self, String> {
        let all = (0..workload.rules.len()).collect();
        Self::new(workload, &[all], None)
    }

    /// Puts in one set what can matter at a route.
    pub(crate) fn sliced(workload: &Workload) -> Result<Self, String> {
        let slices = Slices::new(workload);
        let rules = slices.rules.clone();
        Self::new(workload, &rules, Some(slices))
    }

    fn new(workload: &Workload, rules: &[Vec<usize>], slices: Option<Slices>) -> Result<Self, String> {
        let denies =
            DENIES.iter().map(|(name, _, text)| policy(name, text)).collect::<Result<Vec<_>, _>>()?;
        let permits = workload.rules.iter().enumerate();
        let permits = permits
            .map(|(number, rule)| policy(&number.to_string(), &text(rule)))
            .collect::<Result<Vec<_>, _>>()?;
        let set = |rules: &Vec<usize>| {
            let permits = rules.iter().filter_map(|number| permits.get(*number));
            PolicySet::from_policies(denies.iter().chain(permits).cloned()).map_err(|error| error.to_string())
        };
        let shared = shared(workload)?;
        let callers = callers(workload);
        let of_user = |words: &Words| Ok((uid("User", &words.name)?, entities(words, &shared)?));
        let nobody = Entities::from_entities(shared.clone(), None).map_err(|error| error.to_string())?;
        Ok(Self {
            authorizer: Authorizer::new(),
            sets: rules.iter().map(set).collect::<Result<_, _>>()?,
            slices,
            callers: callers.iter().map(of_user).collect::<Result<_, String>>()?,
            nobody: (uid("Nobody", "nobody")?, nobody),
            types: Types {
                action: name("Action")?,
                place: name("Place")?,
                network: name("Network")?,
                country: name("Country")?,
            },
        })
    }

    fn ask(&self, asked: &Asked<'_>) -> Option<Verdict> {
        let set = self.sets.get(self.slices.as_ref().map_or(0, |slices| slices.of(asked)))?;
        let (principal, entities) =
            asked.caller.map_or(Some(&self.nobody), |number| self.callers.get(number))?;
        let uid =
            |of: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id));
        let context = Context::from_pairs([
            ("id".to_owned(), RestrictedExpression::new_string(asked.rest.to_owned())),
            ("single".to_owned(), RestrictedExpression::new_bool(asked.is_single)),
            ("high".to_owned(), RestrictedExpression::new_string(asked.high.clone())),
            (
                "network".to_owned(),
                RestrictedExpression::new_entity_uid(uid(&self.types.network, &asked.network)),
            ),
            (
                "country".to_owned(),
                RestrictedExpression::new_entity_uid(uid(&self.types.country, asked.country)),
            ),
        ]);
        let (action, place) = (uid(&self.types.action, asked.method), uid(&self.types.place, asked.place));
        let request = Request::new(principal.clone(), action, place, context.ok()?, None).ok()?;
        let response = self.authorizer.is_authorized(&request, set, entities);
        let diagnostics = response.diagnostics();
        if diagnostics.errors().next().is_some() {
            return None;
        }
        let reasons = || diagnostics.reason().map(|id| AsRef::<str>::as_ref(id));
        if response.decision() == Decision::Allow {
            return Some(allowed(reasons().filter_map(|number| number.parse().ok()).min()?));
        }
        let denying = DENIES.iter().find(|(name, ..)| reasons().any(|reason| reason == *name));
        Some(denying.map_or_else(|| unmatched(asked), |(_, status, _)| (*status, None)))
    }
}

impl Engine for Cedar {
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict {
        self.ask(asked).unwrap_or(FAILED)
    }
}

/// Writes a rule as a policy.
fn text(rule: &Rule) -> String {
    let actions: Vec<String> = methods(rule).iter().map(|method| format!("Action::{method:?}")).collect();
    let mut conditions = vec![format!("principal.scopes.contains({:?})", scope(rule))];
    if rule.shape == Shape::Item {
        conditions.push("context.single".to_owned());
    }
    match rule.condition {
        Condition::None => {}
        Condition::Tenant => conditions.push("context.id == principal.tenant".to_owned()),
        Condition::Network(n) => conditions.push(format!("context.high == \"10.{n}\"")),
        Condition::SecondFactor => conditions.push("principal.mfa".to_owned()),
    }
    format!(
        "permit (principal in Role::{:?}, action in [{}], resource == Place::{:?}) when {{ {} }};",
        role_name(rule.role),
        actions.join(", "),
        place(rule),
        conditions.join(" && "),
    )
}

fn policy(name: &str, text: &str) -> Result<Policy, String> {
    Policy::parse(Some(PolicyId::new(name)), text).map_err(|error| format!("{text}: {error}"))
}

fn name(of: &str) -> Result<EntityTypeName, String> {
    EntityTypeName::from_str(of).map_err(|error| error.to_string())
}

fn uid(of: &str, id: &str) -> Result<EntityUid, String> {
    Ok(EntityUid::from_type_name_and_id(name(of)?, EntityId::new(id)))
}

/// Makes the entities that every request needs: the members of lists.
fn shared(workload: &Workload) -> Result<Vec<Entity>, String> {
    let member =
        |of, id: &str, list| Ok(Entity::new_no_attrs(uid(of, id)?, HashSet::from([uid("List", list)?])));
    let burned = workload.burned.iter().map(|net| member("Network", &format!("{net}/24"), "burned"));
    let embargoed = EMBARGOED.iter().map(|country| member("Country", country, "embargoed"));
    burned.chain(embargoed).collect()
}

/// Makes the entities that the requests of one caller need.
fn entities(words: &Words, shared: &[Entity]) -> Result<Entities, String> {
    let strings = |texts: &[String]| {
        RestrictedExpression::new_set(texts.iter().cloned().map(RestrictedExpression::new_string))
    };
    let attributes = HashMap::from([
        ("scopes".to_owned(), strings(&words.scopes)),
        ("tenant".to_owned(), RestrictedExpression::new_string(words.tenant.clone())),
        ("mfa".to_owned(), RestrictedExpression::new_bool(words.second_factor)),
        ("suspended".to_owned(), RestrictedExpression::new_bool(words.suspended)),
    ]);
    let roles = words.roles.iter().map(|role| uid("Role", role)).collect::<Result<HashSet<_>, _>>()?;
    let user =
        Entity::new(uid("User", &words.name)?, attributes, roles).map_err(|error| error.to_string())?;
    Entities::from_entities(shared.iter().cloned().chain([user]), None).map_err(|error| error.to_string())
}
