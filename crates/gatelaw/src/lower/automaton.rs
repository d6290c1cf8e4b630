//! Automata for patterns: each pattern determinised alone, then several walked as one.
//!
//! `regex-automata` determinises, one pattern at a time, which is quick. Patterns together are the product of their automata, built only
//! as far as it is reached, and given up once it grows faster than they do: to find that out by determinising them together took
//! most of the time that a policy with many patterns compiled. What is kept is our own little table, walked byte for byte.

use std::collections::{BTreeMap, HashMap};

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

use super::conditions::ClassSet;
use crate::limits::{
    DFA_BYTES_MAX, MINIMISED_STATES_MAX, PRODUCT_STATES_FEW, PRODUCT_STEPS_MAX, SIGNATURES_MAX,
};

/// A table that classifies a text by the state in which it ends.
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

impl Automaton {
    /// Finds the next state, where the column is known.
    fn next(&self, state: u32, column: u8) -> Option<u32> {
        let row = usize::try_from(state).ok()?.checked_mul(usize::try_from(self.width).ok()?)?;
        self.next.get(row.checked_add(usize::from(column))?).copied()
    }

    /// Finds the class of a text that ends in a state; 0 where there is none.
    fn class_of(&self, state: u32) -> u32 {
        usize::try_from(state).ok().and_then(|state| self.class.get(state)).copied().unwrap_or(0)
    }
}

/// Has the upper-case letters of ASCII read as the lower-case ones.
pub(super) fn fold_columns(columns: &mut [u8]) {
    for (upper, lower) in (b'A'..=b'Z').zip(b'a'..=b'z') {
        let column = columns.get(usize::from(lower)).copied();
        if let (Some(to), Some(column)) = (columns.get_mut(usize::from(upper)), column) {
            *to = column;
        }
    }
}

/// The automaton of one pattern: class 1 is a match.
#[derive(Debug, Clone)]
pub(super) struct Single {
    pub(super) automaton: Automaton,
    /// By state: whether any text that goes on from there matches.
    live: Vec<bool>,
}

impl Single {
    /// Determinises a pattern, that of letters in either case if asked; `None` where it takes too many states.
    pub(super) fn of(hir: &Hir, folds: bool) -> Option<Self> {
        let mut automaton = determinised(&crate::pattern::bytewise(hir)).or_else(|| determinised(hir))?;
        if folds {
            fold_columns(&mut automaton.columns);
        }
        let automaton = minimised(automaton);
        let live = live(&automaton);
        Some(Self { automaton, live })
    }

    fn is_live(&self, state: u32) -> bool {
        usize::try_from(state).ok().and_then(|state| self.live.get(state)) == Some(&true)
    }
}

fn determinised(hir: &Hir) -> Option<Automaton> {
    let nfa = thompson::Compiler::new()
        .configure(
            thompson::Config::new().utf8(false).shrink(false).which_captures(thompson::WhichCaptures::None),
        )
        .build_from_hir(hir)
        .ok()?;
    let limit = DFA_BYTES_MAX * 4;
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
    tabulate(&dfa)
}

/// Copies the reachable part of a determinised automaton into our own table.
fn tabulate(dfa: &dense::DFA<Vec<u32>>) -> Option<Automaton> {
    let columns: Vec<u8> = (0..=u8::MAX).map(|b| dfa.byte_classes().get(b)).collect();
    let bytes = representatives(&columns);
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
    let mut numbers = BTreeMap::from([(start, 0_u32)]);
    let mut states = vec![start];
    let (mut next, mut class) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(state) = states.get(at).copied() {
        at += 1;
        for byte in &bytes {
            let to = dfa.next_state(state, *byte);
            let fresh = u32::try_from(states.len()).ok()?;
            next.push(*numbers.entry(to).or_insert_with(|| {
                states.push(to);
                fresh
            }));
        }
        class.push(u32::from(dfa.is_match_state(dfa.next_eoi_state(state))));
    }
    Some(Automaton { columns, width: u32::try_from(bytes.len()).ok()?, next, class })
}

