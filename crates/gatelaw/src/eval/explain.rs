//! Explains a decision: the tests that were asked, with their outcomes and source lines.

use super::classify::Scratch;
use super::notes::{NoteExpr, Notes, RuleNote};
use super::view::View;
use crate::artifact::LoadError;
use crate::decision::Decision;
use crate::plan::{Plan, PlanRule};

/// Says why a decision is as it is: a second object beside it, never part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Every rule, by full name.
    pub rules: Vec<RuleExplained>,
    /// Why the artifact's notes couldn't be read: then no rule has a place, and no test is told.
    pub unread: Option<LoadError>,
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
    /// Its line, from 1; 0 where it is not known.
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
    view: &View<'_>,
    scratch: &mut Scratch,
    classes: &[(u32, bool)],
    decision: Decision,
) -> Explanation {
    let plan = view.plan;
    let none = Notes::default();
    let (notes, unread) = plan.notes().map_or_else(|error| (&none, Some(error)), |notes| (notes, None));
    let rules = plan.rules.iter().enumerate();
    let mut rules: Vec<RuleExplained> =
        rules.map(|(number, rule)| unreached(plan, rule, notes, number)).collect();
    for (class, split) in classes {
        scratch.next_round();
        for condition in conditions_of(notes, *class) {
            explain_alternative(&View { split: *split, ..*view }, notes, scratch, *condition, &mut rules);
        }
    }
    Explanation { decision, rules, unread }
}

fn conditions_of(notes: &Notes, class: u32) -> &[u32] {
    let at = notes.classes.binary_search_by_key(&class, |(offset, _)| *offset).ok();
    at.and_then(|at| notes.classes.get(at)).map_or(&[], |(_, conditions)| conditions)
}

fn explain_alternative(
    view: &View<'_>,
    notes: &Notes,
    scratch: &mut Scratch,
    condition: u32,
    rules: &mut [RuleExplained],
) {
    let note = usize::try_from(condition).ok().and_then(|c| notes.alternatives.get(c));
    let Some(note) = note else { return };
    let Some(rule) = usize::try_from(note.rule).ok().and_then(|r| rules.get_mut(r)) else { return };
    // In its second reading the path counts for denies only.
    if rule.matched || (view.split && rule.kind != "deny") {
        return;
    }
    let mut asked = Vec::new();
    let matched = holds(view, notes, scratch, &note.expr, &mut asked);
    if matched || !rule.reached {
        (rule.reached, rule.matched, rule.asked) = (true, matched, asked);
    }
}

/// Evaluates a condition in written order. Its depth is bounded by the checker, and again when notes are read.
fn holds(
    view: &View<'_>,
    notes: &Notes,
    scratch: &mut Scratch,
    expr: &NoteExpr,
    asked: &mut Vec<Asked>,
) -> bool {
    let mut holds = |part| holds(view, notes, scratch, part, asked);
    match expr {
        NoteExpr::Constant(b) => *b,
        NoteExpr::Not(inner) => !holds(inner),
        NoteExpr::All(parts) => parts.iter().all(holds),
        NoteExpr::Any(parts) => parts.iter().any(holds),
        NoteExpr::Test { test, text, file, line } => {
            let outcome = scratch.walk(view, &notes.nodes, *test) == 1;
            asked.push(Asked {
                text: (**text).to_owned(),
                file: notes.file(*file).to_owned(),
                line: line.0,
                outcome,
            });
            outcome
        }
    }
}

fn unreached(plan: &Plan, rule: &PlanRule, notes: &Notes, number: usize) -> RuleExplained {
    let name = plan.rule_names.find(number).unwrap_or_default();
    let RuleNote { file, line, annotations, routes } = notes.rules.get(number).cloned().unwrap_or_default();
    RuleExplained {
        name: name.to_owned(),
        kind: rule.kind.name().to_owned(),
        observe: rule.observe,
        file: notes.file(file).to_owned(),
        line: line.0,
        annotations,
        routes,
        reached: false,
        matched: false,
        asked: Vec::new(),
    }
}
