//! What matching rules do beside deciding: headers, limits, records.

use std::ops::Range;

use super::outcome::{Outcome, Set, Sorting, Why};
use super::view::{Scalar, View};
use crate::ast::{AuditLevel, Effect};
use crate::decision::{LimitKey, Text, is_forwardable, is_forwardable_member};
use crate::limits::{FORWARD_BYTES_MAX, RECORD_BYTES_MAX};
use crate::lower::{Read, ReadKind};
use crate::plan::{Action, Plan, Source};
use crate::policy::RuleId;
use crate::sort::sort_by;

/// Does what the matched rules say on allow: sets headers, names limits. A fault denies.
pub(super) fn allow(view: &View<'_>, outcome: &mut Outcome) {
    if let Some(rule) = forward(view, outcome) {
        outcome.set.clear();
        outcome.rule = Some(rule);
        return outcome.deny(403, Why::ForwardValue);
    }
    for at in 0..outcome.matched.len() {
        let Some(number) = outcome.matched.get(at).copied() else { continue };
        let Some(instance) = view.plan.instance(number) else { continue };
        let (Action::Limit { by, .. }, Some(rule)) = (&instance.action, view.plan.rule_name(instance.rule))
        else {
            continue;
        };
        let mut key = LimitKey::new(rule);
        by.iter().for_each(|read| add_key(view, *read, &mut key));
        let range = outcome.written(|text| key.finish_into(text));
        outcome.limits.push((number, range));
    }
}

fn add_key(view: &View<'_>, read: Read, key: &mut LimitKey) {
    match view.scalar(read) {
        Some(Scalar::Text(text)) => key.string(text),
        Some(Scalar::Int(n)) => key.int(n),
        Some(Scalar::Bool(b)) => key.bool(b),
        Some(Scalar::Ip(ip)) => key.ip(ip),
        Some(Scalar::Duration(_) | Scalar::Instant(_)) | None => key.absent(),
    }
}

/// Writes the headers that matching rules set, and returns the least rule that can't.
fn forward(view: &View<'_>, outcome: &mut Outcome) -> Option<RuleId> {
    let mut left = FORWARD_BYTES_MAX;
    let mut faulty: Option<RuleId> = None;
    let mut fault = |rule: RuleId| faulty = Some(faulty.map_or(rule, |f| f.min(rule)));
    for at in 0..outcome.matched.len() {
        let Some(number) = outcome.matched.get(at).copied() else { continue };
        let Some(instance) = view.plan.instance(number) else { continue };
        let Action::Forward { set, .. } = &instance.action else { continue };
        for (place, (name, source)) in (0_u32..).zip(set) {
            let mut written = Written::Absent;
            let range = outcome.sorted(|sorting, text| written = write(view, source, sorting, text));
            let fits = outcome.text.get(range.clone()).is_some_and(is_forwardable);
            match written {
                Written::Absent => {}
                Written::Text if fits => {
                    let Some(rest) = left.checked_sub(name.len() + range.len()) else {
                        return least(view.plan, outcome, sets);
                    };
                    left = rest;
                    outcome.set.push((number, place, range));
                }
                Written::Text | Written::Unfit => {
                    // No header carries it: many of them must not add up.
                    outcome.text.truncate(range.start);
                    fault(instance.rule);
                }
            }
        }
    }
    outcome.sort_set(view.plan);
    for rule in conflicts(view.plan, outcome) {
        fault(rule);
    }
    faulty
}

fn sets(action: &Action) -> bool {
    matches!(action, Action::Forward { set, .. } if !set.is_empty())
}

fn keeps(action: &Action) -> bool {
    matches!(action, Action::Audit { keep, .. } if !keep.is_empty())
}

/// Finds the least rule of those that matched and do something.
fn least(plan: &Plan, outcome: &Outcome, does: fn(&Action) -> bool) -> Option<RuleId> {
    let matched = outcome.matched.iter().filter_map(|number| plan.instance(*number));
    matched.filter(|instance| does(&instance.action)).map(|instance| instance.rule).min()
}

