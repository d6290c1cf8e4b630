//! Patterns on one attribute, each in the form in which it is asked at least cost.
//!
//! Few are one automaton, and so are many that go separate ways from their first characters on. Those that may match anywhere in a
//! value don't: their automata multiply. So the literals that they ask for are found by one scan, which is the whole answer for
//! `*literal*`, and for others says whether their own automaton has to be walked at all.

use std::collections::{BTreeMap, HashMap};

use regex_syntax::hir::Hir;

use super::automaton::{Automaton, Single, product};
use super::conditions::ClassSet;
use super::literals::{Form, Literal, required};
use super::probes::TestId;
use super::reads::{Read, ReadKind};
use super::scan::{Scan, parts};
use super::{Finds, Variable};
use crate::limits::{
    AUTOMATA_FEW, AUTOMATON_PATTERNS_FEW, DFA_BYTES_MAX, LITERAL_PATTERNS_FEW, SCAN_BYTES_MAX,
};

/// The text of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PatternText {
    /// Of `like`: `*` any run, `?` one scalar value.
    Glob(String),
    /// Of `matches`.
    Regex(String),
    /// A segment with one `*`: what stands before and behind it.
    Affix(String, String),
}

/// A variable, and the classes in which each of the tests that it answers is true.
pub(super) type Answers = (Variable, Vec<(TestId, ClassSet)>);

/// Makes the variables of all patterns on one attribute. `scans` counts those of all attributes.
pub(super) fn variables(read: Read, texts: &[(PatternText, TestId)], scans: &mut u32) -> Vec<Answers> {
    // At hosts that say `case fold`, segments are read with their letters folded.
    let folds = read.kind() == Some(ReadKind::RouteSegment);
    let mut sorted = Sorted::of(texts, folds);
    let mut out = Vec::new();
    let groups = grouped(&sorted.singles);
    let few = groups.len() <= AUTOMATA_FEW;
    let mut patterns = std::mem::take(&mut sorted.asked).into_iter().zip(&sorted.singles);
    for (count, automaton, classes) in groups {
        let group: Vec<_> = patterns.by_ref().take(count).collect();
        let guarded = !few
            && count <= AUTOMATON_PATTERNS_FEW
            && group.iter().all(|((_, literal), _)| literal.is_some());
        if guarded {
            for ((id, literal), single) in group {
                let asks = literal.map(|literal| sorted.literals.entry(literal).or_default());
                asks.into_iter().for_each(|asks| asks.guards.push((id, single.automaton.clone())));
            }
        } else {
            let tests = group.into_iter().map(|((id, _), _)| id).zip(classes).collect();
            out.push((Variable::Patterns(read, automaton, None), tests));
        }
    }
    out.extend(ending(read, &sorted.ends, folds));
    out.extend(scanned(read, &sorted.literals, scans));
    out
}

/// Patterns, by how they are asked.
#[derive(Default)]
struct Sorted {
    /// What one literal says.
    literals: BTreeMap<Literal, Asks>,
    /// The patterns `*literal`.
    ends: BTreeMap<Vec<u8>, Vec<TestId>>,
    /// All others: their automata, and for each the literal to look for, if there is one.
    singles: Vec<Single>,
    asked: Vec<(TestId, Option<Literal>)>,
}

/// What depends on whether a literal occurs.
#[derive(Default)]
struct Asks {
    /// Tests that are true then.
    tests: Vec<TestId>,
    /// Tests that can be true only then.
    guards: Vec<(TestId, Automaton)>,
}

impl Sorted {
    fn of(texts: &[(PatternText, TestId)], folds: bool) -> Self {
        let forms: Vec<(TestId, Hir, Form)> = texts
            .iter()
            .filter_map(|(text, id)| {
                let hir = hir_of(text)?;
                let form = Form::of(&hir);
                Some((*id, hir, form))
            })
            .collect();
        let many = |is: fn(&Form) -> bool| {
            forms.iter().filter(|(_, _, form)| is(form)).count() > LITERAL_PATTERNS_FEW
        };
        let many_contain = many(|form| matches!(form, Form::Contains(_)));
        let many_end = many(|form| matches!(form, Form::Ends(_)));
        let mut sorted = Self::default();
        let mut required_of = Vec::new();
        for (id, hir, form) in forms {
            match form {
                Form::Contains(bytes) if many_contain => {
                    sorted.literals.entry(Literal { folded: folds, bytes }).or_default().tests.push(id);
                }
                Form::Ends(bytes) if many_end => sorted.ends.entry(bytes).or_default().push(id),
                Form::Contains(_) | Form::Ends(_) | Form::Other => {
                    // INVARIANT: the checker has built each pattern alone within a smaller limit.
                    let Some(single) = Single::of(&hir, folds) else { continue };
                    let literals = required(&hir).into_iter();
                    let literals = literals.map(|l| Literal { folded: l.folded || folds, ..l }).collect();
                    sorted.singles.push(single);
                    required_of.push((id, literals));
                }
            }
        }
        sorted.asked = rarest(required_of);
        sorted
    }
}

