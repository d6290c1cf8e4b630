//! A loaded policy, and the sessions that decide by it.

use std::sync::Arc;

use gatelaw::address::IpNet;
use gatelaw::ast::Effect;
use gatelaw::{Caller, Plan, RawRequest};
use gatelaw_host::{Handling, decision_line, needs_line};

use crate::answer::{Answer, GateDecision, GateHandling, GateServed, GateVerdict};
use crate::border::Failure;
use crate::identity::{GateCaller, Identity};
use crate::request::{FACTS, IP, Lines, Proxies, Room};
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
    pub(crate) room: Room,
    answer: Answer,
    /// Boxed, so that what C was told stays where it is.
    trace: Option<Box<Told>>,
    /// Whether the buffers of the session hold a decision.
    is_decided: bool,
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
        Ok(Self {
            plan,
            session,
            proxies,
            room: Room::default(),
            answer: Answer::default(),
            trace: None,
            is_decided: false,
            is_torn: false,
        })
    }

    /// Decides a request. [`Self::decision`] tells the rest of what it came to, until the next one.
    ///
    /// # Errors
    /// `abi:verifier` and `abi:identity` for what was made for another policy; `request:missing-member` for a request without
    /// an address, where the policy reads it.
    pub(crate) fn verdict(
        &mut self,
        raw: &RawRequest<'_>,
        asker: &mut Asker<'_>,
    ) -> Result<GateVerdict, Failure> {
        self.check_address(raw)?;
        let wanted = match asker {
            Asker::Identity(identity) => {
                let caller = identity.map_or(Ok(Caller::Anonymous), |known| known.caller(&self.plan))?;
                self.ask(|session| {
                    session.decide(raw, caller);
                    GateText::NONE
                })
            }
            Asker::Verifier(verifier) if verifier.is_for(&self.plan) => {
                self.ask(|session| verifier.decide(session, raw))
            }
            Asker::Verifier(_) => {
                let message = "the verifier is of another policy: make one for this policy";
                return Err(Failure::new("abi:verifier", message));
            }
        };
        self.is_decided = true;
        let outcome = self.session.outcome();
        Ok(GateVerdict {
            allowed: i32::from(outcome.effect() == Effect::Allow),
            status: i32::from(outcome.status()),
            wanted,
        })
    }

    /// Tells the decision that was made last.
    ///
    /// # Errors
    /// `abi:order` where none was.
    pub(crate) fn decision(&mut self) -> Result<GateDecision, Failure> {
        self.check_decided()?;
        Ok(self.answer.decision(&self.session.view()))
    }

    /// Decides a request, and says all that a proxy does with it but its trace.
    pub(crate) fn serve(
        &mut self,
        raw: &RawRequest<'_>,
        lines: &Lines<'_>,
        mut asker: Asker<'_>,
        request_id: &str,
        served: &mut GateServed,
    ) -> Result<(), Failure> {
        served.wanted = self.verdict(raw, &mut asker)?.wanted;
        let decision = self.session.view();
        let handling = Handling::of_text(&decision, lines.iter().map(|(name, _)| *name), request_id);
        served.decision = self.answer.decision(&decision);
        served.handling = self.answer.handling(handling);
        served.unchanged = i32::from(decision.target.is_some_and(|target| target.as_bytes() == raw.target));
        let caller = if served.handling.is_forwarded() { asker.caller() } else { None };
        served.caller = caller.unwrap_or(GateCaller::NONE);
        Ok(())
    }

    /// Says what a gate does with the request that was decided last.
    ///
    /// # Errors
    /// `abi:order` where no request was.
    pub(crate) fn handle(&mut self, lines: &Lines<'_>, request_id: &str) -> Result<GateHandling, Failure> {
        self.check_decided()?;
        let names = lines.iter().map(|(name, _)| *name);
        Ok(self.answer.handling(Handling::of_text(&self.session.view(), names, request_id)))
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
        self.check_decided()?;
        let line = decision_line(&self.session.to_decision());
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
        self.is_decided = false;
    }

    fn check_decided(&self) -> Result<(), Failure> {
        if self.is_decided { Ok(()) } else { Err(undecided()) }
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

/// Who is asking, or what will tell.
#[derive(Debug)]
pub(crate) enum Asker<'a> {
    /// A caller who was mapped before; `None` is nobody.
    Identity(Option<&'a Identity>),
    /// Whoever the request's token names.
    Verifier(&'a mut Verifier),
}

impl Asker<'_> {
    /// Names who asked last, where somebody did whom the policy knows.
    fn caller(&mut self) -> Option<GateCaller> {
        match self {
            Self::Identity(identity) => identity.and_then(Identity::verified_caller),
            Self::Verifier(verifier) => verifier.caller(),
        }
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
