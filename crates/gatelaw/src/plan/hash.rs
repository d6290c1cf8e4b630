//! The hash by which tables of strings are laid out: part of the byte layout, the same on every machine.

/// Hashes a text, its ASCII letters folded if asked: eight bytes at a time, little-endian, zeros behind the last.
///
/// Who chooses a request's texts chooses which slots are looked at, but not how full a table is: what a lookup costs is
/// bounded when the policy is compiled. So the hash has no secret.
#[inline]
pub(crate) fn hash(text: &[u8], fold: bool) -> u32 {
    if fold { hash_folded(text) } else { hash_of(text, first_eight(text), |eight| eight) }
}

/// Hashes a text whose first eight bytes were read.
#[inline]
pub(super) fn hash_exact(text: &[u8], head: u64) -> u32 {
    hash_of(text, head, |eight| eight)
}

/// Hashes a text with its letters folded: seldom asked for, and kept out of the way of the other.
#[inline(never)]
fn hash_folded(text: &[u8]) -> u32 {
    let fold = |eight: u64| {
        let mut bytes = eight.to_le_bytes();
        bytes.make_ascii_lowercase();
        u64::from_le_bytes(bytes)
    };
    hash_of(text, first_eight(text), fold)
}

#[inline]
fn hash_of(text: &[u8], head: u64, read: impl Fn(u64) -> u64) -> u32 {
    // The factor of SplitMix64's increment: odd, its bits spread evenly.
    let mix = |hash: u64, eight| (hash.rotate_left(5) ^ read(eight)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut hash = u64::try_from(text.len()).unwrap_or(0);
    if !text.is_empty() {
        hash = mix(hash, head);
    }
    // As few texts have more.
    if let Some(mut rest @ [_, ..]) = text.get(8..) {
        while let Some((eight, behind)) = rest.split_first_chunk() {
            (hash, rest) = (mix(hash, u64::from_le_bytes(*eight)), behind);
        }
        if !rest.is_empty() {
            hash = mix(hash, last(text, rest));
        }
    }
    let high = (hash ^ (hash >> 15)) >> 32;
    u32::try_from(high).unwrap_or(0)
}

/// Reads the first eight bytes of a text, little-endian, zeros behind the last.
#[inline]
pub(crate) fn first_eight(text: &[u8]) -> u64 {
    text.first_chunk().map_or_else(|| last(text, text), |eight| u64::from_le_bytes(*eight))
}

/// How many bits of a table's second word are the mask of its slots; the others are its turn.
const MASK_BITS: u32 = 24;

/// How many ways there are to spread the same hashes over slots: a table is laid out by one that has few texts outside of their first slot.
pub(crate) const TURNS: u32 = 1 << (32 - MASK_BITS);

/// Joins the mask and the turn of a table of strings; `None` where it has too many slots.
pub(crate) fn shape(mask: u32, turn: u32) -> Option<u32> {
    (mask >> MASK_BITS == 0 && turn < TURNS).then_some(turn << MASK_BITS | mask)
}

/// Returns the mask of a table of strings: one less than its slots.
#[inline]
pub(crate) fn slot_mask(shape: u32) -> u32 {
    shape & ((1 << MASK_BITS) - 1)
}

/// Returns the slot where a text of this hash is looked for first.
#[inline]
pub(crate) fn first_slot(hash: u32, shape: u32) -> u32 {
    hash.wrapping_mul(shape >> MASK_BITS << 1 | 1) >> (32 - MASK_BITS) & slot_mask(shape)
}

/// Reads the bytes behind the last eight, one to seven, zeros behind them: in few wide reads instead of a loop.
#[inline]
fn last(bytes: &[u8], rest: &[u8]) -> u64 {
    let at = |place: usize, word: u64| word << (8 * place);
    if let Some(eight) = bytes.last_chunk::<8>() {
        // What stands before the rest is shifted out.
        return u64::from_le_bytes(*eight) >> (64 - 8 * rest.len());
    }
    // Two reads may meet the same byte, at the same place.
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
        return first | at(rest.len() - 4, last);
    }
    let byte = |place: usize| rest.get(place).map_or(0, |byte| at(place, u64::from(*byte)));
    byte(0) | byte(1) | byte(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_text_has_the_hash_of_its_lower_case() {
        for text in ["", "A", "Orders", "ORDERS-AND-MORE", "CAFÉ-crème"] {
            let lower = text.to_ascii_lowercase();
            assert_eq!(hash(text.as_bytes(), true), hash(lower.as_bytes(), false), "{text}");
        }
    }

    /// Says what the layout of artifacts says, byte by byte.
    fn hash_of_bytes(text: &str) -> u32 {
        let mut hash = text.len() as u64;
        for chunk in text.as_bytes().chunks(8) {
            let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        ((hash ^ (hash >> 15)) >> 32) as u32
    }

    #[test]
    fn texts_of_every_length_have_the_hash_of_their_bytes() {
        let text = "abcdefghijklmnopqrstuvwxyz0123456789";
        for (start, end) in
            (0..text.len()).flat_map(|start| (start..=text.len()).map(move |end| (start, end)))
        {
            assert_eq!(
                hash(&text.as_bytes()[start..end], false),
                hash_of_bytes(&text[start..end]),
                "{}",
                &text[start..end]
            );
        }
    }

    #[test]
    fn names_that_differ_in_a_number_spread() {
        let slots: std::collections::BTreeSet<u32> =
            (0..256).map(|n| hash(format!("svc{n}").as_bytes(), false) >> 8 & 255).collect();
        assert!(slots.len() > 128, "{} of 256 slots are taken", slots.len());
    }

    #[test]
    fn a_mask_and_a_turn_are_told_apart_up_to_their_limits() {
        for (mask, turn) in [(0, 0), (7, 3), ((1 << 24) - 1, 255)] {
            let shape = shape(mask, turn).unwrap();
            assert_eq!((slot_mask(shape), shape >> 24), (mask, turn));
            assert!(first_slot(u32::MAX, shape) <= mask);
        }
        assert_eq!([shape(1 << 24, 0), shape(0, 256)], [None; 2]);
    }
}
