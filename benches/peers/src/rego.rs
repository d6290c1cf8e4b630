//! Rego in regorus: rules are data under the route that they open, so that the policy looks them up instead of trying them.

use std::collections::BTreeMap;

use gatelaw_benches::Workload;
use gatelaw_benches::hand::Verdict;
use gatelaw_benches::workload::{Condition, EMBARGOED, Rule, Shape, role_name};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{Engine as Interpreter, Value};

use crate::asked::{Asked, Words, callers, scope};
use crate::engine::{Engine, FAILED, allowed};
use crate::slices::Slices;

/// The policy: the number of the rule that allows, or a status below zero.
const POLICY: &str = r#"package gate

import rego.v1

default answer := -403

answer := -403 if data.burned[input.network]
else := -451 if data.embargoed[input.country]
else := -401 if not input.caller
else := -403 if input.caller.suspended
else := rule.number if {
	some rule in data.routes[input.route]
	input.caller.roles[rule.role]
	input.caller.scopes[rule.scope]
	input.single in rule.single
	fits(rule)
}

fits(rule) if rule.condition == "none"

fits(rule) if {
	rule.condition == "tenant"
	input.id == input.caller.tenant
}

fits(rule) if {
	rule.condition == "network"
	input.high == rule.high
}

fits(rule) if {
	rule.condition == "mfa"
	input.caller.mfa
}
"#;
const ANSWER: &str = "data.gate.answer";

/// What runs the policy: regorus has an interpreter, and a machine for compiled policies.
enum Runs {
    Interpreter(Box<Interpreter>),
    Machine(Box<RegoVM>),
}

pub(crate) struct Rego {
    runs: Runs,
    callers: Vec<Value>,
    names: Names,
}

/// Keys of the input, made once.
struct Names {
    route: Value,
    id: Value,
    single: Value,
    network: Value,
    high: Value,
    country: Value,
    caller: Value,
}

impl Rego {
    /// Runs the policy in the interpreter.
    pub(crate) fn interpreted(workload: &Workload) -> Result<Self, String> {
        let engine = interpreter(workload)?;
        Ok(Self::new(Runs::Interpreter(Box::new(engine)), workload))
    }

    /// Compiles the policy, and runs it in the machine.
    pub(crate) fn compiled(workload: &Workload) -> Result<Self, String> {
        let policy = interpreter(workload)?.compile_with_entrypoint(&ANSWER.into());
        let policy = policy.map_err(|error| error.to_string())?;
        let program = Compiler::compile_from_policy(&policy, &[ANSWER]).map_err(|error| error.to_string())?;
        let mut machine = RegoVM::new_with_policy(policy);
        machine.load_program(program);
        machine.set_data(data(workload)).map_err(|error| error.to_string())?;
        Ok(Self::new(Runs::Machine(Box::new(machine)), workload))
    }

    fn new(runs: Runs, workload: &Workload) -> Self {
        Self {
            runs,
            callers: callers(workload).iter().map(caller).collect(),
            names: Names {
                route: "route".into(),
                id: "id".into(),
                single: "single".into(),
                network: "network".into(),
                high: "high".into(),
                country: "country".into(),
                caller: "caller".into(),
            },
        }
    }

    fn ask(&mut self, asked: &Asked<'_>) -> Option<Verdict> {
        let names = &self.names;
        let mut input = BTreeMap::from([
            (names.route.clone(), asked.route.as_str().into()),
            (names.id.clone(), asked.rest.into()),
            (names.single.clone(), asked.is_single.into()),
            (names.network.clone(), asked.network.as_str().into()),
            (names.high.clone(), asked.high.as_str().into()),
            (names.country.clone(), asked.country.into()),
        ]);
        if let Some(number) = asked.caller {
            input.insert(names.caller.clone(), self.callers.get(number)?.clone());
        }
        let answer = match &mut self.runs {
            Runs::Interpreter(engine) => {
                engine.set_input(input.into());
                engine.eval_rule(ANSWER.to_owned()).ok()?
            }
            Runs::Machine(machine) => {
                machine.set_input(input.into());
                machine.execute().ok()?
            }
        };
        let answer = answer.as_i64().ok()?;
        match usize::try_from(answer) {
            Ok(rule) => Some(allowed(rule)),
            Err(_) => Some((u16::try_from(-answer).ok()?, None)),
        }
    }
}

impl Engine for Rego {
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict {
        self.ask(asked).unwrap_or(FAILED)
    }
}

fn interpreter(workload: &Workload) -> Result<Interpreter, String> {
    let mut engine = Interpreter::new();
    engine.add_policy("gate.rego".to_owned(), POLICY.to_owned()).map_err(|error| error.to_string())?;
    engine.add_data(data(workload)).map_err(|error| error.to_string())?;
    Ok(engine)
}

/// Makes the data of a policy: networks, countries, and by route its rules.
fn data(workload: &Workload) -> Value {
    let slices = Slices::new(workload);
    let rules = |route: usize| {
        let numbers = slices.rules.get(route).into_iter().flatten();
        let rules = numbers.filter_map(|number| Some(rule(*number, workload.rules.get(*number)?)));
        Value::from(rules.collect::<Vec<_>>())
    };
    let routes = slices.routes().map(|(route, slice)| (Value::from(route), rules(slice)));
    object([
        ("burned", set(workload.burned.iter().map(|net| format!("{net}/24")))),
        ("embargoed", set(EMBARGOED.map(str::to_owned))),
        ("routes", routes.collect::<BTreeMap<_, _>>().into()),
    ])
}

fn rule(number: usize, rule: &Rule) -> Value {
    let single = match rule.shape {
        Shape::Item => vec![true.into()],
        Shape::Below => vec![true.into(), false.into()],
    };
    let (condition, high) = match rule.condition {
        Condition::None => ("none", String::new()),
        Condition::Tenant => ("tenant", String::new()),
        Condition::Network(n) => ("network", format!("10.{n}")),
        Condition::SecondFactor => ("mfa", String::new()),
    };
    object([
        ("number", number.into()),
        ("role", role_name(rule.role).into()),
        ("scope", scope(rule).into()),
        ("single", Value::from(single)),
        ("condition", condition.into()),
        ("high", high.into()),
    ])
}

fn caller(words: &Words) -> Value {
    object([
        ("roles", set(words.roles.iter().cloned())),
        ("scopes", set(words.scopes.iter().cloned())),
        ("tenant", words.tenant.clone().into()),
        ("mfa", words.second_factor.into()),
        ("suspended", words.suspended.into()),
    ])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    members.into_iter().map(|(name, value)| (name.into(), value)).collect::<BTreeMap<_, _>>().into()
}

/// Makes an object of which every member is `true`: Rego looks it up.
fn set(texts: impl IntoIterator<Item = String>) -> Value {
    texts.into_iter().map(|text| (text.into(), true.into())).collect::<BTreeMap<_, _>>().into()
}
