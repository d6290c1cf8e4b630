//! Gatelaw, and what a person would write by hand for this one policy: both read the raw strings of the request each time.

use gatelaw::request::{Canonical, Reading};
use gatelaw::{Caller, Plan, Prepared, RawRequest, Session, Sources, compile};
use gatelaw_benches::hand::{self, Hand, Verdict};
use gatelaw_benches::{Workload, policy};

use crate::asked::Asked;
use crate::engine::{Engine, FAILED};

/// A workload as gatelaw is asked about it.
pub(crate) struct Strings<'w> {
    headers: Vec<Vec<(&'w [u8], &'w [u8])>>,
    workload: &'w Workload,
}

impl<'w> Strings<'w> {
    pub(crate) fn new(workload: &'w Workload) -> Self {
        Self { headers: workload.requests.iter().map(policy::header_lines).collect(), workload }
    }

    fn raw(&self, asked: &Asked<'_>) -> Option<RawRequest<'_>> {
        let headers = self.headers.get(asked.number)?;
        Some(policy::raw(self.workload.requests.get(asked.number)?, headers))
    }
}

/// Compiles the policy of a workload.
pub(crate) fn plan(workload: &Workload) -> Result<Plan, String> {
    let compiled = compile(&Sources::from_text("bench.gate", &policy::text(workload)));
    compiled.map(|compiled| compiled.plan).map_err(|errors| format!("the policy has {} errors", errors.len()))
}

pub(crate) struct Gatelaw<'w> {
    strings: &'w Strings<'w>,
    session: Session<&'w Plan>,
    callers: Vec<Prepared>,
}

impl<'w> Gatelaw<'w> {
    pub(crate) fn new(strings: &'w Strings<'w>, plan: &'w Plan) -> Self {
        let identities = policy::identities(strings.workload, plan.identity_model());
        let callers = identities.into_iter().map(|identity| plan.prepare(identity)).collect();
        Self { strings, session: Session::new(plan), callers }
    }
}

impl Engine for Gatelaw<'_> {
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict {
        let caller = asked.caller.and_then(|number| self.callers.get(number));
        let Some(raw) = self.strings.raw(asked) else { return FAILED };
        let decision = self.session.decision(&raw, caller.map_or(Caller::Anonymous, Caller::Prepared));
        let allowing = decision.rule.filter(|_| decision.status == 200);
        (decision.status, allowing.and_then(|name| name.strip_prefix("rule-")?.parse().ok()))
    }

    fn status(&mut self, asked: &Asked<'_>) -> u16 {
        let caller = asked.caller.and_then(|number| self.callers.get(number));
        let Some(raw) = self.strings.raw(asked) else { return FAILED.0 };
        self.session.decide(&raw, caller.map_or(Caller::Anonymous, Caller::Prepared)).status()
    }
}

/// A tree over segments and sets as bits, behind gatelaw's canonical form.
pub(crate) struct ByHand<'w> {
    strings: &'w Strings<'w>,
    reading: Reading,
    canonical: Canonical,
    matcher: Hand,
    callers: Vec<hand::Prepared>,
}

impl<'w> ByHand<'w> {
    pub(crate) fn new(strings: &'w Strings<'w>, plan: &Plan) -> Self {
        Self {
            strings,
            reading: Reading::new(plan.needs().clone()),
            canonical: Canonical::new(),
            matcher: Hand::new(strings.workload),
            callers: strings.workload.callers.iter().map(hand::prepare).collect(),
        }
    }
}

impl Engine for ByHand<'_> {
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict {
        let Some(raw) = self.strings.raw(asked) else { return FAILED };
        let read = self.canonical.read_target(&raw, |_| Default::default());
        match read.and_then(|()| self.canonical.read_rest(&raw, &self.reading, false)) {
            Ok(()) => {
                let caller = asked.caller.and_then(|number| self.callers.get(number));
                self.matcher.decide(&self.canonical, caller)
            }
            Err(_) => FAILED,
        }
    }
}