/// Joins states that nothing tells apart (Moore 1956): what determinises keeps some twice, and in a product they multiply. Automata
/// of many states stay as they are, as this looks at each again and again.
fn minimised(automaton: Automaton) -> Automaton {
    if automaton.class.len() > MINIMISED_STATES_MAX {
        return automaton;
    }
    let width = usize::try_from(automaton.width).unwrap_or(0).max(1);
    let rows = || automaton.next.chunks(width);
    let (mut parts, mut count) = (automaton.class.clone(), 0);
    loop {
        let part = |to: &u32| usize::try_from(*to).ok().and_then(|to| parts.get(to)).copied().unwrap_or(0);
        let mut known = HashMap::new();
        let refined = rows().zip(&parts).map(|(row, own)| {
            let fresh = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry((*own, row.iter().map(part).collect::<Vec<_>>())).or_insert(fresh)
        });
        let refined: Vec<u32> = refined.collect();
        let before = std::mem::replace(&mut count, known.len());
        if count == before {
            break;
        }
        parts = refined;
    }
    // Parts are numbered as they are first met: the start stays state 0.
    let (mut next, mut class) = (Vec::new(), Vec::new());
    for ((row, own), part) in rows().zip(&automaton.class).zip(&parts) {
        if usize::try_from(*part).ok() == Some(class.len()) {
            next.extend(row.iter().filter_map(|to| parts.get(usize::try_from(*to).ok()?)));
            class.push(*own);
        }
    }
    Automaton { next, class, ..automaton }
}

/// Lists a byte of each column, by column.
fn representatives(columns: &[u8]) -> Vec<u8> {
    let mut bytes = BTreeMap::new();
    for (byte, column) in (0..=u8::MAX).zip(columns) {
        bytes.entry(*column).or_insert(byte);
    }
    bytes.into_values().collect()
}

/// Finds the states from which a match can be reached.
fn live(automaton: &Automaton) -> Vec<bool> {
    let width = usize::try_from(automaton.width).unwrap_or(0).max(1);
    let mut live: Vec<bool> = automaton.class.iter().map(|class| *class != 0).collect();
    loop {
        let mut grown = false;
        for (state, row) in automaton.next.chunks(width).enumerate().rev() {
            let leads = |to: &u32| usize::try_from(*to).ok().and_then(|to| live.get(to)) == Some(&true);
            if live.get(state) == Some(&false) && row.iter().any(leads) {
                live.get_mut(state).into_iter().for_each(|is_live| *is_live = true);
                grown = true;
            }
        }
        if !grown {
            return live;
        }
    }
}

/// Patterns, by number, each with the state that it is in; those that can't match any more are left out.
type Places = Vec<(u32, u32)>;

