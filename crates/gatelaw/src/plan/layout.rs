//! Takes apart the tables that are read at two places: where a decision looks something up, and where the steps of that are bounded as an
//! artifact is loaded. Were the two to read them otherwise, the bound would be one of something else.

use super::hash::slot_mask;

/// Reads one word; 0 past the end.
pub(crate) fn word(words: &[u32], at: u32) -> u32 {
    usize::try_from(at).ok().and_then(|at| words.get(at)).copied().unwrap_or(0)
}

/// Cuts off what stands before an offset; nothing is left past the end.
#[inline]
pub(crate) fn from(words: &[u32], at: u32) -> &[u32] {
    usize::try_from(at).ok().and_then(|at| words.get(at..)).unwrap_or(&[])
}

/// A table of strings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StringTable<'w> {
    /// The mask of its slots, and the turn by which a text's first slot is found.
    pub(crate) shape: u32,
    /// By slot the number of its string + 1 and what the string stands for; 0 for an empty one.
    pub(crate) slots: &'w [[u32; 2]],
}

impl<'w> StringTable<'w> {
    /// Opens the table that some words begin with, to look something up; `None` where it is empty. Words behind it may count among its slots,
    /// of which a lookup sees those that the mask says.
    #[inline]
    pub(crate) fn open(words: &'w [u32]) -> Option<Self> {
        let [1..=u32::MAX, shape, slots @ ..] = words else { return None };
        Some(Self { shape: *shape, slots: slots.as_chunks().0 })
    }

    /// Reads the table that some words begin with, and what stands behind it; `None` where they end before it does. No words are an empty
    /// table, and so is one word 0, whatever follows.
    pub(crate) fn read(words: &'w [u32]) -> Option<(Self, &'w [u32])> {
        match words {
            [] | [0, ..] => Some((Self { shape: 0, slots: &[] }, words.get(1..).unwrap_or_default())),
            [_, shape, rest @ ..] => {
                let slots = usize::try_from(slot_mask(*shape)).ok()?.saturating_add(1);
                let (slots, behind) = rest.split_at_checked(slots.saturating_mul(2))?;
                Some((Self { shape: *shape, slots: slots.as_chunks().0 }, behind))
            }
            [_] => None,
        }
    }
}

/// A state of the automaton over paths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State<'w> {
    /// Where segments lead that stand in a route as they are.
    pub(crate) strings: StringTable<'w>,
    /// Strings before and behind a `*`.
    pub(crate) affixes: &'w [[u32; 2]],
    /// Where any segment leads that the table of strings doesn't have: by a mask of the affixes that it has.
    pub(crate) others: &'w [u32],
    /// What is accepted at the end of a path, without a slash and with one.
    pub(crate) ends: [u32; 2],
}

impl<'w> State<'w> {
    /// Reads the state that some words begin with; `None` where they end too early.
    pub(crate) fn read(words: &'w [u32]) -> Option<Self> {
        let (strings, rest) = StringTable::read(words)?;
        let (count, rest) = rest.split_first()?;
        let (affixes, rest) = rest.split_at_checked(usize::try_from(*count).ok()?.saturating_mul(2))?;
        let (others, rest) = rest.split_at_checked(1_usize.checked_shl(*count)?)?;
        Some(Self { strings, affixes: affixes.as_chunks().0, others, ends: *rest.first_chunk()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_without_strings_is_not_opened() {
        let open = |words| StringTable::open(words).map(|table| (table.shape, table.slots.len()));
        assert_eq!([open(&[]), open(&[0, 1, 2, 3]), open(&[1])], [None; 3]);
        assert_eq!(open(&[1, 0, 5, 6]), Some((0, 1)));
    }

    #[test]
    fn a_table_of_strings_ends_where_its_mask_says() {
        let read = |words| {
            StringTable::read(words).map(|(table, behind)| (table.shape, table.slots.len(), behind.len()))
        };
        assert_eq!(read(&[]), Some((0, 0, 0)));
        assert_eq!(read(&[0, 7, 8]), Some((0, 0, 2)));
        assert_eq!(read(&[1, 1, 0, 0, 5, 6, 9]), Some((1, 2, 1)));
        // The turn is no part of the mask.
        assert_eq!(read(&[1, 3 << 24, 5, 6]), Some((3 << 24, 1, 0)));
        for short in [&[1][..], &[1, 0], &[1, 0, 5], &[1, 1, 0, 0, 5], &[1, u32::MAX, 0, 0]] {
            assert_eq!(read(short), None, "{short:?}");
        }
    }

    #[test]
    fn a_state_has_a_target_for_each_set_of_its_affixes_and_two_ends() {
        let read =
            |words: &[u32]| State::read(words).map(|s| (s.affixes.to_vec(), s.others.to_vec(), s.ends));
        for strings in [&[0][..], &[1, 0, 8, 9]] {
            let read = |words: &[u32]| read(&[strings, words].concat());
            assert_eq!(read(&[0, 4, 5, 6, 7]), Some((vec![], vec![4], [5, 6])));
            assert_eq!(read(&[1, 2, 3, 4, 5, 6, 7]), Some((vec![[2, 3]], vec![4, 5], [6, 7])));
            for short in [&[][..], &[0], &[0, 4], &[0, 4, 5], &[1, 2, 3, 4, 5, 6], &[64, 0, 0], &[u32::MAX]] {
                assert_eq!(read(short), None, "{short:?}");
            }
        }
        assert_eq!(
            State::read(&[1, 0, 8, 9, 0, 4, 5, 6]).map(|s| s.strings.slots.to_vec()),
            Some(vec![[8, 9]])
        );
    }
}
