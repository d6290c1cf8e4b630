//! The module that decides: one policy, and what is asked of it.

pub mod tokens;

use std::cell::RefCell;
use std::sync::Arc;

use gatelaw::policy::RuleId;
use gatelaw::{Caller, Effect, Plan, Session, artifact};
use gatelaw_host::{Handling, LineCaller, explanation_line, needs_line};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answer::Answer;
use crate::exchange::{self, Exchange};
use crate::fault::Fault;
use crate::frame::{Frame, Lines};
use crate::kept::Kept;
use tokens::Tokens;

/// Holds the policy of an instance, and the answer that is being collected.
#[derive(Debug, Default)]
pub struct Evaluator {
    session: Option<Session<Arc<Plan>>>,
    plan: Option<Arc<Plan>>,
    callers: Kept<LineCaller>,
    /// What judges tokens, once it is asked for.
    tokens: Option<Tokens>,
    answer: Answer,
}

impl Evaluator {
    /// Loads the artifact that was written, in place of what was loaded before. Answers the digest, whether there are limits,
    /// and the needs as JSON; or what is wrong.
    pub fn load(&mut self, exchange: &mut Exchange) -> bool {
        self.session = None;
        self.plan = None;
        self.callers = Kept::default();
        self.tokens = None;
        let bytes = std::mem::take(&mut exchange.input);
        let loaded = artifact::load_unsigned(&bytes);
        drop(bytes);
        match loaded {
            Ok(plan) => {
                self.answer.clear();
                self.answer.text(plan.digest());
                self.answer.word(u32::from(plan.has_limits()));
                self.answer.text(&needs_line(plan.needs()));
                self.answer.write_to(&mut exchange.output);
                let plan = Arc::new(plan);
                self.session = Some(Session::new(Arc::clone(&plan)));
                self.plan = Some(plan);
                true
            }
            Err(error) => self.fail(exchange, &Fault::from(error)),
        }
    }

    /// Maps the caller in the frame that was written, for all requests with their token. Answers the number to ask for them by,
    /// or what is wrong.
    pub fn keep_caller(&mut self, exchange: &mut Exchange) -> bool {
        let mapped = self.session.as_ref().ok_or_else(Fault::no_policy).and_then(|session| {
            let mut lines = Lines::new();
            let frame = Frame::read(&exchange.input, &mut lines)?;
            let caller = frame.caller(session.plan().identity_model())?;
            Ok(caller.prepared(session.plan()))
        });
        match mapped {
            Ok(caller) => {
                let number = self.callers.keep(caller);
                self.answer.clear();
                self.answer.word(number);
                self.answer.write_to(&mut exchange.output);
                true
            }
            Err(fault) => self.fail(exchange, &fault),
        }
    }

    /// Decides the request in the frame that was written. Answers a decision, or what is wrong.
    pub fn decide(&mut self, exchange: &mut Exchange) -> bool {
        self.judge(exchange, add_decision)
    }

    /// Decides the request in the frame that was written, and says no more than whether it may pass. Answers what is wrong, and then says
    /// `None`.
    pub fn allows(&mut self, exchange: &mut Exchange) -> Option<bool> {
        let is_allowed = |session: &Session<_>| session.outcome().effect() == Effect::Allow;
        self.judge(exchange, |_, _, _| ()).then(|| self.session.as_ref().is_some_and(is_allowed))
    }

    /// Decides the request in the frame that was written, and says what a gate does about it. Answers a decision, the handling
    /// and the trace, or what is wrong.
    pub fn handle(&mut self, exchange: &mut Exchange) -> bool {
        self.judge(exchange, add_handling)
    }

    /// Decides the request in the frame that was written, and answers an explanation as one line of JSON, or what is wrong.
    pub fn explain(&mut self, exchange: &mut Exchange) -> bool {
        let explained =
            asked(self.session.as_mut(), &self.callers, &exchange.input, |session, frame, caller| {
                explanation_line(&session.explain(frame.raw(), caller), None)
            });
        match explained {
            Ok(line) => {
                exchange.output = line.into_bytes();
                true
            }
            Err(fault) => self.fail(exchange, &fault),
        }
    }

