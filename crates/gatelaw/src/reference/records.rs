//! What is written down beside the outcome: limits, the audit record, what was observed.

use std::collections::BTreeSet;

use super::values::{Input, Value};
use crate::ast::{AuditLevel, Effect};
use crate::decision::{Decision, LimitKey, LimitUse};
use crate::policy::Action;

/// Fills in what every decision by rules says, whatever its outcome.
pub(super) fn write(input: &Input<'_>, decision: &mut Decision) {
    let mut level: Option<AuditLevel> = None;
    let mut keep: BTreeSet<(String, String)> = BTreeSet::new();
    let mut redact: BTreeSet<String> = BTreeSet::new();
    for rule in &input.policy.rules {
        let Some(captures) = input.matches(rule) else { continue };
        if rule.observe {
            decision.observed.push(rule.name.clone());
        }
        let Action::Audit(audit) = &rule.action else { continue };
        level = level.max(audit.level);
        for attr in &audit.keep {
            if let Some(text) = input.attr(&captures, attr).and_then(|value| value.text()) {
                keep.insert((attr.text(&input.policy.identity), text));
            }
        }
        redact.extend(audit.redact.iter().map(|attr| attr.text(&input.policy.identity)));
    }
    let level = level.unwrap_or(AuditLevel::Brief);
    decision.audit = match decision.effect {
        Effect::Allow => level,
        Effect::Deny => level.max(AuditLevel::Brief),
    };
    decision.keep = keep.into_iter().filter(|(attr, _)| !redact.contains(attr)).collect();
    decision.observed.sort();
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
