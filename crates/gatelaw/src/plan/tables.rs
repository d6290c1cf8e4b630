//! Writes tables of words.

use std::collections::{BTreeMap, HashMap};

use super::Strings;
use super::hash::{TURNS, first_slot, hash, shape};
use crate::lower::{Automaton, Scan};

/// Collects texts, each once.
#[derive(Debug, Default)]
pub(crate) struct StringPool {
    numbers: BTreeMap<String, u32>,
    bytes: String,
    /// How long each text is.
    lens: Vec<u32>,
}

impl StringPool {
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        let number = word(self.lens.len());
        self.bytes.push_str(text);
        self.lens.push(word(text.len()));
        self.numbers.insert(text.to_owned(), number);
        number
    }

    pub(crate) fn finish(self) -> Strings {
        // INVARIANT: whole texts were put behind each other.
        Strings::new(self.bytes, &self.lens).unwrap_or_default()
    }
}

/// A growing vector of tables; offset 0 is taken, so that it can mean "none".
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) words: Vec<u32>,
    /// Offsets of tables by content: equal tables are one.
    known: HashMap<Vec<u32>, u32>,
}

impl Tables {
    pub(crate) fn new() -> Self {
        Self { words: vec![0], known: HashMap::new() }
    }

    /// Adds a table, or finds an equal one.
    pub(crate) fn add(&mut self, table: Vec<u32>) -> u32 {
        if let Some(known) = self.known.get(&table) {
            return *known;
        }
        let at = word(self.words.len());
        self.words.extend_from_slice(&table);
        self.known.insert(table, at);
        at
    }

    pub(crate) fn strings<'t>(
        &mut self,
        pool: &mut StringPool,
        entries: impl Iterator<Item = (&'t str, u32)>,
    ) -> u32 {
        let table = string_table(pool, entries.collect());
        self.add(table)
    }

    pub(crate) fn numbers(&mut self, points: &[(i64, u32)]) -> u32 {
        let mut table = vec![word(points.len())];
        for (start, class) in points {
            let (low, high) = halves(*start);
            table.extend([low, high, *class]);
        }
        self.add(table)
    }

    pub(crate) fn networks(&mut self, v4: &[(u32, u32)], v6: &[(u128, u32)]) -> u32 {
        let mut table = vec![word(v4.len())];
        v4.iter().for_each(|(start, class)| table.extend([*start, *class]));
        table.push(word(v6.len()));
        for (start, class) in v6 {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = start.to_be_bytes();
            table.extend([[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]].map(u32::from_be_bytes));
            table.push(*class);
        }
        self.add(table)
    }

    pub(crate) fn patterns(&mut self, automaton: &Automaton) -> u32 {
        self.add(rows(automaton))
    }

    pub(crate) fn scan(&mut self, scan: &Scan) -> u32 {
        let mut table = rows(&scan.automaton);
        table.push(word(scan.suffixes.len()));
        table.extend_from_slice(&scan.suffixes);
        self.add(table)
    }
}

/// Lays out an automaton: the rows of its states, each with its class behind it. A state is named by where its row begins, so that a
/// step is one addition and one read.
fn rows(automaton: &Automaton) -> Vec<u32> {
    let mut table = vec![automaton.width, word(automaton.class.len())];
    let (columns, _) = automaton.columns.as_chunks::<4>();
    table.extend(columns.iter().map(|four| u32::from_le_bytes(*four)));
    let length = automaton.width.saturating_add(1);
    let rows = automaton.next.chunks(usize::try_from(automaton.width).unwrap_or(0).max(1));
    for (row, class) in rows.zip(&automaton.class) {
        table.extend(row.iter().map(|to| to.saturating_mul(length)));
        table.push(*class);
    }
    table
}