/// Finds rules that treat a header otherwise than another matching rule does; the checker refuses most such policies.
///
/// The values of one header stand beside each other, so that very many of them take no longer each.
fn conflicts<'v>(plan: &'v Plan, outcome: &'v Outcome) -> impl Iterator<Item = RuleId> {
    let same = |a: &Set, b: &Set| plan.set_name(a.0, a.1) == plan.set_name(b.0, b.1);
    let text = |set: &Set| outcome.text.get(set.2.clone());
    let differing = outcome.set.chunk_by(same).filter_map(move |values| {
        let (least, others) = values.split_first()?;
        let differ = others.iter().any(|other| text(other) != text(least));
        if differ { Some(plan.instance(least.0)?.rule) } else { None }
    });
    let removed = outcome.matched.iter().filter_map(|m| plan.instance(*m)).flat_map(move |remover| {
        let names: &[String] = match &remover.action {
            Action::Forward { remove, .. } => remove,
            Action::Observe | Action::Limit { .. } | Action::Audit { .. } => &[],
        };
        let setter = move |name: &String| Some(plan.instance(outcome.first_set(plan, name)?)?.rule);
        names.iter().filter_map(setter).map(|rule| rule.min(remover.rule))
    });
    differing.chain(removed)
}

enum Written {
    /// There is no value, and the header is not set.
    Absent,
    Text,
    /// There is a value that no header carries.
    Unfit,
}

fn write(view: &View<'_>, source: &Source, sorting: &mut Sorting, out: &mut String) -> Written {
    match source {
        Source::Text(text) => {
            out.push_str(text);
            Written::Text
        }
        Source::Read(read) if view.is_set(*read) => {
            let unfit = view.any_member(*read, |m| !is_forwardable_member(m));
            join(view, *read, sorting, out);
            if unfit { Written::Unfit } else { Written::Text }
        }
        Source::Read(read) => match view.scalar(*read) {
            None => Written::Absent,
            Some(scalar) if push(*read, scalar, out) => Written::Text,
            Some(_) => Written::Unfit,
        },
    }
}

fn push(read: Read, scalar: Scalar<'_>, out: &mut String) -> bool {
    let text = match (scalar, read.kind()) {
        (Scalar::Bool(b), _) => Text::Bool(b),
        (Scalar::Int(second), Some(ReadKind::Time)) => Text::Clock(u32::try_from(second).unwrap_or(0)),
        (Scalar::Int(n), _) => Text::Int(n),
        (Scalar::Duration(s), _) => Text::Duration(s),
        (Scalar::Instant(s), _) => Text::Instant(s),
        (Scalar::Text(text), _) => Text::String(text),
        (Scalar::Ip(ip), _) => Text::Ip(ip),
    };
    text.push(out)
}

/// Joins the members of a set with `,` in byte order, each once.
fn join(view: &View<'_>, read: Read, sorting: &mut Sorting, out: &mut String) {
    sorting.text.clear();
    sorting.members.clear();
    view.any_member(read, |member| {
        let start = sorting.text.len();
        sorting.text.push_str(member);
        sorting.members.push(start..sorting.text.len());
        false
    });
    let text = &sorting.text;
    let member = |range: &Range<usize>| text.get(range.clone()).unwrap_or("");
    sort_by(&mut sorting.members, |a, b| member(a) < member(b));
    sorting.members.dedup_by(|a, b| member(a) == member(b));
    for (at, range) in sorting.members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(member(range));
    }
}

/// Writes the record: its level, and what it keeps. One that is too large denies.
pub(super) fn record(view: &View<'_>, outcome: &mut Outcome) {
    let mut left = Some(RECORD_BYTES_MAX);
    let mut highest: Option<AuditLevel> = None;
    for at in 0..outcome.matched.len() {
        let Some(number) = outcome.matched.get(at).copied() else { continue };
        let Some(Action::Audit { level, keep, .. }) = view.plan.instance(number).map(|i| &i.action) else {
            continue;
        };
        highest = highest.max(*level);
        for (place, (name, read)) in (0_u32..).zip(keep) {
            if left.is_none() {
                break;
            }
            let mut kept = false;
            let range = outcome.sorted(|sorting, text| {
                kept = if view.is_set(*read) {
                    join(view, *read, sorting, text);
                    true
                } else {
                    view.scalar(*read).is_some_and(|scalar| push(*read, scalar, text))
                };
            });
            if kept {
                left = left.and_then(|left| left.checked_sub(name.len() + range.len()));
                outcome.keep.push((number, place, range));
            }
        }
    }
    if left.is_none() {
        outcome.withhold();
        outcome.rule = least(view.plan, outcome, keeps);
        outcome.deny(403, Why::RecordSize);
    }
    let level = highest.unwrap_or(AuditLevel::Brief);
    outcome.audit = if outcome.effect == Effect::Allow { level } else { level.max(AuditLevel::Brief) };
}
