//! Scans: one pass over a value that finds which of many literals occur in it.
//!
//! Literals anywhere in a value are what explodes when their patterns become one automaton: it has to remember each set of those
//! seen. This one remembers only the longest that ends where it stands (Aho and Corasick 1975), so its states are as many as the literals
//! have bytes, and what was seen is noted beside it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::automaton::{Automaton, fold_columns};
use super::conditions::ClassSet;

/// An automaton whose class is the longest literal that ends there, by its number + 1, and for each literal the longest other one that
/// it ends with, by its number + 1; 0 is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scan {
    pub(crate) automaton: Automaton,
    pub(crate) suffixes: Vec<u32>,
}

impl Scan {
    /// Builds the scan for distinct literals that are not empty. If they fold, they are in lower case, and letters of ASCII are read so.
    pub(super) fn of(literals: &[&[u8]], folds: bool) -> Option<Self> {
        let trie = Trie::of(literals)?;
        let used: BTreeSet<u8> = literals.iter().copied().flatten().copied().collect();
        // Column 0 is that of all other bytes; not all bytes occur in UTF-8.
        let mut columns = vec![0_u8; 256];
        for (column, byte) in (1..=u8::MAX).zip(&used) {
            *columns.get_mut(usize::from(*byte))? = column;
        }
        let width = used.len().checked_add(1)?;
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); trie.children.len()];
        let mut class = vec![0_u32; trie.children.len()];
        let mut suffixes = vec![0_u32; literals.len()];
        // Each state with that of the longest shorter text which it ends with: shorter texts come first.
        let mut waiting = VecDeque::from([(0_usize, None)]);
        while let Some((state, shorter)) = waiting.pop_front() {
            let mut row = match shorter {
                None => vec![0_u32; width],
                Some(shorter) => rows.get::<usize>(shorter)?.clone(),
            };
            for (byte, child) in trie.children.get(state)? {
                let to = row.get_mut(usize::from(*columns.get(usize::from(*byte))?))?;
                waiting.push_back((*child, Some(usize::try_from(*to).ok()?)));
                *to = u32::try_from(*child).ok()?;
            }
            *rows.get_mut(state)? = row;
            let behind = shorter.and_then(|shorter| class.get(shorter)).copied().unwrap_or(0);
            let own = *trie.literals.get(state)?;
            *class.get_mut(state)? = if own == 0 { behind } else { own };
            if let Some(literal) = own.checked_sub(1) {
                *suffixes.get_mut(usize::try_from(literal).ok()?)? = behind;
            }
        }
        if folds {
            fold_columns(&mut columns);
        }
        let (width, next) = (u32::try_from(width).ok()?, rows.concat());
        Some(Self { automaton: Automaton { columns, width, next, class }, suffixes })
    }

    /// Lists by literal the classes of values that end with it.
    pub(super) fn ends(&self) -> Vec<ClassSet> {
        let mut sets = vec![ClassSet::new(); self.suffixes.len()];
        for class in (1_u32..).take(self.suffixes.len()) {
            let mut ending = class;
            while let Some(literal) = ending.checked_sub(1).and_then(|literal| usize::try_from(literal).ok())
            {
                sets.get_mut(literal).into_iter().for_each(|set| set.push(class));
                // INVARIANT: what a literal ends with is shorter.
                ending = self.suffixes.get(literal).copied().unwrap_or(0);
            }
        }
        sets
    }
}

/// Splits sorted literals so that the scan of each part takes no more than some bytes.
pub(super) fn parts<'l>(literals: &'l [&'l [u8]], bytes_max: usize) -> Vec<&'l [&'l [u8]]> {
    let (mut parts, mut rest) = (Vec::new(), literals);
    while !rest.is_empty() {
        let (mut used, mut states) = (BTreeSet::new(), 1_usize);
        let fits = |literal: &&&[u8]| {
            used.extend(literal.iter().copied());
            states = states.saturating_add(literal.len());
            states.saturating_mul(used.len().saturating_add(2)).saturating_mul(4) <= bytes_max
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (part, behind) = rest.split_at(count);
        parts.push(part);
        rest = behind;
    }
    parts
}

/// The beginnings of all literals.
struct Trie {
    /// By beginning: each byte that follows, and what begins then.
    children: Vec<BTreeMap<u8, usize>>,
    /// By beginning: the number of the literal that it is, + 1.
    literals: Vec<u32>,
}

impl Trie {
    fn of(literals: &[&[u8]]) -> Option<Self> {
        let mut trie = Self { children: vec![BTreeMap::new()], literals: vec![0] };
        for (number, literal) in (1_u32..).zip(literals) {
            let mut at = 0;
            for byte in *literal {
                let fresh = trie.children.len();
                at = *trie.children.get_mut(at)?.entry(*byte).or_insert(fresh);
                if at == fresh {
                    trie.children.push(BTreeMap::new());
                    trie.literals.push(0);
                }
            }
            *trie.literals.get_mut(at)? = number;
        }
        Some(trie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds what occurs, as the evaluator does.
    fn found(scan: &Scan, text: &str) -> Vec<usize> {
        let (mut state, mut found) = (0, BTreeSet::new());
        for byte in text.bytes() {
            let column = scan.automaton.columns[usize::from(byte)];
            let row = usize::try_from(state * scan.automaton.width).unwrap();
            state = scan.automaton.next[row + usize::from(column)];
            let mut literal = usize::try_from(scan.automaton.class[usize::try_from(state).unwrap()]).unwrap();
            while literal != 0 && found.insert(literal - 1) {
                literal = usize::try_from(scan.suffixes[literal - 1]).unwrap();
            }
        }
        found.into_iter().collect()
    }

    #[test]
    fn literals_that_overlap_are_all_found() {
        let literals = ["a", "ab", "abab", "bab", "é", "è", "xé"].map(str::as_bytes);
        let scan = Scan::of(&literals, false).unwrap();
        for text in ["", "b", "abab", "xababy", "baba", "é", "xè", "xxé", "aAb", "\u{e9}\u{e8}", "日本"]
        {
            let occur = |(_, literal): &(usize, &&[u8])| {
                text.as_bytes().windows(literal.len()).any(|window| window == **literal)
            };
            let expected: Vec<usize> =
                literals.iter().enumerate().filter(occur).map(|(number, _)| number).collect();
            assert_eq!(found(&scan, text), expected, "{text}");
        }
    }

    #[test]
    fn folded_literals_are_found_in_either_case() {
        let scan = Scan::of(&[b"bot", b"x1"], true).unwrap();
        assert_eq!(found(&scan, "my BoT X1"), [0, 1]);
        assert_eq!(found(&scan, "b\u{f6}t"), [] as [usize; 0]);
    }

    #[test]
    fn the_classes_of_an_end_are_those_of_all_that_end_with_it() {
        let scan = Scan::of(&[b"a", b"ba", b"cba", b"b"], false).unwrap();
        assert_eq!(scan.ends(), [vec![1, 2, 3], vec![2, 3], vec![3], vec![4]]);
    }

    #[test]
    fn parts_keep_to_their_size() {
        let texts: Vec<String> = (0..100).map(|n| format!("word-{n:03}")).collect();
        let literals: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let parts = parts(&literals, 8_192);
        assert!(parts.len() > 1 && parts.concat() == literals);
        for part in parts {
            let scan = Scan::of(part, false).unwrap();
            assert!(4 * (scan.automaton.next.len() + scan.automaton.class.len()) <= 8_192);
        }
    }
}
