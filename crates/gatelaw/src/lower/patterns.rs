//! Patterns on one attribute as few automata, each a classifier by the set of patterns that match the whole value.
//!
//! `regex-automata` determinises; what is kept is our own little table, walked byte for byte at decision time.

use std::collections::BTreeMap;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

use super::conditions::ClassSet;
use super::probes::TestId;
use crate::limits::DFA_BYTES_MAX;

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

/// A table that classifies a text by the patterns that match it whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Automaton {
    /// From byte to column, 256 entries.
    pub(crate) columns: Vec<u8>,
    /// How many columns there are.
    pub(crate) width: u32,
    /// By state and column, the next state; state 0 is the start.
    pub(crate) next: Vec<u32>,
    /// By state, the class of a text that ends there.
    pub(crate) class: Vec<u32>,
}

/// Builds as few automata as fit [`DFA_BYTES_MAX`] each, with the classes in which each test is true.
pub(crate) fn automata(texts: &[(PatternText, TestId)]) -> Vec<(Automaton, Vec<(TestId, ClassSet)>)> {
    let mut waiting = vec![texts];
    let mut out = Vec::new();
    while let Some(texts) = waiting.pop() {
        if texts.is_empty() {
            continue;
        }
        match automaton(texts) {
            Some(built) => out.push(built),
            None if texts.len() > 1 => {
                let (left, right) = texts.split_at(texts.len() / 2);
                waiting.extend([right, left]);
            }
            // INVARIANT: the checker has built each pattern alone within a smaller limit.
            None => {}
        }
    }
    out
}

fn automaton(texts: &[(PatternText, TestId)]) -> Option<(Automaton, Vec<(TestId, ClassSet)>)> {
    let hirs: Vec<Hir> = texts.iter().map(|(text, _)| hir_of(text)).collect::<Option<_>>()?;
    let nfa = thompson::Compiler::new()
        .configure(
            thompson::Config::new().utf8(true).shrink(false).which_captures(thompson::WhichCaptures::None),
        )
        .build_many_from_hir(&hirs)
        .ok()?;
    let limit = if texts.len() == 1 { DFA_BYTES_MAX * 4 } else { DFA_BYTES_MAX };
    let dfa = dense::Builder::new()
        .configure(
            dense::Config::new()
                .match_kind(MatchKind::All)
                .start_kind(StartKind::Anchored)
                .accelerate(false)
                .dfa_size_limit(Some(limit))
                .determinize_size_limit(Some(limit * 4)),
        )
        .build_from_nfa(&nfa)
        .ok()?;
    tabulate(&dfa, texts)
}

/// Copies the reachable part of a determinised automaton into our own table.
fn tabulate(
    dfa: &dense::DFA<Vec<u32>>,
    texts: &[(PatternText, TestId)],
) -> Option<(Automaton, Vec<(TestId, ClassSet)>)> {
    let columns: Vec<u8> = (0..=u8::MAX).map(|b| dfa.byte_classes().get(b)).collect();
    let width = u32::from(columns.iter().max().copied()?) + 1;
    let mut representative = BTreeMap::new();
    for (byte, column) in (0..=u8::MAX).zip(&columns) {
        representative.entry(*column).or_insert(byte);
    }
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
    let mut numbers = BTreeMap::from([(start, 0_u32)]);
    let mut states = vec![start];
    let (mut next, mut class) = (Vec::new(), Vec::new());
    let mut signatures = BTreeMap::from([(Vec::new(), 0_u32)]);
    let mut at = 0;
    while let Some(state) = states.get(at).copied() {
        at += 1;
        for byte in representative.values() {
            let to = dfa.next_state(state, *byte);
            let number = match numbers.get(&to) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(states.len()).ok()?;
                    numbers.insert(to, number);
                    states.push(to);
                    number
                }
            };
            next.push(number);
        }
        let fresh = u32::try_from(signatures.len()).ok()?;
        class.push(*signatures.entry(matched(dfa, state)).or_insert(fresh));
    }
    let tests = texts.iter().enumerate().map(|(pattern, (_, id))| {
        let classes = signatures.iter().filter(|(s, _)| s.contains(&pattern)).map(|(_, c)| *c);
        let mut classes: ClassSet = classes.collect();
        classes.sort_unstable();
        (*id, classes)
    });
    Some((Automaton { columns, width, next, class }, tests.collect()))
}

/// Lists the patterns that match a text that ends in a state, sorted.
fn matched(dfa: &dense::DFA<Vec<u32>>, state: StateID) -> Vec<usize> {
    let end = dfa.next_eoi_state(state);
    if !dfa.is_match_state(end) {
        return Vec::new();
    }
    let mut patterns: Vec<usize> =
        (0..dfa.match_len(end)).map(|i| dfa.match_pattern(end, i).as_usize()).collect();
    patterns.sort_unstable();
    patterns
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
