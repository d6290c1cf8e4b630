//! Explains a decision: the tests that were asked, with their outcomes and source lines.

use super::classify::Scratch;
use super::notes::NoteExpr;
use super::view::View;
use crate::decision::Decision;
use crate::plan::Plan;

/// Says why a decision is as it is: a second object beside it, never part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Every rule, by full name.
    pub rules: Vec<RuleExplained>,
}

/// Says what a rule had to do with a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleExplained {
    /// Its full name.
    pub name: String,
    /// `allow`, `deny`, `limit`, `forward` or `audit`.
    pub kind: String,
    /// Whether it is observed only.
    pub observe: bool,
    /// Its file, relative to the policy's root.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
    /// Its patterns as written; empty: everywhere.
    pub routes: Vec<String>,
    /// Whether host, method and path of the request are among its own.
    pub reached: bool,
    /// Whether it matches.
    pub matched: bool,
    /// The tests that were asked, in written order, up to the one that decided.
    pub asked: Vec<Asked>,
}

/// One test that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The test as written.
    pub text: String,
    /// Its file.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Whether it is true.
    pub outcome: bool,
}

/// Explains a decision by the classes of rules that were asked, and in which reading of the path.
pub(super) fn explanation(
    view: View<'_>,
    scratch: &mut Scratch,
    classes: &[(u32, bool)],
    decision: Decision,
) -> Explanation {
    let plan = view.plan;
    let mut rules: Vec<RuleExplained> =
        (0..plan.rules.len()).filter_map(|rule| unreached(plan, rule)).collect();
    for (class, split) in classes {
        scratch.next_round();
        for condition in conditions_of(plan, *class) {
            explain_alternative(View { split: *split, ..view }, scratch, *condition, &mut rules);
        }
    }
    Explanation { decision, rules }
}

fn conditions_of(plan: &Plan, class: u32) -> &[u32] {
    let at = plan.notes.classes.binary_search_by_key(&class, |(offset, _)| *offset).ok();
    at.and_then(|at| plan.notes.classes.get(at)).map_or(&[], |(_, conditions)| conditions)
}

fn explain_alternative(view: View<'_>, scratch: &mut Scratch, condition: u32, rules: &mut [RuleExplained]) {
    let note = usize::try_from(condition).ok().and_then(|c| view.plan.notes.alternatives.get(c));
    let Some(note) = note else { return };
    let Some(rule) = usize::try_from(note.rule).ok().and_then(|r| rules.get_mut(r)) else { return };
    // In its second reading the path counts for denies only.
    if rule.matched || (view.split && rule.kind != "deny") {
        return;
    }
    let mut asked = Vec::new();
    let matched = holds(view, scratch, &note.expr, &mut asked);
    if matched || !rule.reached {
        (rule.reached, rule.matched, rule.asked) = (true, matched, asked);
    }
}

/// Evaluates a condition in written order. Its depth is bounded by the checker, and again when an artifact is loaded.
fn holds(view: View<'_>, scratch: &mut Scratch, expr: &NoteExpr, asked: &mut Vec<Asked>) -> bool {
    match expr {
        NoteExpr::Constant(b) => *b,
        NoteExpr::Not(inner) => !holds(view, scratch, inner, asked),
        NoteExpr::All(parts) => parts.iter().all(|p| holds(view, scratch, p, asked)),
        NoteExpr::Any(parts) => parts.iter().any(|p| holds(view, scratch, p, asked)),
        NoteExpr::Test { test, text, file, line } => {
            let outcome = scratch.walk(view, &view.plan.notes.nodes, *test) == 1;
            asked.push(Asked {
                text: (**text).to_owned(),
                file: file_name(view.plan, *file),
                line: line.0,
                outcome,
            });
            outcome
        }
    }
}

fn file_name(plan: &Plan, file: u32) -> String {
    usize::try_from(file).ok().and_then(|f| plan.notes.files.get(f)).cloned().unwrap_or_default()
}

fn unreached(plan: &Plan, rule: usize) -> Option<RuleExplained> {
    let (known, note) = (plan.rules.get(rule)?, plan.notes.rules.get(rule)?);
    Some(RuleExplained {
        name: known.name.clone(),
        kind: (*note.kind).to_owned(),
        observe: known.observe,
        file: file_name(plan, note.file),
        line: note.line.0,
        annotations: note.annotations.clone(),
        routes: note.routes.clone(),
        reached: false,
        matched: false,
        asked: Vec::new(),
    })
}
