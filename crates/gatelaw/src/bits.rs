//! Sets of small numbers, a bit for each that there can be.

/// Words that take no allocation: most sets have no more.
const FEW: usize = 4;

/// A set of numbers below a limit. It takes as much memory when it is empty as when it is full.
#[derive(Debug, Clone)]
pub(crate) struct Bits {
    few: [u64; FEW],
    more: Vec<u64>,
}

impl Bits {
    /// Makes an empty set of numbers below a limit, rounded up to whole words, and to [`FEW`].
    pub(crate) fn below(limit: usize) -> Self {
        Self { few: [0; FEW], more: vec![0; limit.div_ceil(64).saturating_sub(FEW)] }
    }

    /// Inserts a number; says whether it is new. One past the limit is always new, and never held.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        let bit = 1 << (number % 64);
        let Some(word) = self.word(number) else { return true };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Removes a number, and whatever stands in one word with it.
    pub(crate) fn clear_around(&mut self, number: u32) {
        self.word(number).into_iter().for_each(|word| *word = 0);
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        self.few.fill(0);
        self.more.fill(0);
    }

    /// Counts the numbers.
    pub(crate) fn count(&self) -> usize {
        self.words().map(|word| usize::try_from(word.count_ones()).unwrap_or(0)).sum()
    }

    /// Lists the numbers, the least first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words().zip((0_u32..).step_by(64)).flat_map(|(word, first)| {
            let left = std::iter::successors(Some(word), |left| Some(left & left.wrapping_sub(1)));
            left.take_while(|left| *left != 0).map(move |left| left.trailing_zeros() | first)
        })
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        self.few.iter().chain(&self.more).copied()
    }

    fn word(&mut self, number: u32) -> Option<&mut u64> {
        let place = usize::try_from(number / 64).ok()?;
        match place.checked_sub(FEW) {
            None => self.few.get_mut(place),
            Some(place) => self.more.get_mut(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once_and_listed_in_its_place() {
        let mut bits = Bits::below(330);
        for number in [329, 0, 63, 64, 70, 383] {
            assert!(bits.insert(number), "{number}");
            assert!(!bits.insert(number), "{number}");
        }
        assert!(bits.iter().eq([0, 63, 64, 70, 329, 383]));
        assert_eq!(bits.count(), 6);
        bits.clear_around(127);
        assert!(bits.iter().eq([0, 63, 329, 383]));
        bits.clear();
        assert_eq!((bits.iter().next(), bits.count()), (None, 0));
    }

    #[test]
    fn a_number_past_the_limit_is_never_held() {
        let mut bits = Bits::below(256);
        for number in [256, u32::MAX] {
            assert!(bits.insert(number) && bits.insert(number), "{number}");
        }
        assert_eq!(bits.count(), 0);
    }
}