/// Lays out a table of distinct strings; at most four of five slots are taken, so that a lookup soon ends.
pub(crate) fn string_table(pool: &mut StringPool, mut entries: Vec<(&str, u32)>) -> Vec<u32> {
    entries.sort_unstable();
    let mut table = vec![word(entries.len())];
    let Some(slots) = string_slots(entries.len()) else { return table };
    let hashes: Vec<u32> = entries.iter().map(|(text, _)| hash(text.as_bytes(), false)).collect();
    let (shape, places) = spread(&hashes, slots);
    let mut taken = vec![[0, 0]; slots];
    for ((text, value), place) in entries.into_iter().zip(places) {
        let entry = [pool.number(text).saturating_add(1), value];
        taken.get_mut(place).into_iter().for_each(|slot| *slot = entry);
    }
    table.push(shape);
    table.extend(taken.iter().flatten());
    table
}

/// How many texts are placed at most to find the best turn of one table.
const SPREAD_MAX: usize = 2_048;

/// Places hashes in slots, each in the first free one from its own on, by the turn that has the fewest of them elsewhere than there.
fn spread(hashes: &[u32], slots: usize) -> (u32, Vec<usize>) {
    let tries = word(SPREAD_MAX / hashes.len().max(1)).clamp(1, TURNS);
    let mut best: Option<(usize, u32, Vec<usize>)> = None;
    // INVARIANT: a policy is too small to have as many strings as a mask can't say.
    for shape in (0..tries).filter_map(|turn| shape(word(slots).saturating_sub(1), turn)) {
        let (passed, places) = places(hashes, slots, shape);
        if best.as_ref().is_none_or(|(least, ..)| passed < *least) {
            best = Some((passed, shape, places));
        }
        if passed == 0 {
            break;
        }
    }
    best.map(|(_, shape, places)| (shape, places)).unwrap_or_default()
}

/// Places hashes in slots by one turn; answers how many taken slots they pass too.
fn places(hashes: &[u32], slots: usize, shape: u32) -> (usize, Vec<usize>) {
    let (mut passed, mut taken) = (0, vec![false; slots]);
    let place = |hash: &u32| {
        let mut at = usize::try_from(first_slot(*hash, shape)).unwrap_or(0);
        while std::mem::replace(taken.get_mut(at)?, true) {
            (at, passed) = ((at + 1) & (slots - 1), passed + 1);
        }
        Some(at)
    };
    let places = hashes.iter().filter_map(place).collect();
    (passed, places)
}

/// Returns how many slots a table of some strings has: a power of two; `None` where there are no strings.
fn string_slots(entries: usize) -> Option<usize> {
    (entries > 0).then(|| entries.saturating_add(entries / 4).next_power_of_two())
}

/// Returns how many words a table of some strings has.
pub(crate) fn string_table_words(entries: usize) -> usize {
    string_slots(entries).map_or(1, |slots| 2 + 2 * slots)
}

/// Splits a number into its low and high word.
pub(crate) fn halves(number: i64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

/// Turns a length into a word; artifacts past 4 GiB are refused when they are saved.
pub(crate) fn word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(count: usize) -> Vec<u32> {
        (0..count).map(|n| hash(format!("res{n}").as_bytes(), false)).collect()
    }

    #[test]
    fn every_text_has_a_slot_of_its_own_that_no_empty_one_stands_before() {
        for count in [1, 2, 5, 16, 100, 3_000] {
            let (hashes, slots) = (hashes(count), string_slots(count).unwrap());
            let (shape, places) = spread(&hashes, slots);
            let taken: std::collections::BTreeSet<usize> = places.iter().copied().collect();
            assert_eq!((taken.len(), places.len()), (count, count));
            for (hash, place) in hashes.iter().zip(places) {
                let mut at = usize::try_from(first_slot(*hash, shape)).unwrap();
                while at != place {
                    assert!(taken.contains(&at), "{count} texts: slot {at} before {place} is empty");
                    at = (at + 1) % slots;
                }
            }
        }
    }

    #[test]
    fn the_turn_is_that_with_the_fewest_texts_outside_of_their_slot() {
        let (hashes, slots) = (hashes(16), 32);
        let passed = |turn| places(&hashes, slots, shape(31, turn).unwrap()).0;
        let (chosen, _) = spread(&hashes, slots);
        let least = (0..128).map(passed).min().unwrap();
        assert!(least < passed(0), "the first turn is the best: another set of texts would test more");
        assert_eq!(places(&hashes, slots, chosen).0, least);
    }
}
