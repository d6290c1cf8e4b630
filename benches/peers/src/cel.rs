//! CEL: an expression a rule, asked one after the other until one is true; denies first.
//!
//! The language has no notion of a set of rules, so a host that has many finds those that can matter by an index of its own.

use std::collections::HashMap;
use std::sync::Arc;

use cel::common::types::{CelBool, CelString};
use cel::{Context, Env, Program, Value};
use gatelaw_benches::Workload;
use gatelaw_benches::hand::Verdict;
use gatelaw_benches::workload::{Condition, EMBARGOED, Rule, Shape, role_name};

use crate::asked::{Asked, Words, callers, methods, place, scope};
use crate::engine::{Engine, FAILED, allowed, unmatched};
use crate::slices::Slices;

/// Variables that outlive a request.
type Scope = Context<'static, 'static>;

pub(crate) struct Cel {
    denies: Vec<(Program, u16)>,
    rules: Vec<Program>,
    /// All rules, or those of each slice.
    asked: Vec<Vec<usize>>,
    slices: Option<Slices>,
    /// What each caller's requests have in common.
    callers: Vec<Scope>,
    nobody: Scope,
}

impl Cel {
    /// Asks all rules in turn.
    pub(crate) fn whole(workload: &Workload) -> Result<Self, String> {
        Self::new(workload, vec![(0..workload.rules.len()).collect()], None)
    }

    /// Asks the rules that can matter at a route.
    pub(crate) fn sliced(workload: &Workload) -> Result<Self, String> {
        let slices = Slices::new(workload);
        Self::new(workload, slices.rules.clone(), Some(slices))
    }

    fn new(workload: &Workload, asked: Vec<Vec<usize>>, slices: Option<Slices>) -> Result<Self, String> {
        let env = Arc::new(Env::stdlib());
        let program = |text: &str| env.compile(text).map_err(|error| format!("{text}: {error}"));
        let embargoed = EMBARGOED.map(|country| format!("country == {country:?}")).join(" || ");
        let burned: HashMap<String, bool> =
            workload.burned.iter().map(|net| (format!("{net}/24"), true)).collect();
        let context = || -> Result<Scope, String> {
            let mut context = Context::with_env(Arc::clone(&env));
            context.add_variable("burned", burned.clone()).map_err(|error| error.to_string())?;
            Ok(context)
        };
        let of_caller = |words: &Words| {
            let mut context = context()?;
            add_caller(&mut context, words)?;
            Ok(context)
        };
        let mut nobody = context()?;
        nobody.add_variable_as_val("suspended", Box::new(CelBool::from(false)));
        Ok(Self {
            denies: vec![
                (program("network in burned")?, 403),
                (program(&embargoed)?, 451),
                (program("suspended")?, 403),
            ],
            rules: workload.rules.iter().map(|rule| program(&text(rule))).collect::<Result<_, _>>()?,
            asked,
            slices,
            callers: callers(workload).iter().map(of_caller).collect::<Result<_, String>>()?,
            nobody,
        })
    }

    fn ask(&self, asked: &Asked<'_>) -> Option<Verdict> {
        let caller = asked.caller.map_or(Some(&self.nobody), |number| self.callers.get(number))?;
        let mut context = caller.new_inner_scope();
        let mut add = |name: &str, text: &str| {
            context.add_variable_as_val(name, Box::new(CelString::from(text.to_owned())));
        };
        add("method", asked.method);
        add("place", asked.place);
        add("id", asked.rest);
        add("network", &asked.network);
        add("high", &asked.high);
        add("country", asked.country);
        context.add_variable_as_val("single", Box::new(CelBool::from(asked.is_single)));
        for (deny, status) in &self.denies {
            if holds(deny, &context)? {
                return Some((*status, None));
            }
        }
        if asked.caller.is_none() {
            return Some(unmatched(asked));
        }
        for number in self.asked.get(self.slices.as_ref().map_or(0, |slices| slices.of(asked)))? {
            if holds(self.rules.get(*number)?, &context)? {
                return Some(allowed(*number));
            }
        }
        Some(unmatched(asked))
    }
}

impl Engine for Cel {
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict {
        self.ask(asked).unwrap_or(FAILED)
    }
}

fn holds(program: &Program, context: &Context<'_, '_>) -> Option<bool> {
    match program.execute(context) {
        Ok(Value::Bool(holds)) => Some(holds),
        _ => None,
    }
}

/// Writes a rule as an expression; the place stands first, since it rules out most.
fn text(rule: &Rule) -> String {
    let methods: Vec<String> = methods(rule).iter().map(|method| format!("method == {method:?}")).collect();
    let mut conditions = vec![
        format!("place == {:?}", place(rule)),
        format!("({})", methods.join(" || ")),
        format!("{:?} in roles", role_name(rule.role)),
        format!("{:?} in scopes", scope(rule)),
    ];
    if rule.shape == Shape::Item {
        conditions.push("single".to_owned());
    }
    match rule.condition {
        Condition::None => {}
        Condition::Tenant => conditions.push("id == tenant".to_owned()),
        Condition::Network(n) => conditions.push(format!("high == \"10.{n}\"")),
        Condition::SecondFactor => conditions.push("mfa".to_owned()),
    }
    conditions.join(" && ")
}

fn add_caller(context: &mut Scope, words: &Words) -> Result<(), String> {
    // As keys of a map: `in` looks them up, where it would walk through a list.
    let set = |texts: &[String]| texts.iter().map(|text| (text.clone(), true)).collect::<HashMap<_, _>>();
    context.add_variable("roles", set(&words.roles)).map_err(|error| error.to_string())?;
    context.add_variable("scopes", set(&words.scopes)).map_err(|error| error.to_string())?;
    context.add_variable_as_val("tenant", Box::new(CelString::from(words.tenant.clone())));
    context.add_variable_as_val("mfa", Box::new(CelBool::from(words.second_factor)));
    context.add_variable_as_val("suspended", Box::new(CelBool::from(words.suspended)));
    Ok(())
}
