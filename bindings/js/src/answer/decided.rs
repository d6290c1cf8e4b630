//! Decisions, handlings and faults, in the order in which JavaScript reads them.

use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::{DecisionText, LimitText, Reason};
use gatelaw::policy::RuleId;
use gatelaw_host::{Handling, Trace};

use super::{Answer, length};
use crate::words::ABSENT;

impl Answer {
    /// Adds a decision: effect, status, audit level, reason, rule and target; and 1, or 0 where there is nothing in all else, as in most: its
    /// texts and its lists. Behind these seven words stand the reason and the target where they are texts, and all else.
    ///
    /// What JavaScript has, or has had before, is not written again: the digest of the policy; a reason of one word, in place of which its
    /// number in the list of `js/internal/answer.js` stands, from 1 on; the rule's name, by its number, from 1 on; and the target, where
    /// it goes on as it came (1; 0 for none, and 2 for another text).
    pub fn decision(&mut self, decision: &DecisionText<'_>, rule: Option<RuleId>, given: &[u8]) {
        let effect = match decision.effect {
            Effect::Deny => 0,
            Effect::Allow => 1,
        };
        let audit = match decision.audit {
            AuditLevel::None => 0,
            AuditLevel::Brief => 1,
            AuditLevel::Full => 2,
        };
        let reason = number_of(&decision.reason);
        let rule = rule.map_or(0, |rule| rule.0.saturating_add(1));
        let changed = decision.target.filter(|target| target.as_bytes() != given);
        let target = if changed.is_some() { 2 } else { u32::from(decision.target.is_some()) };
        let is_plain = is_plain(decision);
        let status = u32::from(decision.status);
        self.words([effect, status, audit, reason, rule, target, u32::from(!is_plain)]);
        if reason == 0 {
            self.text(&decision.reason.to_string());
        }
        if let Some(target) = changed {
            self.text(target);
        }
        if !is_plain {
            self.rest(decision);
        }
    }

    /// Adds the texts and the lists of a decision.
    fn rest(&mut self, decision: &DecisionText<'_>) {
        self.optional(decision.challenge);
        self.optional(decision.text);
        self.list(&decision.set, Self::pair);
        self.list(&decision.remove, |answer, name| answer.text(name));
        self.list(&decision.limits, Self::limit);
        self.list(&decision.keep, Self::pair);
        self.list(&decision.observed, |answer, name| answer.text(name));
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

    fn pair(&mut self, (name, value): &(&str, &str)) {
        self.text(name);
        self.text(value);
    }

    fn limit(&mut self, limit: &LimitText<'_>) {
        self.text(limit.name);
        self.text(limit.key);
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

/// Says whether there is nothing in a decision but what each has.
fn is_plain(decision: &DecisionText<'_>) -> bool {
    let DecisionText { challenge, text, set, remove, limits, keep, observed, .. } = decision;
    challenge.is_none()
        && text.is_none()
        && set.is_empty()
        && remove.is_empty()
        && limits.is_empty()
        && keep.is_empty()
        && observed.is_empty()
}

/// Numbers the reasons of one word; 0 stands for those of more.
fn number_of(reason: &Reason) -> u32 {
    match reason {
        Reason::Rule => 1,
        Reason::NoRule => 2,
        Reason::Unauthenticated => 3,
        Reason::InsufficientUserAuthentication => 4,
        Reason::InsufficientScope => 5,
        Reason::KeysUnavailable => 6,
        Reason::ForwardValue => 7,
        Reason::RecordSize => 8,
        Reason::Refused(_) | Reason::Token(_) | Reason::Fact(_) => 0,
    }
}
