//! A decision as one line of JSON.

use std::borrow::Borrow;
use std::fmt::Display;

use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::{DecisionText, Reason};
use gatelaw::{Decision, Plan, Session};
use serde::{Serialize, Serializer};

use crate::request_line::{LineError, RequestLine, RequestText};

/// The members of a decision, always all and in this order.
#[derive(Serialize)]
struct Line<'d> {
    v: u8,
    effect: &'static str,
    status: u16,
    reason: Text<&'d Reason>,
    rule: Option<&'d str>,
    challenge: Option<&'d str>,
    text: Option<&'d str>,
    set: &'d [(&'d str, &'d str)],
    remove: &'d [&'d str],
    limits: Vec<LimitLine<'d>>,
    audit: &'static str,
    keep: &'d [(&'d str, &'d str)],
    observed: &'d [&'d str],
    target: Option<&'d str>,
    policy: &'d str,
}

/// What is written as its text.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
struct LimitLine<'d> {
    name: &'d str,
    key: &'d str,
    rate: u32,
    per_s: u32,
    burst: u32,
}

/// Writes a decision as one line, without a line break at its end.
#[must_use]
pub fn decision_line(decision: &Decision) -> String {
    written(&decision.as_text())
}

fn written(decision: &DecisionText<'_>) -> String {
    let line = Line {
        v: 1,
        effect: match decision.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        },
        status: decision.status,
        reason: Text(&decision.reason),
        rule: decision.rule,
        challenge: decision.challenge,
        text: decision.text,
        set: &decision.set,
        remove: &decision.remove,
        limits: decision
            .limits
            .iter()
            .map(|l| LimitLine { name: l.name, key: l.key, rate: l.rate, per_s: l.per_s, burst: l.burst })
            .collect(),
        audit: match decision.audit {
            AuditLevel::None => "none",
            AuditLevel::Brief => "brief",
            AuditLevel::Full => "full",
        },
        keep: &decision.keep,
        observed: &decision.observed,
        target: decision.target,
        policy: decision.policy,
    };
    // Texts and numbers alone always serialise; were they not to, an empty line is no allow.
    let mut text = Vec::with_capacity(LINE_BYTES);
    let is_written = serde_json::to_writer(&mut text, &line).is_ok();
    if is_written { String::from_utf8(text).unwrap_or_default() } else { String::new() }
}

/// Bytes that nearly every line fits.
const LINE_BYTES: usize = 1_024;

/// Reads a line for a plan: the request, and all that the policy needs of it.
///
/// # Errors
/// Where the line is no request, or lacks an address that the policy reads.
pub fn request_line<P: Borrow<Plan>>(
    session: &Session<P>,
    line: &str,
    default_now: Option<i64>,
) -> Result<RequestLine, LineError> {
    whole(RequestLine::parse(line, default_now)?, session.plan())
}

/// Passes a request on that has all that the plan needs.
fn whole<'l>(request: RequestText<'l>, plan: &Plan) -> Result<RequestText<'l>, LineError> {
    request.require(plan.needs())?;
    Ok(request)
}

/// Answers one line: a decision, or what is wrong with the line.
///
/// `default_now`, in Unix seconds, stands in for a missing `now`.
pub fn decide_line<P: Borrow<Plan>>(
    session: &mut Session<P>,
    line: &str,
    default_now: Option<i64>,
) -> String {
    let read = RequestText::read(line, default_now);
    let request = match read.and_then(|request| whole(request, session.plan())) {
        Ok(request) => request,
        Err(error) => return error.to_line(),
    };
    let caller = request.caller(session.plan().identity_model());
    request.with(|raw| {
        session.decide(raw, caller.caller());
    });
    written(&session.view())
}
