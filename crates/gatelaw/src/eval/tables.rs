//! Looks values up in the tables of a plan. Reads past an end find nothing.

use std::net::IpAddr;

use crate::plan::{Sought, StringTable, Strings, first_slot, hash, slot_mask};
pub(super) use crate::plan::{from, word};

/// Cuts a run of words; what is past the end is left out.
pub(super) fn run(words: &[u32], at: u32, length: u32) -> &[u32] {
    let start = usize::try_from(at).unwrap_or(usize::MAX).min(words.len());
    let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(words.len());
    words.get(start..end).unwrap_or(&[])
}

/// Finds the value of a text in a table of strings.
#[inline]
pub(super) fn string(table: StringTable<'_>, strings: &Strings, text: &[u8], fold: bool) -> Option<u32> {
    if fold {
        return folded(table, strings, text);
    }
    let sought = Sought::new(text);
    slot(table, sought.hash(), |id| strings.is(id, sought))
}

/// Finds the value of a text in the table of strings at an offset.
#[inline]
pub(super) fn string_at(words: &[u32], at: u32, strings: &Strings, text: &[u8], fold: bool) -> Option<u32> {
    string(StringTable::open(from(words, at))?, strings, text, fold)
}

/// Finds the value of a text whatever the case of its letters: seldom asked for, and kept out of the way of the other.
#[inline(never)]
fn folded(table: StringTable<'_>, strings: &Strings, text: &[u8]) -> Option<u32> {
    slot(table, hash(text, true), |id| strings.text(id).as_bytes().eq_ignore_ascii_case(text))
}

/// Looks for a text from the slot of its hash on.
#[inline]
fn slot(table: StringTable<'_>, hash: u32, is_sought: impl Fn(u32) -> bool) -> Option<u32> {
    let (first, mask) = (first_slot(hash, table.shape), slot_mask(table.shape));
    let mut slot = first;
    loop {
        let [string, value] = usize::try_from(slot).ok().and_then(|slot| table.slots.get(slot))?;
        if is_sought(string.checked_sub(1)?) {
            return Some(*value);
        }
        slot = slot.saturating_add(1) & mask;
        if slot == first {
            return None;
        }
    }
}

/// Finds the class of a number in a table of starts.
pub(super) fn number(words: &[u32], at: u32, value: i64) -> u32 {
    let (points, _) = run(words, at.saturating_add(1), word(words, at).saturating_mul(3)).as_chunks::<3>();
    let behind = points.partition_point(|[low, high, _]| joined(*low, *high) <= value);
    behind.checked_sub(1).and_then(|i| points.get(i)).map_or(0, |[_, _, class]| *class)
}

fn joined(low: u32, high: u32) -> i64 {
    let ([a, b, c, d], [e, f, g, h]) = (low.to_le_bytes(), high.to_le_bytes());
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Finds the class of an address in a table of networks.
pub(super) fn network(words: &[u32], at: u32, address: IpAddr) -> u32 {
    let v4 = word(words, at);
    let at_v6 = at.saturating_add(1).saturating_add(v4.saturating_mul(2));
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let (points, _) = run(words, at.saturating_add(1), v4.saturating_mul(2)).as_chunks::<2>();
            let behind = points.partition_point(|[start, _]| *start <= address.to_bits());
            behind.checked_sub(1).and_then(|i| points.get(i)).map_or(0, |[_, class]| *class)
        }
        IpAddr::V6(address) => {
            let length = word(words, at_v6).saturating_mul(5);
            let (points, _) = run(words, at_v6.saturating_add(1), length).as_chunks::<5>();
            let start = |[a, b, c, d, _]: &[u32; 5]| {
                [a, b, c, d].into_iter().fold(0_u128, |n, w| n << 32 | u128::from(*w))
            };
            let behind = points.partition_point(|p| start(p) <= address.to_bits());
            behind.checked_sub(1).and_then(|i| points.get(i)).map_or(0, |[_, _, _, _, class]| *class)
        }
    }
}

/// An automaton over the bytes of a text; a state is where its row begins.
struct Rows<'w> {
    columns: &'w [u32],
    rows: &'w [u32],
    width: u32,
}

impl<'w> Rows<'w> {
    /// Reads the automaton at an offset, and where it ends.
    fn at(words: &'w [u32], at: u32) -> (Self, u32) {
        let width = word(words, at);
        let length = width.saturating_add(1).saturating_mul(word(words, at.saturating_add(1)));
        let first = at.saturating_add(66);
        let (columns, rows) = (run(words, at.saturating_add(2), 64), run(words, first, length));
        (Self { columns, rows, width }, first.saturating_add(length))
    }

    #[inline]
    fn next(&self, state: u32, byte: u8) -> u32 {
        let four = self.columns.get(usize::from(byte >> 2)).copied().unwrap_or(0);
        let column = four >> (8 * (byte & 3)) & 0xff;
        word(self.rows, state.saturating_add(column))
    }

    #[inline]
    fn class(&self, state: u32) -> u32 {
        word(self.rows, state.saturating_add(self.width))
    }
}

/// Finds the class of a text by the patterns that match it whole.
pub(super) fn patterns(words: &[u32], at: u32, text: &str) -> u32 {
    let (rows, _) = Rows::at(words, at);
    rows.class(text.bytes().fold(0, |state, byte| rows.next(state, byte)))
}

/// Marks the literals of a scan that occur in a text, and says whether any does.
pub(super) fn scan(words: &[u32], at: u32, text: &str, literals: &mut [bool]) -> bool {
    let (rows, suffixes) = Rows::at(words, at);
    let count = usize::try_from(word(words, suffixes)).unwrap_or(usize::MAX).min(literals.len());
    let literals = literals.get_mut(..count).unwrap_or(&mut []);
    literals.fill(false);
    let (mut state, mut any) = (0, false);
    for byte in text.bytes() {
        state = rows.next(state, byte);
        let mut literal = rows.class(state);
        // What a literal ends with was marked with it: so all this ends once each is marked.
        while let Some(place) =
            usize::try_from(literal).ok().and_then(|l| literals.get_mut(l.checked_sub(1)?))
            && !*place
        {
            (*place, any) = (true, true);
            literal = word(words, suffixes.saturating_add(literal));
        }
    }
    any
}
