//! The hash by which tables of strings are laid out: part of the byte layout, the same on every machine.

/// Hashes a text, its ASCII letters folded if asked: eight bytes at a time, little-endian, zeros behind the last.
///
/// Who chooses a request's texts chooses which slots are looked at, but not how full a table is: what a lookup costs is
/// bounded when the policy is compiled. So the hash has no secret.
#[inline]
pub(crate) fn hash(text: &str, fold: bool) -> u32 {
    let mut hash = u64::try_from(text.len()).unwrap_or(0);
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    for chunk in chunks {
        hash = mixed(hash, *chunk, fold);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        hash = mixed(hash, last, fold);
    }
    let high = (hash ^ (hash >> 15)) >> 32;
    u32::try_from(high).unwrap_or(0)
}

#[inline]
fn mixed(hash: u64, mut bytes: [u8; 8], fold: bool) -> u64 {
    if fold {
        bytes.make_ascii_lowercase();
    }
    // The factor of SplitMix64's increment: odd, its bits spread evenly.
    (hash.rotate_left(5) ^ u64::from_le_bytes(bytes)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
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

    #[test]
    fn names_that_differ_in_a_number_spread() {
        let slots: std::collections::BTreeSet<u32> =
            (0..256).map(|n| hash(&format!("svc{n}"), false) & 255).collect();
        assert!(slots.len() > 128, "{} of 256 slots are taken", slots.len());
    }
}
