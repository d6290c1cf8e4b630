//! The hash by which tables of strings are laid out: part of the byte layout, the same on every machine.

/// Hashes a text, its ASCII letters folded if asked: eight bytes at a time, little-endian, zeros behind the last.
///
/// Who chooses a request's texts chooses which slots are looked at, but not how full a table is: what a lookup costs is
/// bounded when the policy is compiled. So the hash has no secret.
#[inline]
pub(crate) fn hash(text: &str, fold: bool) -> u32 {
    if fold { hash_folded(text) } else { hash_of(text, |eight| eight) }
}

/// Hashes a text with its letters folded: seldom asked for, and kept out of the way of the other.
#[inline(never)]
fn hash_folded(text: &str) -> u32 {
    hash_of(text, |mut eight| {
        eight.make_ascii_lowercase();
        eight
    })
}

#[inline]
fn hash_of(text: &str, read: impl Fn([u8; 8]) -> [u8; 8]) -> u32 {
    let mix = |hash: u64, eight| {
        // The factor of SplitMix64's increment: odd, its bits spread evenly.
        (hash.rotate_left(5) ^ u64::from_le_bytes(read(eight))).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    };
    let (mut hash, mut rest) = (u64::try_from(text.len()).unwrap_or(0), text.as_bytes());
    while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
        (hash, rest) = (mix(hash, *eight), behind);
    }
    if !rest.is_empty() {
        hash = mix(hash, last(text.as_bytes(), rest).to_le_bytes());
    }
    let high = (hash ^ (hash >> 15)) >> 32;
    u32::try_from(high).unwrap_or(0)
}

/// Reads the first eight bytes of a text, little-endian, zeros behind the last.
#[inline]
pub(crate) fn first_eight(text: &str) -> u64 {
    let bytes = text.as_bytes();
    bytes.first_chunk().map_or_else(|| last(bytes, bytes), |eight| u64::from_le_bytes(*eight))
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
            assert_eq!(hash(text, true), hash(&text.to_ascii_lowercase(), false), "{text}");
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
                hash(&text[start..end], false),
                hash_of_bytes(&text[start..end]),
                "{}",
                &text[start..end]
            );
        }
    }

    #[test]
    fn names_that_differ_in_a_number_spread() {
        let slots: std::collections::BTreeSet<u32> =
            (0..256).map(|n| hash(&format!("svc{n}"), false) & 255).collect();
        assert!(slots.len() > 128, "{} of 256 slots are taken", slots.len());
    }
}
