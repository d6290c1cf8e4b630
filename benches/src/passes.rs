//! Decides all requests as many times as it is told, for a counter of instructions around this program: what the set-up takes is
//! the same whatever the times, so that the difference of two runs is the decisions alone.

use gatelaw::request::{Canonical, Reading};
use gatelaw::{Caller, Session, Sources, compile};
use gatelaw_benches::{Workload, hand, policy};

/// How many requests one pass has.
const REQUESTS: usize = 10_000;

/// Decides each request so many times by gatelaw, and so many times by what is written by hand, both from raw strings.
pub(crate) fn run(rules: usize, gatelaw: usize, by_hand: usize) -> Result<(), String> {
    let workload = Workload::new(1, rules, REQUESTS);
    let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload)))
        .map_err(|errors| format!("the policy has {} errors", errors.len()))?;
    let plan = &compiled.plan;
    let identities = policy::identities(&workload, plan.identity_model());
    let identities: Vec<_> = identities.into_iter().map(|identity| plan.prepare(identity)).collect();
    let callers: Vec<_> = workload.callers.iter().map(hand::prepare).collect();
    let matcher = hand::Hand::new(&workload);
    let reading = Reading::new(plan.needs().clone());
    let headers: Vec<_> = workload.requests.iter().map(policy::header_lines).collect();
    let raws = workload.requests.iter().zip(&headers).map(|(r, h)| (policy::raw(r, h), r.caller));
    let raws: Vec<_> = raws.collect();
    let mut session = Session::new(plan);
    let mut canonical = Canonical::new();
    let mut statuses = 0_u64;
    for _ in 0..gatelaw {
        for (raw, caller) in &raws {
            let identity = caller.and_then(|number| identities.get(number));
            let outcome = session.decide(raw, identity.map_or(Caller::Anonymous, Caller::Prepared));
            statuses += u64::from(outcome.status());
        }
    }
    for _ in 0..by_hand {
        for (raw, caller) in &raws {
            let read = canonical.read_target(raw, |_| Default::default());
            if read.and_then(|()| canonical.read_rest(raw, &reading, false)).is_ok() {
                let (status, _) = matcher.decide(&canonical, caller.and_then(|number| callers.get(number)));
                statuses += u64::from(status);
            }
        }
    }
    // What is never told could be left out by the compiler.
    println!("{statuses}");
    Ok(())
}