/// Chooses for each pattern the literal that fewest others ask for too, of those the longest.
fn rarest(patterns: Vec<(TestId, Vec<Literal>)>) -> Vec<(TestId, Option<Literal>)> {
    let mut counts: HashMap<Literal, u32> = HashMap::new();
    for literal in patterns.iter().flat_map(|(_, literals)| literals) {
        let count = counts.entry(literal.clone()).or_insert(0);
        *count = count.saturating_add(1);
    }
    let cost = |literal: &Literal| (counts.get(literal).copied(), std::cmp::Reverse(literal.bytes.len()));
    patterns.into_iter().map(|(id, literals)| (id, literals.into_iter().min_by_key(cost))).collect()
}

/// How many patterns are one automaton, that, and the classes of each.
type Group = (usize, Automaton, Vec<ClassSet>);

/// Joins neighbours while their automaton stays small. The size that was found is where the next search begins, as neighbours are
/// alike: each group costs one automaton more than is kept.
fn grouped(singles: &[Single]) -> Vec<Group> {
    let (mut groups, mut rest, mut size) = (Vec::new(), singles, singles.len());
    while !rest.is_empty() {
        let (group, behind) = rest.split_at(size.clamp(1, rest.len()));
        match product(group) {
            Some((automaton, classes)) => {
                groups.push((group.len(), automaton, classes));
                rest = behind;
                size = size.saturating_add(size / 4).saturating_add(1);
            }
            // INVARIANT: one alone is its own product.
            None if group.len() == 1 => rest = behind,
            None => size = group.len() / 2,
        }
    }
    groups
}

/// Makes the automata that tell by which of many literals a value ends.
fn ending(read: Read, ends: &BTreeMap<Vec<u8>, Vec<TestId>>, folds: bool) -> Vec<Answers> {
    let literals: Vec<&[u8]> = ends.keys().map(Vec::as_slice).collect();
    let mut tests = ends.values();
    let automaton = |part: &[&[u8]]| {
        // INVARIANT: literals are distinct and not empty, so there is a scan.
        let scan = Scan::of(part, folds)?;
        let classes = tests.by_ref().zip(scan.ends());
        let tests = classes.flat_map(|(ids, classes)| ids.iter().map(move |id| (*id, classes.clone())));
        let tests = tests.collect();
        Some((Variable::Patterns(read, scan.automaton, None), tests))
    };
    parts(&literals, DFA_BYTES_MAX).into_iter().filter_map(automaton).collect()
}

/// Makes the scans for literals, and what depends on each of these.
fn scanned(read: Read, literals: &BTreeMap<Literal, Asks>, scans: &mut u32) -> Vec<Answers> {
    let mut out = Vec::new();
    for folded in [false, true] {
        let of_case: Vec<_> = literals.iter().filter(|(literal, _)| literal.folded == folded).collect();
        let bytes: Vec<&[u8]> = of_case.iter().map(|(literal, _)| literal.bytes.as_slice()).collect();
        let mut of_case = of_case.into_iter();
        for part in parts(&bytes, SCAN_BYTES_MAX) {
            // INVARIANT: literals are distinct and not empty, so there is a scan.
            let Some(scan) = Scan::of(part, folded) else { continue };
            for (number, (literal, asks)) in (0_u32..).zip(of_case.by_ref().take(part.len())) {
                let finds = Finds { scan: *scans, number, literal: literal.bytes.clone() };
                let always = |id: &TestId| (*id, vec![1]);
                for (id, automaton) in &asks.guards {
                    let variable = Variable::Patterns(read, automaton.clone(), Some(finds.clone()));
                    out.push((variable, vec![always(id)]));
                }
                out.push((Variable::Found(read, finds), asks.tests.iter().map(always).collect()));
            }
            out.push((Variable::Scan(read, *scans, scan), Vec::new()));
            *scans = scans.saturating_add(1);
        }
    }
    out
}

fn hir_of(text: &PatternText) -> Option<Hir> {
    match text {
        PatternText::Regex(text) => crate::pattern::regex(text).ok(),
        PatternText::Glob(text) => crate::pattern::glob(text).ok(),
        PatternText::Affix(before, behind) => Some(Hir::concat(vec![
            Hir::literal(before.as_bytes()),
            crate::pattern::any_run(),
            Hir::literal(behind.as_bytes()),
        ])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a value in another case would be passed over before its pattern is asked.
    #[test]
    fn a_literal_is_looked_for_in_either_case_where_its_pattern_matches_either() {
        let asked = |text: PatternText, folds| {
            let sorted = Sorted::of(&[(text, TestId(0))], folds);
            sorted.asked.into_iter().map(|(_, literal)| literal.unwrap().folded).collect::<Vec<_>>()
        };
        let affix = || PatternText::Affix("report-".to_owned(), ".json".to_owned());
        assert_eq!(asked(affix(), true), [true]);
        assert_eq!(asked(affix(), false), [false]);
        assert_eq!(asked(PatternText::Regex("(?i)report".to_owned()), false), [true]);
    }
}
