//! Holds every engine to what is expected, then measures those that gave it, taking turns.

use std::time::{Duration, Instant};

use gatelaw_benches::clock::once_ns;
use gatelaw_benches::hand::Verdict;
use gatelaw_benches::{Workload, plain, policy};

use crate::asked::{Asked, requests};
use crate::atc::{Atc, schema};
use crate::casbin::Casbin;
use crate::cedar::Cedar;
use crate::cel::Cel;
use crate::engine::Engine;
use crate::ours::{ByHand, Gatelaw, Strings, plan};
use crate::rego::Rego;

/// How long an engine is held to what is expected: some take seconds for a hundred requests.
const ASKING_MAX: Duration = Duration::from_secs(20);
/// How long one round of an engine is to take, at most: so short that some are left alone by whatever else the machine does.
const ROUND_MAX: Duration = Duration::from_millis(20);
const ROUNDS: usize = 100;

/// What was found of one engine with one number of rules.
pub(crate) struct Row {
    pub(crate) engine: &'static str,
    pub(crate) way: &'static str,
    /// Nanoseconds of a decision; `None` where a decision wasn't the expected one.
    pub(crate) ns: Option<u64>,
    /// How many decisions were as expected, of how many.
    pub(crate) right: usize,
    pub(crate) asked: usize,
}

struct Contestant<'w> {
    engine: Box<dyn Engine + 'w>,
    row: Row,
    /// The requests that are timed: as many as fit into one round.
    timed: Vec<&'w Asked<'w>>,
}

/// Measures all engines on one workload.
///
/// # Errors
/// A policy that an engine doesn't take; a decision of ours that isn't the expected one.
pub(crate) fn hold(workload: &Workload) -> Result<Vec<Row>, String> {
    let asked = requests(workload);
    let expected: Vec<Verdict> =
        workload.requests.iter().map(|request| verdict(&plain::decide(workload, request))).collect();
    let (strings, plan, schema) = (Strings::new(workload), plan(workload)?, schema());
    let engines: Vec<(&'static str, &'static str, Box<dyn Engine + '_>)> = vec![
        ("by hand", "one program for this policy", Box::new(ByHand::new(&strings, &plan))),
        ("gatelaw", "the policy as it is", Box::new(Gatelaw::new(&strings, &plan))),
        ("atc-router", "behind an index by hand", Box::new(Atc::sliced(workload, &schema)?)),
        ("atc-router", "one router", Box::new(Atc::whole(workload, &schema)?)),
        ("cel", "behind an index by hand", Box::new(Cel::sliced(workload)?)),
        ("cel", "one rule after the other", Box::new(Cel::whole(workload)?)),
        ("regorus", "rules as data, compiled", Box::new(Rego::compiled(workload)?)),
        ("regorus", "rules as data, interpreted", Box::new(Rego::interpreted(workload)?)),
        ("cedar", "sliced by hand", Box::new(Cedar::sliced(workload)?)),
        ("cedar", "one policy set", Box::new(Cedar::whole(workload)?)),
        ("casbin", "one enforcer", Box::new(Casbin::whole(workload)?)),
    ];
    let entered = engines.into_iter().map(|(name, way, engine)| enter(name, way, engine, &asked, &expected));
    let mut contestants: Vec<Contestant<'_>> = entered.collect();
    for contestant in &contestants {
        let Row { engine, right, asked, .. } = contestant.row;
        if ["by hand", "gatelaw"].contains(&engine) && right != asked {
            return Err(format!("{engine} gives {right} of {asked} expected decisions"));
        }
    }
    for _ in 0..ROUNDS {
        contestants.iter_mut().for_each(Contestant::run);
    }
    Ok(contestants.into_iter().map(|contestant| contestant.row).collect())
}

fn verdict(expected: &plain::Expected) -> Verdict {
    let number = |name: &String| name.strip_prefix("rule-")?.parse().ok();
    debug_assert_eq!(policy::rule_name(7), "rule-00007");
    (expected.status, expected.rule.as_ref().and_then(number))
}

/// Asks an engine what it gives, and how long that takes.
fn enter<'w>(
    name: &'static str,
    way: &'static str,
    mut engine: Box<dyn Engine + 'w>,
    asked: &'w [Asked<'w>],
    expected: &[Verdict],
) -> Contestant<'w> {
    let start = Instant::now();
    let mut row = Row { engine: name, way, ns: None, right: 0, asked: 0 };
    let names_rules = engine.names_rules();
    for (asked, (status, rule)) in asked.iter().zip(expected) {
        row.asked += 1;
        row.right += usize::from(engine.verdict(asked) == (*status, rule.filter(|_| names_rules)));
        if start.elapsed() > ASKING_MAX {
            break;
        }
    }
    let each = start.elapsed().as_nanos() / u128::try_from(row.asked).unwrap_or(1).max(1);
    let fitting = usize::try_from(ROUND_MAX.as_nanos() / each.max(1)).unwrap_or(usize::MAX);
    // Spread over all of them, so that few requests are as mixed as many.
    let step = asked.len() / fitting.clamp(1, asked.len());
    let timed = if row.right == row.asked { asked.iter().step_by(step.max(1)).collect() } else { Vec::new() };
    Contestant { engine, row, timed }
}

impl Contestant<'_> {
    /// Runs one round.
    fn run(&mut self) {
        let Self { engine, row, timed } = self;
        if timed.is_empty() {
            return;
        }
        let mut sum = 0;
        let ns =
            once_ns(&mut || sum = timed.iter().map(|asked| u64::from(engine.status(asked))).sum::<u64>());
        let each = ns / u64::try_from(timed.len()).unwrap_or(u64::MAX);
        // A sum that isn't read would let the compiler leave the decisions out.
        if std::hint::black_box(sum) > 0 {
            row.ns = Some(row.ns.map_or(each, |least| least.min(each)));
        }
    }
}
