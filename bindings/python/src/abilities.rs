//! What a host says that it can do: a policy that asks for more is refused before the first request.

use std::collections::BTreeSet;

use gatelaw::Plan;
use gatelaw_host::NeedsLine;
use pyo3::prelude::*;

use crate::argument;
use crate::error::Fault;

/// All that `facts` may name.
const FACTS: [&str; 6] = ["country", "asn", "bot_score", "tls_version", "client_cert", "size"];

/// What a host says of itself, by the keyword arguments of `Gate`.
pub(crate) struct Abilities {
    /// Whether the caller acts on limits; this gate can't count.
    reports_limits: bool,
    /// The facts that it can give, where it says so.
    facts: Option<BTreeSet<String>>,
    /// Whether it can give the client's address.
    ip: bool,
}

impl Abilities {
    /// Reads them.
    pub(crate) fn of(
        limits: Option<&Bound<'_, PyAny>>,
        facts: Option<&Bound<'_, PyAny>>,
        ip: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        let limits = limits.map_or(Ok(false), reports_limits).map_err(|fault| fault.within("limits"));
        let ip = ip.map_or(Ok(true), argument::truth).map_err(|fault| fault.within("ip"));
        let facts = facts.map(names).transpose().map_err(|fault| fault.within("facts"));
        Ok(Self { reports_limits: limits?, facts: facts?, ip: ip? })
    }

    /// Says what a policy asks for beyond them.
    pub(crate) fn suffice(&self, plan: &Plan) -> Result<(), Fault> {
        if plan.has_limits() && !self.reports_limits {
            let message = "the policy has limits, and this gate can't count; \
                to decide by the rest, and act on `Decision.limits` yourself, say `limits=\"report\"`";
            return Err(Fault::new("gate:limits", message));
        }
        let needs = NeedsLine::of(plan.needs());
        let missing: Vec<_> = needs.facts.into_iter().filter(|fact| !self.gives(fact)).collect();
        if !missing.is_empty() {
            let message =
                format!("the policy reads facts that this host does not give: {}", missing.join(", "));
            return Err(Fault::new("gate:facts", message));
        }
        if needs.ip && !self.ip {
            let message = "the policy reads the client's address, and this host does not give it";
            return Err(Fault::new("gate:ip", message));
        }
        Ok(())
    }

    fn gives(&self, fact: &str) -> bool {
        // A host that doesn't know the size leaves it to the header `content-length`.
        fact == "size" || self.facts.as_ref().is_none_or(|facts| facts.contains(fact))
    }
}

fn reports_limits(limits: &Bound<'_, PyAny>) -> Result<bool, Fault> {
    match argument::text(limits)? {
        "refuse" => Ok(false),
        "report" => Ok(true),
        _ => Err(Fault::argument("it is `refuse` or `report`")),
    }
}

fn names(facts: &Bound<'_, PyAny>) -> Result<BTreeSet<String>, Fault> {
    let wanted = || Fault::kind("an iterable of names", facts);
    if argument::is_text(facts) {
        return Err(wanted());
    }
    let name = |(number, name): (usize, PyResult<Bound<'_, PyAny>>)| {
        argument::text(&name?).map(str::to_owned).map_err(|fault| fault.within(&format!("[{number}]")))
    };
    let names = facts.try_iter().map_err(|_| wanted())?.enumerate().map(name);
    let names: BTreeSet<String> = names.collect::<Result<_, _>>()?;
    match names.iter().find(|name| !FACTS.contains(&name.as_str())) {
        Some(unknown) => {
            Err(Fault::argument(format!("`{unknown}` is no fact: facts are {}", FACTS.join(", "))))
        }
        None => Ok(names),
    }
}
