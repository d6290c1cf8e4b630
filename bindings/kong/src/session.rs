//! A loaded policy, and the sessions that decide by it.

use std::sync::Arc;

use gatelaw::address::IpNet;
use gatelaw::{Caller, Plan, RawRequest};
use gatelaw_host::{Handling, decision_line, needs_line};

use crate::answer::{Answer, GateDecision, GateHandling};
use crate::border::Failure;
use crate::identity::Identity;
use crate::request::{FACTS, IP, Lines, Proxies};
use crate::text::GateText;
use crate::trace::{GateTrace, Told};
use crate::verifier::Verifier;

/// Holds a loaded policy: `gate_policy` of the header.
#[derive(Debug)]
pub struct Policy {
    pub(crate) plan: Arc<Plan>,
    pub(crate) needs: String,
}

impl Policy {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { needs: needs_line(plan.needs()), plan: Arc::new(plan) }
    }
}

/// Says what a host can do, and whom it trusts: `gate_settings` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateSettings {
    limits_reported: u32,
    lacks: u32,
    trusted: GateText,
    client_header: GateText,
}

/// Decides by one policy, one request after the other: `gate_session` of the header.
#[derive(Debug)]
pub struct Session {
    plan: Arc<Plan>,
    session: gatelaw::Session<Arc<Plan>>,
    pub(crate) proxies: Proxies,
    answer: Answer,
    /// Boxed, so that what C was told stays where it is.
    trace: Option<Box<Told>>,
    /// Whether a call began and has not ended: then a panic ended it, and the buffers are not to be trusted.
    is_torn: bool,
}

impl Session {
    /// Makes a session.
    ///
    /// # Errors
    /// `gate:limits`, `gate:facts` or `gate:ip` where the policy asks for what the host can't do; `gate:trusted` for a
    /// network that is none.
    ///
    /// # Safety
    /// What the settings point to stays readable and unwritten during the call.
    pub(crate) unsafe fn new(policy: &Policy, settings: Option<&GateSettings>) -> Result<Self, Failure> {
        let plan = Arc::clone(&policy.plan);
        let (limits_reported, lacks) = settings.map_or((false, 0), |s| (s.limits_reported != 0, s.lacks));
        check(&plan, limits_reported, lacks)?;
        // SAFETY: readable or NULL by the promise of the caller.
        let proxies = settings.map_or_else(|| Ok(Proxies::default()), |s| unsafe { s.proxies() })?;
        let session = gatelaw::Session::new(Arc::clone(&plan));
        Ok(Self { plan, session, proxies, answer: Answer::default(), trace: None, is_torn: false })
    }

    /// Decides a request.
    pub(crate) fn decide(
        &mut self,
        raw: &RawRequest<'_>,
        identity: Option<&Identity>,
    ) -> Result<GateDecision, Failure> {
        self.check_address(raw)?;
        let caller = match identity {
            Some(identity) => identity.caller(&self.plan)?,
            None => Caller::Anonymous,
        };
        let decision = self.ask(|session| session.decision(raw, caller));
        Ok(self.answer.decision(decision))
    }

    /// Decides a request by the token that it carries. Answers, too, whether keys that may be fetched could change the decision.
    ///
    /// # Errors
    /// `abi:verifier` for a verifier of another policy.
    pub(crate) fn decide_token(
        &mut self,
        raw: &RawRequest<'_>,
        verifier: &mut Verifier,
    ) -> Result<(GateDecision, bool), Failure> {
        self.check_address(raw)?;
        if !verifier.is_for(&self.plan) {
            let message = "the verifier is of another policy: make one for this policy";
            return Err(Failure::new("abi:verifier", message));
        }
        let (decision, is_wanted) = self.ask(|session| {
            let is_wanted = verifier.decide(session, raw);
            (session.to_decision(), is_wanted)
        });
        Ok((self.answer.decision(decision), is_wanted))
    }

    /// Says what a gate does with the request that was decided last.
    ///
    /// # Errors
    /// `abi:order` where no request was.
    pub(crate) fn handle(&mut self, lines: &Lines<'_>, request_id: &str) -> Result<GateHandling, Failure> {
        let decision = self.answer.decision.as_ref().ok_or_else(undecided)?;
        let handling = Handling::of(decision, lines.iter().map(|(name, _)| *name), request_id);
        Ok(self.answer.handling(handling))
    }

