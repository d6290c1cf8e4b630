//! Looks values up in the tables of a plan. Reads past an end find nothing.

use std::net::IpAddr;

use crate::plan::{Sought, Strings, hash};

/// Reads one word; 0 past the end.
pub(super) fn word(words: &[u32], at: u32) -> u32 {
    usize::try_from(at).ok().and_then(|at| words.get(at)).copied().unwrap_or(0)
}

/// Cuts a run of words; what is past the end is left out.
pub(super) fn run(words: &[u32], at: u32, length: u32) -> &[u32] {
    let start = usize::try_from(at).unwrap_or(usize::MAX).min(words.len());
    let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(words.len());
    words.get(start..end).unwrap_or(&[])
}

/// Finds the value of a text in a table of strings at an offset.
#[inline]
pub(super) fn string(words: &[u32], at: u32, strings: &Strings, text: &str, fold: bool) -> Option<u32> {
    let table = usize::try_from(at).ok().and_then(|at| words.get(at..))?;
    // An empty table is one word, and what follows it is another table.
    let [1..=u32::MAX, mask, slots @ ..] = table else { return None };
    slot(slots.as_chunks().0, *mask, strings, text, fold)
}

/// Looks for a text from the slot of its hash on.
fn slot(slots: &[[u32; 2]], mask: u32, strings: &Strings, text: &str, fold: bool) -> Option<u32> {
    let (first, sought) = (hash(text, fold) & mask, Sought::new(text));
    let mut slot = first;
    loop {
        let [string, value] = usize::try_from(slot).ok().and_then(|slot| slots.get(slot))?;
        let id = string.checked_sub(1)?;
        if strings.is(id, sought) || fold && strings.text(id).eq_ignore_ascii_case(text) {
            return Some(*value);
        }
        slot = if slot == mask { 0 } else { slot.saturating_add(1) };
        if slot == first {
            return None;
        }
    }
}

/// Returns the offset behind a table of strings.
pub(super) fn behind_strings(words: &[u32], at: u32) -> u32 {
    if word(words, at) == 0 {
        return at.saturating_add(1);
    }
    let slots = word(words, at.saturating_add(1)).saturating_add(1);
    at.saturating_add(2).saturating_add(slots.saturating_mul(2))
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

/// Finds the class of a text by the patterns that match it whole.
pub(super) fn patterns(words: &[u32], at: u32, text: &str, fold: bool) -> u32 {
    let (width, states) = (word(words, at), word(words, at.saturating_add(1)));
    let columns = run(words, at.saturating_add(2), 64);
    let next = run(words, at.saturating_add(66), width.saturating_mul(states));
    let mut state = 0_u32;
    for byte in text.bytes() {
        let byte = if fold { byte.to_ascii_lowercase() } else { byte };
        let four = columns.get(usize::from(byte >> 2)).copied().unwrap_or(0).to_le_bytes();
        let column = u32::from(four.get(usize::from(byte & 3)).copied().unwrap_or(0));
        state = word(next, state.saturating_mul(width).saturating_add(column));
    }
    word(words, at.saturating_add(66).saturating_add(width.saturating_mul(states)).saturating_add(state))
}