    /// Answers the line that was written with a decision as one line of JSON, or with what is wrong with it.
    pub fn decide_line(&mut self, exchange: &mut Exchange) -> bool {
        self.line(exchange, |session, line| gatelaw_host::decide_line(session, line, None))
    }

    /// Answers the line that was written with an explanation as one line of JSON, or with what is wrong with it.
    pub fn explain_line(&mut self, exchange: &mut Exchange) -> bool {
        self.line(exchange, |session, line| gatelaw_host::explain_line(session, line, None))
    }

    /// Answers as a gate does that can't decide: the code and the correlation id stand in what was written, with a line feed
    /// between them.
    pub fn unavailable(&mut self, exchange: &mut Exchange) -> bool {
        let text = std::str::from_utf8(&exchange.input).unwrap_or_default();
        let (code, request_id) = text.split_once('\n').unwrap_or((text, ""));
        self.answer.clear();
        self.answer.handling(&Handling::Answer(gatelaw_host::Answer::unavailable(code, request_id)));
        self.answer.trace(None);
        self.answer.write_to(&mut exchange.output);
        true
    }

    fn judge(
        &mut self,
        exchange: &mut Exchange,
        answer: fn(&Session<Arc<Plan>>, &Frame<'_>, &mut Answer),
    ) -> bool {
        let out = &mut self.answer;
        let judged =
            asked(self.session.as_mut(), &self.callers, &exchange.input, |session, frame, caller| {
                session.decide(frame.raw(), caller);
                out.clear();
                answer(session, frame, out);
            });
        match judged {
            Ok(()) => {
                self.answer.write_to(&mut exchange.output);
                true
            }
            Err(fault) => self.fail(exchange, &fault),
        }
    }

    /// Says whether a header line of the name that was written can't matter, whatever its value is.
    pub fn passes_over(&mut self, exchange: &mut Exchange) -> bool {
        self.session.as_ref().is_some_and(|session| session.plan().passes_over(&exchange.input))
    }

    /// Returns the name of a rule.
    #[must_use]
    pub fn rule_name(&self, number: u32) -> Option<&str> {
        self.session.as_ref()?.plan().rule_name(RuleId(number))
    }

    fn line(
        &mut self,
        exchange: &mut Exchange,
        answer: impl FnOnce(&mut Session<Arc<Plan>>, &str) -> String,
    ) -> bool {
        match (self.session.as_mut(), std::str::from_utf8(&exchange.input)) {
            (Some(session), Ok(line)) => {
                exchange.output = answer(session, line).into_bytes();
                true
            }
            (None, _) => self.fail(exchange, &Fault::no_policy()),
            (Some(_), Err(_)) => self.fail(exchange, &Fault::no_frame()),
        }
    }

    fn fail(&mut self, exchange: &mut Exchange, fault: &Fault) -> bool {
        self.answer.clear();
        self.answer.fault(fault);
        self.answer.write_to(&mut exchange.output);
        false
    }
}

/// Adds what the session decided last.
fn add_decision(session: &Session<Arc<Plan>>, frame: &Frame<'_>, answer: &mut Answer) {
    answer.decision(&session.view(), session.outcome().rule(), frame.target());
}

/// Adds what the session decided last, and what a gate does about it.
fn add_handling(session: &Session<Arc<Plan>>, frame: &Frame<'_>, answer: &mut Answer) {
    let decision = session.view();
    let handling = Handling::of_text(&decision, frame.header_names(), frame.request_id());
    let trace = frame.trace();
    let handling = match &trace {
        Some(trace) => handling.carrying(trace, frame.header_names()),
        None => handling,
    };
    answer.decision(&decision, session.outcome().rule(), frame.target());
    answer.handling(&handling);
    answer.trace(trace.as_ref());
}

/// Puts the request in a frame to a session.
fn asked<T>(
    session: Option<&mut Session<Arc<Plan>>>,
    callers: &Kept<LineCaller>,
    bytes: &[u8],
    ask: impl FnOnce(&mut Session<Arc<Plan>>, &Frame<'_>, Caller<'_>) -> T,
) -> Result<T, Fault> {
    let session = session.ok_or_else(Fault::no_policy)?;
    let mut lines = Lines::new();
    let frame = Frame::read(bytes, &mut lines)?;
    if session.plan().needs().ip {
        frame.require_ip()?;
    }
    if let Some(number) = frame.kept() {
        let caller = callers.get(number).ok_or_else(Fault::no_frame)?;
        return Ok(ask(session, &frame, caller.caller()));
    }
    let caller = frame.caller(session.plan().identity_model())?;
    Ok(ask(session, &frame, caller.caller()))
}

thread_local! {
    static EVALUATOR: RefCell<Evaluator> = RefCell::default();
}

/// Calls what stands behind an export. WebAssembly calls one export at a time; were it not so, nothing would be done.
fn with(call: impl FnOnce(&mut Evaluator, &mut Exchange) -> bool) -> u32 {
    calling(false, call).into()
}

/// As [`with`], for what is asked with each request: says at once where the answer stands; null where something is wrong.
fn told(call: impl FnOnce(&mut Evaluator, &mut Exchange) -> bool) -> *const u8 {
    calling(std::ptr::null(), |evaluator, exchange| match call(evaluator, exchange) {
        true => exchange.output.as_ptr(),
        false => std::ptr::null(),
    })
}

fn calling<T: Copy>(busy: T, call: impl FnOnce(&mut Evaluator, &mut Exchange) -> T) -> T {
    exchange::with(busy, |exchange| {
        EVALUATOR.with(|evaluator| {
            evaluator.try_borrow_mut().map_or(busy, |mut evaluator| call(&mut evaluator, exchange))
        })
    })
}

/// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
#[wasm_bindgen]
#[must_use]
pub fn load() -> u32 {
    with(Evaluator::load)
}

/// Maps a caller, for all requests with their token.
#[wasm_bindgen]
#[must_use]
pub fn keep_caller() -> u32 {
    with(Evaluator::keep_caller)
}

/// Drops a caller that was kept.
#[wasm_bindgen]
pub fn drop_caller(number: u32) {
    with(|evaluator, _| evaluator.callers.take(number).is_some());
}

/// Says whether a header of a name can't matter.
#[wasm_bindgen]
#[must_use]
pub fn passes_over() -> u32 {
    with(Evaluator::passes_over)
}

/// Says where the name of a rule stands, for as long as its policy is loaded.
#[wasm_bindgen]
#[must_use]
pub fn rule_name(number: u32) -> *const u8 {
    let name = |evaluator: &Evaluator| evaluator.rule_name(number).map_or(std::ptr::null(), str::as_ptr);
    EVALUATOR.with(|evaluator| evaluator.try_borrow().map_or(std::ptr::null(), |evaluator| name(&evaluator)))
}

/// Says how many bytes the name of a rule has.
#[wasm_bindgen]
#[must_use]
pub fn rule_name_length(number: u32) -> u32 {
    let length = |evaluator: &Evaluator| evaluator.rule_name(number).map_or(0, str::len);
    let length = EVALUATOR.with(|evaluator| evaluator.try_borrow().map_or(0, |evaluator| length(&evaluator)));
    u32::try_from(length).unwrap_or(0)
}

/// Decides a request, and says where the decision stands.
#[wasm_bindgen]
#[must_use]
pub fn decide() -> *const u8 {
    told(Evaluator::decide)
}

/// Decides a request: 2 where it may pass, 1 where it may not, 0 where something is wrong.
#[wasm_bindgen]
#[must_use]
pub fn allows() -> u32 {
    calling(None, Evaluator::allows).map_or(0, |is_allowed| if is_allowed { 2 } else { 1 })
}

/// Decides a request, says what a gate does about it, and where that stands.
#[wasm_bindgen]
#[must_use]
pub fn handle() -> *const u8 {
    told(Evaluator::handle)
}

/// Explains the decision of a request, and says where that stands.
#[wasm_bindgen]
#[must_use]
pub fn explain() -> *const u8 {
    told(Evaluator::explain)
}

/// Decides a request that is a line of JSON.
#[wasm_bindgen]
#[must_use]
pub fn decide_line() -> u32 {
    with(Evaluator::decide_line)
}

/// Explains the decision of a request that is a line of JSON.
#[wasm_bindgen]
#[must_use]
pub fn explain_line() -> u32 {
    with(Evaluator::explain_line)
}

/// Says what a gate answers that can't decide.
#[wasm_bindgen]
#[must_use]
pub fn unavailable() -> u32 {
    with(Evaluator::unavailable)
}