    /// Takes the place of a request in its trace.
    ///
    /// # Errors
    /// `abi:random` for too few random bytes.
    pub(crate) fn trace(
        &mut self,
        lines: &Lines<'_>,
        continues: bool,
        random: &[u8],
    ) -> Result<GateTrace, Failure> {
        let told = self.trace.insert(Box::new(Told::next(lines, continues, random)?));
        Ok(told.laid_out())
    }

    /// Writes the last decision as a line.
    ///
    /// # Errors
    /// `abi:order` where no request was decided.
    pub(crate) fn line(&mut self) -> Result<GateText, Failure> {
        let line = decision_line(self.answer.decision.as_ref().ok_or_else(undecided)?);
        Ok(self.answer.line(line))
    }

    /// Answers a line of JSON.
    pub(crate) fn answer_line(
        &mut self,
        line: &[u8],
        answer: impl FnOnce(&mut gatelaw::Session<Arc<Plan>>, &str) -> String,
    ) -> GateText {
        // JSON is UTF-8 (RFC 8259 §8.1): other bytes are none.
        let line = std::str::from_utf8(line).unwrap_or("?");
        let answer = self.ask(|session| answer(session, line));
        self.answer.line(answer)
    }

    fn check_address(&self, raw: &RawRequest<'_>) -> Result<(), Failure> {
        if self.plan.needs().ip && raw.ip.is_none() && !raw.ip_unreadable {
            return Err(Failure::new("request:missing-member", "ip: the policy reads the client's address"));
        }
        Ok(())
    }

    /// Forgets the last decision, so that a call that fails leaves none behind.
    pub(crate) fn begin(&mut self) {
        self.answer.clear();
    }

    fn ask<T>(&mut self, ask: impl FnOnce(&mut gatelaw::Session<Arc<Plan>>) -> T) -> T {
        if self.is_torn {
            self.session = gatelaw::Session::new(Arc::clone(&self.plan));
        }
        self.is_torn = true;
        #[cfg(feature = "forced-panic")]
        crate::border::forced::panic_if_asked();
        let answer = ask(&mut self.session);
        self.is_torn = false;
        answer
    }
}

impl GateSettings {
    /// # Safety
    /// What the settings point to stays readable and unwritten during the call.
    unsafe fn proxies(&self) -> Result<Proxies, Failure> {
        // SAFETY: readable or NULL by the promise of the caller.
        let trusted = unsafe { self.trusted.text("trusted") }?;
        let networks = trusted.split(',').map(|network| network.trim_matches([' ', '\t']));
        let network = |network: &str| {
            let wrong = || Failure::new("gate:trusted", format!("`{network}` is no address and no network"));
            IpNet::parse(network).ok_or_else(wrong)
        };
        let trusted =
            networks.filter(|network| !network.is_empty()).map(network).collect::<Result<_, _>>()?;
        // SAFETY: readable or NULL by the promise of the caller.
        let header = unsafe { self.client_header.bytes() }?.to_vec();
        Ok(Proxies { trusted, header })
    }
}

/// Checks that a host can do what the policy asks for.
fn check(plan: &Plan, limits_reported: bool, lacks: u32) -> Result<(), Failure> {
    if plan.has_limits() && !limits_reported {
        let message = "the policy has limits, and this gate can't count: allow that with limits = \"report\"";
        return Err(Failure::new("gate:limits", message));
    }
    let needs = gatelaw_host::NeedsLine::of(plan.needs());
    let lacking = FACTS.iter().filter(|(name, bit)| lacks & bit != 0 && needs.facts.contains(name));
    let missing: Vec<&str> = lacking.map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        let message = format!("the policy reads facts that this gate doesn't have: {}", missing.join(", "));
        return Err(Failure::new("gate:facts", message));
    }
    if needs.ip && lacks & IP != 0 {
        let message = "the policy reads the client's address, and this gate doesn't have it";
        return Err(Failure::new("gate:ip", message));
    }
    Ok(())
}

fn undecided() -> Failure {
    Failure::new("abi:order", "no request was decided: call gate_decide before, and see that it succeeds")
}
