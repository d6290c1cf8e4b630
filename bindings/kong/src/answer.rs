//! What a session answered last, laid out for C: pointers into what the session holds.

use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::DecisionText;
use gatelaw_host::Handling;

use crate::identity::GateCaller;
use crate::text::{GatePair, GateText};
use crate::trace::GateTrace;

/// Says whether a request may pass: `gate_verdict` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateVerdict {
    pub(crate) allowed: i32,
    pub(crate) status: i32,
    pub(crate) wanted: GateText,
}

/// Holds a decision: `gate_decision` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateDecision {
    allowed: i32,
    status: i32,
    reason: GateText,
    rule: GateText,
    challenge: GateText,
    text: GateText,
    target: GateText,
    audit: GateText,
    policy: GateText,
    set: *const GatePair,
    set_len: usize,
    remove: *const GateText,
    remove_len: usize,
    limits: *const GateLimit,
    limits_len: usize,
    keep: *const GatePair,
    keep_len: usize,
    observed: *const GateText,
    observed_len: usize,
}

/// Holds a limit that an allowed request counts against: `gate_limit` of the header.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct GateLimit {
    name: GateText,
    key: GateText,
    rate: u32,
    per_s: u32,
    burst: u32,
}

/// Holds what a gate does with a request: `gate_handling` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateHandling {
    forwarded: i32,
    status: i32,
    target: GateText,
    drop: *const GateText,
    drop_len: usize,
    headers: *const GatePair,
    headers_len: usize,
    body: GateText,
}

/// Holds all that a proxy does with a request: `gate_served` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateServed {
    pub(crate) decision: GateDecision,
    pub(crate) handling: GateHandling,
    pub(crate) caller: GateCaller,
    pub(crate) trace: GateTrace,
    pub(crate) wanted: GateText,
    pub(crate) unchanged: i32,
}

/// Holds the last answer of a session; pointers of C go here.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    // INVARIANT: the lists of a decision point into the session that decided, and its plan; `drop` and `headers` into `handling`.
    // Each is replaced, or forgotten, together with what it points into.
    reason: String,
    set: Vec<GatePair>,
    remove: Vec<GateText>,
    limits: Vec<GateLimit>,
    keep: Vec<GatePair>,
    observed: Vec<GateText>,
    handling: Option<Handling>,
    drop: Vec<GateText>,
    headers: Vec<GatePair>,
    line: String,
}

impl GateHandling {
    pub(crate) fn is_forwarded(&self) -> bool {
        self.forwarded != 0
    }
}

impl Answer {
    /// Forgets the last answer: what fails now must not leave the one before.
    pub(crate) fn clear(&mut self) {
        for list in [&mut self.set, &mut self.keep, &mut self.headers] {
            list.clear();
        }
        for list in [&mut self.remove, &mut self.observed, &mut self.drop] {
            list.clear();
        }
        self.limits.clear();
        self.handling = None;
    }

    /// Lays a decision out; what it points to stands as long as the session doesn't decide again.
    pub(crate) fn decision(&mut self, decision: &DecisionText<'_>) -> GateDecision {
        self.reason.clear();
        let (kind, detail) = decision.reason.parts();
        self.reason.push_str(kind);
        self.reason.push_str(detail);
        let pair =
            |(name, value): &(&str, &str)| GatePair { name: GateText::of(name), value: GateText::of(value) };
        refill(&mut self.set, decision.set.iter().map(pair));
        refill(&mut self.remove, decision.remove.iter().map(|name| GateText::of(name)));
        refill(&mut self.keep, decision.keep.iter().map(pair));
        refill(&mut self.observed, decision.observed.iter().map(|name| GateText::of(name)));
        let limits = decision.limits.iter().map(|limit| GateLimit {
            name: GateText::of(limit.name),
            key: GateText::of(limit.key),
            rate: limit.rate,
            per_s: limit.per_s,
            burst: limit.burst,
        });
        refill(&mut self.limits, limits);
        GateDecision {
            allowed: i32::from(decision.effect == Effect::Allow),
            status: i32::from(decision.status),
            reason: GateText::of(&self.reason),
            rule: GateText::of_optional(decision.rule),
            challenge: GateText::of_optional(decision.challenge),
            text: GateText::of_optional(decision.text),
            target: GateText::of_optional(decision.target),
            audit: GateText::of(match decision.audit {
                AuditLevel::None => "none",
                AuditLevel::Brief => "brief",
                AuditLevel::Full => "full",
            }),
            policy: GateText::of(decision.policy),
            set: self.set.as_ptr(),
            set_len: self.set.len(),
            remove: self.remove.as_ptr(),
            remove_len: self.remove.len(),
            limits: self.limits.as_ptr(),
            limits_len: self.limits.len(),
            keep: self.keep.as_ptr(),
            keep_len: self.keep.len(),
            observed: self.observed.as_ptr(),
            observed_len: self.observed.len(),
        }
    }

    /// Keeps what a gate does with a request, and lays it out.
    pub(crate) fn handling(&mut self, handling: Handling) -> GateHandling {
        let (target, drop, headers, status, body) = match self.handling.insert(handling) {
            Handling::Forward(forward) => (&*forward.target, &*forward.drop, &forward.set, None, ""),
            Handling::Answer(answer) => {
                ("", [].as_slice(), &answer.headers, Some(answer.status), &*answer.body)
            }
        };
        refill(&mut self.drop, drop.iter().map(|name| GateText::of(name)));
        refill(&mut self.headers, headers.iter().map(GatePair::of));
        GateHandling {
            forwarded: i32::from(status.is_none()),
            status: status.map_or(0, i32::from),
            target: GateText::of(target),
            drop: self.drop.as_ptr(),
            drop_len: self.drop.len(),
            headers: self.headers.as_ptr(),
            headers_len: self.headers.len(),
            body: GateText::of(body),
        }
    }

    /// Keeps a line, and points to it.
    pub(crate) fn line(&mut self, line: String) -> GateText {
        self.line = line;
        GateText::of(&self.line)
    }
}

fn refill<T>(list: &mut Vec<T>, entries: impl Iterator<Item = T>) {
    list.clear();
    list.extend(entries);
}
