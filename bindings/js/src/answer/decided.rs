//! Decisions, handlings and faults, in the order in which JavaScript reads them.

use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::{Decision, LimitUse};
use gatelaw_host::{Handling, Trace};

use super::{Answer, length};
use crate::fault::Fault;
use crate::words::ABSENT;

impl Answer {
    /// Adds a decision: effect, status and audit level; its texts; its lists.
    ///
    /// The digest of the policy is left out: whoever loaded the policy has it.
    pub fn decision(&mut self, decision: &Decision) {
        self.word(match decision.effect {
            Effect::Deny => 0,
            Effect::Allow => 1,
        });
        self.word(u32::from(decision.status));
        self.word(match decision.audit {
            AuditLevel::None => 0,
            AuditLevel::Brief => 1,
            AuditLevel::Full => 2,
        });
        self.text(&decision.reason.to_string());
        for text in [&decision.rule, &decision.challenge, &decision.text, &decision.target] {
            self.optional(text.as_deref());
        }
        self.pairs(&decision.set);
        self.texts(&decision.remove);
        self.list(&decision.limits, Self::limit);
        self.pairs(&decision.keep);
        self.texts(&decision.observed);
    }

    /// Adds what a gate does: 1 and target, names to drop and headers to set; or 0 and status, headers and body.
    pub fn handling(&mut self, handling: &Handling) {
        match handling {
            Handling::Answer(answer) => {
                self.word(0);
                self.word(u32::from(answer.status));
                self.pairs(&answer.headers);
                self.text(&answer.body);
            }
            Handling::Forward(forward) => {
                self.word(1);
                self.text(&forward.target);
                self.texts(&forward.drop);
                self.pairs(&forward.set);
            }
        }
    }

    /// Adds the trace: 1 and its id, this gate's span and the id of the caller's trace; or 0 where there is none.
    pub fn trace(&mut self, trace: Option<&Trace>) {
        self.word(u32::from(trace.is_some()));
        if let Some(trace) = trace {
            self.text(trace.id());
            self.text(trace.parent());
            self.optional(trace.caller());
        }
    }

    /// Adds what went wrong: code, argument, sentence.
    pub fn fault(&mut self, fault: &Fault) {
        [fault.code, fault.at, &fault.message].into_iter().for_each(|text| self.text(text));
    }

    fn limit(&mut self, limit: &LimitUse) {
        self.text(&limit.name);
        self.text(&limit.key);
        [limit.rate, limit.per_s, limit.burst].into_iter().for_each(|word| self.word(word));
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.word(ABSENT),
        }
    }

    fn texts(&mut self, texts: &[String]) {
        self.list(texts, |answer, text| answer.text(text));
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        self.list(pairs, |answer, (name, value)| {
            answer.text(name);
            answer.text(value);
        });
    }

    fn list<T>(&mut self, members: &[T], add: impl Fn(&mut Self, &T)) {
        self.word(length(members.len()));
        members.iter().for_each(|member| add(self, member));
    }
}
