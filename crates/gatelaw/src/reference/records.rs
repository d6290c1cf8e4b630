//! What is written down beside the outcome: limits, the audit record, what was observed.

use std::collections::BTreeSet;

use super::values::{Input, Value};
use crate::ast::{AuditLevel, Effect};
use crate::decision::{Decision, LimitKey, LimitUse, Reason};
use crate::limits::RECORD_BYTES_MAX;
use crate::policy::Action;

/// Fills in what every decision by rules says, whatever its outcome.
pub(super) fn write(input: &Input<'_>, decision: &mut Decision) {
    let mut level: Option<AuditLevel> = None;
    let mut keep: BTreeSet<(String, String)> = BTreeSet::new();
    let mut redact: BTreeSet<String> = BTreeSet::new();
    let mut bytes = 0;
    let mut keeper: Option<&str> = None;
    for rule in &input.policy.rules {
        let Some(captures) = input.matches(rule) else { continue };
        if rule.observe {
            decision.observed.push(rule.name.clone());
        }
        let Action::Audit(audit) = &rule.action else { continue };
        level = level.max(audit.level);
        if !audit.keep.is_empty() {
            keeper.get_or_insert(&rule.name);
        }
        for attr in &audit.keep {
            if let Some(text) = input.attr(&captures, attr).and_then(|value| value.text()) {
                let name = attr.text(&input.policy.identity);
                bytes += name.len() + text.len();
                keep.insert((name, text));
            }
        }
        redact.extend(audit.redact.iter().map(|attr| attr.text(&input.policy.identity)));
    }
    if bytes > RECORD_BYTES_MAX {
        keep.clear();
        too_large(decision, keeper);
    }
    let level = level.unwrap_or(AuditLevel::Brief);
    decision.audit = match decision.effect {
        Effect::Allow => level,
        Effect::Deny => level.max(AuditLevel::Brief),
    };
    decision.keep = keep.into_iter().filter(|(attr, _)| !redact.contains(attr)).collect();
    decision.observed.sort();
}

/// Denies, in place of whatever was decided, a request whose record would have to be cut.
fn too_large(decision: &mut Decision, keeper: Option<&str>) {
    (decision.effect, decision.status, decision.reason) = (Effect::Deny, 403, Reason::RecordSize);
    decision.rule = keeper.map(str::to_owned);
    (decision.challenge, decision.text) = (None, None);
    (decision.set, decision.remove, decision.limits) = (Vec::new(), Vec::new(), Vec::new());
}

/// Lists the limits that an allowed request counts against.
pub(super) fn limits(input: &Input<'_>) -> Vec<LimitUse> {
    let mut uses = Vec::new();
    for rule in input.policy.rules.iter().filter(|r| !r.observe) {
        let Action::Limit(limit) = &rule.action else { continue };
        let Some(captures) = input.matches(rule) else { continue };
        let mut key = LimitKey::new(&rule.name);
        for attr in &limit.by {
            match input.attr(&captures, attr) {
                Some(Value::String(value)) => key.string(&value),
                Some(Value::Int(value)) => key.int(value),
                Some(Value::Bool(value)) => key.bool(value),
                Some(Value::Ip(value)) => key.ip(value),
                _ => key.absent(),
            }
        }
        uses.push(LimitUse {
            name: rule.name.clone(),
            key: key.finish(),
            rate: limit.rate,
            per_s: limit.per_s,
            burst: limit.burst,
        });
    }
    uses.sort_by(|a, b| a.name.cmp(&b.name));
    uses
}
