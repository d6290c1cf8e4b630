//! The one checking pass over a plan that was loaded: after it, no check can fail while deciding.

use std::collections::BTreeSet;

use super::LoadError;
use crate::plan::{Action, Plan, PlanKind, VariableKind};

const TERMINAL: u32 = 1 << 31;

/// Checks that all that a decision follows leads somewhere, and ends.
pub(super) fn check(plan: &Plan) -> Result<(), LoadError> {
    let wrong = |what: &'static str| Err(LoadError::Malformed(what));
    let words = u32::try_from(plan.tables.len()).unwrap_or(u32::MAX);
    let entry = &plan.entry;
    // Each row and each entry takes a word of some table, so larger figures are lies that must not be allocated for.
    if [entry.rows_max, entry.all_of_max].iter().any(|max| *max > words) {
        return wrong("it asks for more room than its tables can use");
    }
    strings(plan)?;
    if plan.rules.len() != plan.notes.rules.len() {
        return wrong("its notes are of another number of rules");
    }
    let roles = plan.identity.roles.len();
    let granted = plan.identity.roles.iter().flat_map(|r| &r.closure);
    let mapped = plan
        .identity
        .issuers
        .iter()
        .flat_map(|i| &i.roles)
        .flat_map(|r| r.grants.iter().map(|(_, role)| role));
    if granted.chain(mapped).any(|role| usize::try_from(role.0).is_ok_and(|r| r >= roles)) {
        return wrong("a role is not there");
    }
    let mut lines = plan.identity.issuers.iter().flat_map(|i| &i.roles);
    if !lines.all(|line| line.grants.is_sorted_by(|a, b| a < b)) {
        return wrong("grants of roles are not sorted");
    }
    let attributes = plan.identity.attributes.len();
    let given = plan.identity.issuers.iter().flat_map(|i| &i.attributes);
    if given.map(|a| a.attribute.0).any(|a| usize::try_from(a).is_ok_and(|a| a >= attributes)) {
        return wrong("an attribute is not there");
    }
    rules(plan)?;
    let programs = plan.variables.iter().filter(|v| v.kind == VariableKind::Program);
    for program in programs {
        let [root, ..] = program.arguments;
        diagram(plan, &plan.nodes, root, false)?;
    }
    for root in verdict_roots(plan) {
        diagram(plan, &plan.nodes, root, true)?;
    }
    Ok(())
}

fn strings(plan: &Plan) -> Result<(), LoadError> {
    let mut start = 0;
    for end in &plan.strings.ends {
        let range = start..usize::try_from(*end).unwrap_or(usize::MAX);
        if plan.strings.bytes.get(range.clone()).is_none() {
            return Err(LoadError::Malformed("a text begins or ends inside a character"));
        }
        start = range.end;
    }
    Ok(())
}

fn rules(plan: &Plan) -> Result<(), LoadError> {
    let decides = |rule: &crate::policy::RuleId| {
        plan.rule(*rule).is_some_and(|r| !r.observe && matches!(r.kind, PlanKind::Allow | PlanKind::Deny(_)))
    };
    if !plan.ranked.iter().all(decides) {
        return Err(LoadError::Malformed("a rank is of no rule that decides"));
    }
    let is_deny =
        |rule: &crate::policy::RuleId| plan.rule(*rule).is_some_and(|r| matches!(r.kind, PlanKind::Deny(_)));
    if !plan.ranked.is_sorted_by_key(|rule| !is_deny(rule)) {
        return Err(LoadError::Malformed("an allow ranks before a deny"));
    }
    let fits = |action: &Action, rule: &crate::plan::PlanRule| match action {
        Action::Observe => rule.observe,
        Action::Limit { .. } => !rule.observe && rule.kind == PlanKind::Limit,
        Action::Forward { .. } => rule.kind == PlanKind::Forward,
        Action::Audit { .. } => rule.kind == PlanKind::Audit,
    };
    if !plan.instances.iter().all(|i| plan.rule(i.rule).is_some_and(|r| fits(&i.action, r))) {
        return Err(LoadError::Malformed("an instance is of no rule of its kind"));
    }
    Ok(())
}

/// Walks all that a root reaches: every node is whole, its classes are sorted, and every edge leads forward.
fn diagram(plan: &Plan, nodes: &[u32], root: u32, programs: bool) -> Result<(), LoadError> {
    let mut known = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(at) = waiting.pop() {
        if at & TERMINAL != 0 || !known.insert(at) {
            continue;
        }
        let node = usize::try_from(at).ok().and_then(|at| nodes.get(at..));
        let Some([variable, default, count, rest @ ..]) = node else {
            return Err(LoadError::Malformed("a diagram leads past its end"));
        };
        let kind = usize::try_from(*variable).ok().and_then(|v| plan.variables.get(v)).map(|v| v.kind);
        if kind.is_none() || (!programs && kind == Some(VariableKind::Program)) {
            return Err(LoadError::Malformed("a diagram asks what is not there"));
        }
        let pairs = usize::try_from(*count).ok().and_then(|n| rest.get(..n.checked_mul(2)?));
        let (pairs, _) = pairs.ok_or(LoadError::Malformed("a diagram leads past its end"))?.as_chunks::<2>();
        let children = pairs.iter().map(|[_, child]| *child).chain([*default]);
        if !pairs.is_sorted_by(|[a, _], [b, _]| a < b)
            || children.clone().any(|c| c & TERMINAL == 0 && c <= at)
        {
            return Err(LoadError::Malformed("a diagram has an edge that leads back"));
        }
        waiting.extend(children);
    }
    Ok(())
}

/// Lists the roots of all verdicts that are diagrams, by following every table that leads to a class.
fn verdict_roots(plan: &Plan) -> BTreeSet<u32> {
    let at =
        |offset: u32| usize::try_from(offset).ok().and_then(|o| plan.tables.get(o)).copied().unwrap_or(0);
    let classes = plan.notes.classes.iter().map(|(class, _)| *class).chain([plan.entry.everywhere]);
    let verdicts = classes.map(at).filter(|verdict| at(*verdict) == 1);
    verdicts.map(|verdict| at(verdict.saturating_add(1))).collect()
}