/// Builds one automaton for several patterns, with the classes in which each matches. `None` where it would take more than
/// [`DFA_BYTES_MAX`], or many more states than the patterns have alone.
pub(super) fn product(parts: &[Single]) -> Option<(Automaton, Vec<ClassSet>)> {
    if let [only] = parts {
        return Some((only.automaton.clone(), vec![vec![1]]));
    }
    let columns = joint_columns(parts)?;
    let bytes = representatives(&columns);
    let width = bytes.len();
    let alone: usize = parts.iter().map(|part| part.automaton.class.len()).sum();
    let states_max = (DFA_BYTES_MAX / 4 / (width + 1)).min(alone.saturating_mul(2) + PRODUCT_STATES_FEW);
    let mut steps_left = PRODUCT_STEPS_MAX;
    let start: Places = (0..).zip(parts).filter(|(_, part)| part.is_live(0)).map(|(n, _)| (n, 0)).collect();
    let mut known = HashMap::from([(start.clone(), 0_u32)]);
    let mut states = vec![start];
    let mut signatures = Signatures { numbers: BTreeMap::from([(Vec::new(), 0)]), length: 0 };
    let (mut next, mut class, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(places) = states.get(at).cloned() {
        at += 1;
        steps_left = steps_left.checked_sub((places.len() + 1).saturating_mul(width))?;
        for byte in &bytes {
            let to: Places = places.iter().filter_map(|place| moved(parts, *place, *byte)).collect();
            let fresh = u32::try_from(states.len()).ok()?;
            next.push(*known.entry(to).or_insert_with_key(|to| {
                states.push(to.clone());
                fresh
            }));
        }
        if states.len() > states_max {
            return None;
        }
        class.push(signatures.class(parts, &places)?);
    }
    let width = u32::try_from(width).ok()?;
    Some((Automaton { columns, width, next, class }, signatures.classes(parts.len())))
}

/// Moves one pattern over a byte; `None` where it can't match any more.
fn moved(parts: &[Single], (number, state): (u32, u32), byte: u8) -> Option<(u32, u32)> {
    let part = parts.get(usize::try_from(number).ok()?)?;
    let column = part.automaton.columns.get(usize::from(byte))?;
    let to = part.automaton.next(state, *column)?;
    part.is_live(to).then_some((number, to))
}

/// Tells bytes apart that any of the patterns tells apart.
fn joint_columns(parts: &[Single]) -> Option<Vec<u8>> {
    let mut columns = vec![0_u8; 256];
    for part in parts {
        let mut known = BTreeMap::new();
        for (joint, column) in columns.iter_mut().zip(&part.automaton.columns) {
            // As many columns as bytes at most.
            let fresh = u8::try_from(known.len()).ok();
            *joint = match known.get(&(*joint, *column)) {
                Some(column) => *column,
                None => *known.entry((*joint, *column)).or_insert(fresh?),
            };
        }
    }
    Some(columns)
}

/// Classes by the set of patterns that match; class 0 is the empty one.
struct Signatures {
    numbers: BTreeMap<Vec<u32>, u32>,
    length: usize,
}

impl Signatures {
    /// Finds the class of a state; `None` where the sets grow too long.
    fn class(&mut self, parts: &[Single], places: &Places) -> Option<u32> {
        let matches = |(number, state): &&(u32, u32)| {
            let part = usize::try_from(*number).ok().and_then(|number| parts.get(number));
            part.is_some_and(|part| part.automaton.class_of(*state) != 0)
        };
        let signature: Vec<u32> = places.iter().filter(matches).map(|(number, _)| *number).collect();
        if let Some(known) = self.numbers.get(&signature) {
            return Some(*known);
        }
        self.length = self.length.saturating_add(signature.len());
        let fresh = u32::try_from(self.numbers.len()).ok().filter(|_| self.length <= SIGNATURES_MAX)?;
        self.numbers.insert(signature, fresh);
        Some(fresh)
    }

    /// Lists by pattern the classes in which it matches, sorted.
    fn classes(&self, patterns: usize) -> Vec<ClassSet> {
        let mut sets = vec![ClassSet::new(); patterns];
        for (signature, class) in &self.numbers {
            for pattern in signature {
                let set = usize::try_from(*pattern).ok().and_then(|pattern| sets.get_mut(pattern));
                set.into_iter().for_each(|set| set.push(*class));
            }
        }
        sets.iter_mut().for_each(|set| set.sort_unstable());
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{glob, regex};

    fn singles(texts: &[&str]) -> Vec<Single> {
        let hir = |text: &str| text.strip_prefix('~').map_or_else(|| glob(text), regex).unwrap();
        texts.iter().map(|text| Single::of(&hir(text), false).unwrap()).collect()
    }

    fn class(automaton: &Automaton, text: &str) -> u32 {
        let step = |state, byte: u8| automaton.next(state, automaton.columns[usize::from(byte)]).unwrap();
        automaton.class_of(text.bytes().fold(0, step))
    }

    #[test]
    fn a_product_classifies_by_all_patterns() {
        let texts = ["a*", "*b", "~(ab|é)+", "~[^a]*", "?", "~.{2}", "*é?*"];
        let parts = singles(&texts);
        let (automaton, classes) = product(&parts).unwrap();
        for text in ["", "a", "ab", "abab", "é", "éé", "ébé", "b", "xb", "a\nb", "日本", "aéx", "日"]
        {
            let together = class(&automaton, text);
            let alone: Vec<bool> = parts.iter().map(|part| class(&part.automaton, text) != 0).collect();
            let found: Vec<bool> = classes.iter().map(|classes| classes.contains(&together)).collect();
            assert_eq!(found, alone, "{text}");
            assert_eq!(together == 0, alone.iter().all(|matches| !matches), "{text}");
        }
    }

    #[test]
    fn what_multiplies_is_given_up_and_what_goes_separate_ways_is_not() {
        let anywhere: Vec<String> = (0..40).map(|n| format!("*w{n:02}*")).collect();
        let anywhere: Vec<&str> = anywhere.iter().map(String::as_str).collect();
        assert!(product(&singles(&anywhere)).is_none());
        assert!(product(&singles(&anywhere[..4])).is_some());
        let apart: Vec<String> = (0..200).map(|n| format!("~(a|b){{{}}}c{}[0-9]+", n % 9, n / 9)).collect();
        let apart: Vec<&str> = apart.iter().map(String::as_str).collect();
        assert!(product(&singles(&apart)).is_some());
    }

    #[test]
    fn states_that_nothing_tells_apart_are_one() {
        for (text, states) in
            [("*", 1), ("a*", 3), ("*ab*", 3), ("*ab", 3), ("~a+", 3), ("~[0-9]+x?", 4), ("", 2)]
        {
            assert_eq!(singles(&[text])[0].automaton.class.len(), states, "{text}");
        }
    }
}
