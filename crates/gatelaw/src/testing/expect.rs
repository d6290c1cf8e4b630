//! What a test expects, held against what was decided.

use super::Mismatch;
use crate::ast::{Effect, RuleRef, Test, TestLineKind};
use crate::decision::{Decision, Reason};
use crate::source::Spanned;

/// Lists the expectations of a test that a decision doesn't fulfil.
pub(super) fn mismatches(test: &Test, decision: &Decision) -> Vec<Mismatch> {
    let wrong = |line: &TestLineKind| match line {
        TestLineKind::ExpectEffect(effect, status, by) => {
            effect_mismatch(*effect, status.as_ref(), by.as_ref(), decision)
        }
        TestLineKind::ExpectRefused(code) => refusal_mismatch(&code.node, decision),
        TestLineKind::ExpectHeader(name, value) => header_mismatch(&name.node, &value.node, decision),
        TestLineKind::ExpectLimit(rule) => {
            let limits: Vec<&str> = decision.limits.iter().map(|l| l.name.as_str()).collect();
            list_mismatch("limit", &rule.node, &limits, decision)
        }
        TestLineKind::ExpectObserved(rule) => {
            let observed: Vec<&str> = decision.observed.iter().map(String::as_str).collect();
            list_mismatch("observed", &rule.node, &observed, decision)
        }
        TestLineKind::Request(..)
        | TestLineKind::Header(..)
        | TestLineKind::From(_)
        | TestLineKind::At(_)
        | TestLineKind::Facts(_)
        | TestLineKind::As(..)
        | TestLineKind::AsAnonymous
        | TestLineKind::AsInvalid => None,
    };
    let lines = test.lines.iter();
    lines
        .filter_map(|line| {
            let (expected, found) = wrong(&line.node)?;
            Some(Mismatch { span: line.span, expected, found })
        })
        .collect()
}

/// What was expected, and what was found.
type Wrong = Option<(String, String)>;

fn effect_mismatch(
    effect: Effect,
    status: Option<&Spanned<i64>>,
    by: Option<&RuleRef>,
    decision: &Decision,
) -> Wrong {
    let holds = decision.effect == effect
        && status.is_none_or(|s| s.node == i64::from(decision.status))
        && by.is_none_or(|rule| decision.rule.as_deref() == Some(&rule.node));
    if holds {
        return None;
    }
    let mut expected = word(effect).to_owned();
    if let Some(status) = status {
        expected.push_str(&format!(" {}", status.node));
    }
    if let Some(rule) = by {
        expected.push_str(&format!(" by `{}`", rule.node));
    }
    Some((expected, summary(decision)))
}

/// A code without a header's name stands for the code with any.
fn refusal_mismatch(code: &str, decision: &Decision) -> Wrong {
    let holds = match &decision.reason {
        Reason::Refused(found) => {
            found == code || found.strip_prefix(code).is_some_and(|rest| rest.starts_with(':'))
        }
        _ => false,
    };
    (!holds).then(|| (format!("refused `{code}`"), summary(decision)))
}

fn header_mismatch(name: &str, value: &str, decision: &Decision) -> Wrong {
    let lower = name.to_ascii_lowercase();
    let set = decision.set.iter().find(|(header, _)| *header == lower).map(|(_, text)| text.as_str());
    if set == Some(value) {
        return None;
    }
    let found = match set {
        Some(text) => format!("header `{lower}` is `{text}`"),
        None => format!("header `{lower}` is not set; {}", summary(decision)),
    };
    Some((format!("header `{lower}` is `{value}`"), found))
}

fn list_mismatch(what: &str, rule: &str, found: &[&str], decision: &Decision) -> Wrong {
    if found.contains(&rule) {
        return None;
    }
    let listed: Vec<String> = found.iter().map(|name| format!("`{name}`")).collect();
    let listed = if listed.is_empty() { "none".to_owned() } else { listed.join(", ") };
    Some((format!("{what} `{rule}`"), format!("{what}: {listed}; {}", summary(decision))))
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

/// Says in a few words what was decided: ``allow by `orders.read` ``, ``deny 401 (`unauthenticated`)``.
fn summary(decision: &Decision) -> String {
    let effect = match decision.effect {
        Effect::Allow => "allow".to_owned(),
        Effect::Deny => format!("deny {}", decision.status),
    };
    match (&decision.rule, &decision.reason) {
        (Some(rule), Reason::Rule) => format!("{effect} by `{rule}`"),
        (Some(rule), reason) => format!("{effect} by `{rule}` (`{reason}`)"),
        (None, reason) => format!("{effect} (`{reason}`)"),
    }
}
