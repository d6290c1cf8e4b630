//! Kong's atc-router: a matcher a rule; the first that matches by priority wins.
//!
//! It compares attributes with constants only, so whether the captured segment is the caller's tenant is computed for it. Rules
//! are asked one after the other: Kong itself puts no index in front, a program that has many can.

use atc_router::ast::{Type, Value};
use atc_router::context::Context;
use atc_router::router::Router;
use atc_router::schema::Schema;
use gatelaw_benches::Workload;
use gatelaw_benches::hand::Verdict;
use gatelaw_benches::workload::{Condition, EMBARGOED, Rule, Shape, role_name};
use uuid::Uuid;

use crate::asked::{Asked, Words, callers, methods, place, scope};
use crate::engine::{Engine, FAILED, allowed, unmatched};
use crate::slices::Slices;

/// Attributes that are texts.
const TEXTS: [&str; 7] = ["method", "place", "country", "roles", "scopes", "mfa", "suspended"];
/// UUIDs of the matchers that deny, above all numbers of rules, and what each answers.
const DENIES: [(u128, u16); 3] = [(u128::MAX, 403), (u128::MAX - 1, 451), (u128::MAX - 2, 403)];

pub(crate) struct Atc<'s> {
    context: Context<'s>,
    /// One router for all routes, or one for each slice.
    routers: Vec<Router<'s>>,
    slices: Option<Slices>,
    callers: Vec<Words>,
}

/// Names the attributes, with their types.
pub(crate) fn schema() -> Schema {
    let mut schema = Schema::default();
    TEXTS.iter().for_each(|name| schema.add_field(name, Type::String));
    schema.add_field("ip", Type::IpAddr);
    ["single", "own"].iter().for_each(|name| schema.add_field(name, Type::Int));
    schema
}

impl<'s> Atc<'s> {
    /// Puts all rules in one router.
    pub(crate) fn whole(workload: &Workload, schema: &'s Schema) -> Result<Self, String> {
        Self::new(workload, schema, &[(0..workload.rules.len()).collect()], None)
    }

    /// Puts in a router what can matter at a route.
    pub(crate) fn sliced(workload: &Workload, schema: &'s Schema) -> Result<Self, String> {
        let slices = Slices::new(workload);
        let rules = slices.rules.clone();
        Self::new(workload, schema, &rules, Some(slices))
    }

    fn new(
        workload: &Workload,
        schema: &'s Schema,
        rules: &[Vec<usize>],
        slices: Option<Slices>,
    ) -> Result<Self, String> {
        let router = |rules: &Vec<usize>| router(workload, schema, rules);
        Ok(Self {
            context: Context::new(schema),
            routers: rules.iter().map(router).collect::<Result<_, _>>()?,
            slices,
            callers: callers(workload),
        })
    }

    fn ask(&mut self, asked: &Asked<'_>) -> Option<Verdict> {
        let router = self.routers.get(self.slices.as_ref().map_or(0, |slices| slices.of(asked)))?;
        let context = &mut self.context;
        context.reset();
        let mut add = |name: &str, text: &str| context.add_value(name, Value::String(text.to_owned()));
        add("method", asked.method);
        add("place", asked.place);
        add("country", asked.country);
        let mut is_own = false;
        if let Some(number) = asked.caller {
            let caller = self.callers.get(number)?;
            is_own = caller.tenant == asked.rest;
            caller.roles.iter().for_each(|role| add("roles", role));
            caller.scopes.iter().for_each(|scope| add("scopes", scope));
            add("mfa", if caller.second_factor { "yes" } else { "no" });
            add("suspended", if caller.suspended { "yes" } else { "no" });
        }
        context.add_value("ip", Value::IpAddr(asked.ip));
        context.add_value("single", Value::Int(i64::from(asked.is_single)));
        context.add_value("own", Value::Int(i64::from(is_own)));
        if !router.execute(context) {
            return Some(unmatched(asked));
        }
        let matched = context.result.as_ref()?.uuid.as_u128();
        let deny = DENIES.iter().find(|(uuid, _)| *uuid == matched);
        Some(match deny {
            Some((_, status)) => (*status, None),
            None => allowed(usize::try_from(matched).ok()?),
        })
    }
}

impl Engine for Atc<'_> {
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict {
        self.ask(asked).unwrap_or(FAILED)
    }
}

fn router<'s>(workload: &Workload, schema: &'s Schema, rules: &[usize]) -> Result<Router<'s>, String> {
    let mut router = Router::new(schema);
    let mut add = |priority: usize, uuid: u128, text: &str| {
        router.add_matcher(priority, Uuid::from_u128(uuid), text).map_err(|error| format!("{text}: {error}"))
    };
    let burned: Vec<String> = workload.burned.iter().map(|net| format!("ip in {net}/24")).collect();
    let embargoed = EMBARGOED.map(|country| format!("country == {country:?}"));
    let texts = [burned.join(" || "), embargoed.join(" || "), "suspended == \"yes\"".to_owned()];
    for (priority, ((uuid, _), text)) in DENIES.iter().zip(&texts).rev().enumerate() {
        add(priority + 1, *uuid, text)?;
    }
    for number in rules {
        let rule = workload.rules.get(*number).ok_or("a slice has a rule that isn't there")?;
        add(0, u128::try_from(*number).map_err(|error| error.to_string())?, &text(rule))?;
    }
    Ok(router)
}

/// Writes a rule as a matcher; the place stands first, since it rules out most.
fn text(rule: &Rule) -> String {
    let methods: Vec<String> = methods(rule).iter().map(|method| format!("method == {method:?}")).collect();
    let mut conditions = vec![
        format!("place == {:?}", place(rule)),
        format!("({})", methods.join(" || ")),
        format!("any(roles) == {:?}", role_name(rule.role)),
        format!("any(scopes) == {:?}", scope(rule)),
    ];
    if rule.shape == Shape::Item {
        conditions.push("single == 1".to_owned());
    }
    match rule.condition {
        Condition::None => {}
        Condition::Tenant => conditions.push("own == 1".to_owned()),
        Condition::Network(n) => conditions.push(format!("ip in 10.{n}.0.0/16")),
        Condition::SecondFactor => conditions.push("mfa == \"yes\"".to_owned()),
    }
    conditions.join(" && ")
}
