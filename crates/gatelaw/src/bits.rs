//! Sets of small numbers, a bit for each that there can be.

/// Words that take no allocation: most sets have no more.
const FEW: usize = 4;

/// A set of numbers below a limit. It takes as much memory when it is empty as when it is full.
#[derive(Debug, Clone)]
pub(crate) struct Bits {
    /// How many words there are: in `few`, or, where they are more than fit there, in `many`.
    len: usize,
    few: [u64; FEW],
    many: Vec<u64>,
}

impl Bits {
    /// Makes an empty set of numbers below a limit, rounded up to whole words.
    pub(crate) fn below(limit: usize) -> Self {
        let len = limit.div_ceil(64);
        Self { len, few: [0; FEW], many: vec![0; if len > FEW { len } else { 0 }] }
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
        self.words_mut().fill(0);
    }

    /// Counts the numbers.
    pub(crate) fn count(&self) -> usize {
        self.words().iter().map(|word| usize::try_from(word.count_ones()).unwrap_or(0)).sum()
    }

    /// Lists the numbers, the least first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words().iter().zip((0_u32..).step_by(64)).flat_map(|(word, first)| {
            let left = std::iter::successors(Some(*word), |left| Some(left & left.wrapping_sub(1)));
            left.take_while(|left| *left != 0).map(move |left| left.trailing_zeros() | first)
        })
    }

    fn word(&mut self, number: u32) -> Option<&mut u64> {
        self.words_mut().get_mut(usize::try_from(number / 64).ok()?)
    }

    fn words(&self) -> &[u64] {
        self.few.get(..self.len).unwrap_or(&self.many)
    }

    fn words_mut(&mut self) -> &mut [u64] {
        self.few.get_mut(..self.len).unwrap_or(&mut self.many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once_and_listed_in_its_place() {
        let mut bits = Bits::below(130);
        for number in [129, 0, 63, 64, 70, 191] {
            assert!(bits.insert(number), "{number}");
            assert!(!bits.insert(number), "{number}");
        }
        assert!(bits.iter().eq([0, 63, 64, 70, 129, 191]));
        assert_eq!(bits.count(), 6);
        bits.clear_around(127);
        assert!(bits.iter().eq([0, 63, 129, 191]));
        bits.clear();
        assert_eq!((bits.iter().next(), bits.count()), (None, 0));
    }

    #[test]
    fn a_number_past_the_limit_is_never_held() {
        let mut bits = Bits::below(64);
        for number in [64, u32::MAX] {
            assert!(bits.insert(number) && bits.insert(number), "{number}");
        }
        assert_eq!(bits.count(), 0);
        assert!(Bits::below(0).insert(0));
    }

    #[test]
    fn sets_of_few_and_of_many_words_hold_the_same() {
        for words in 0..=2 * FEW {
            let (limit, mut bits) = (words * 64, Bits::below(words * 64));
            let numbers = (0..).take_while(|number| usize::try_from(*number).unwrap() < limit).step_by(7);
            assert!(numbers.clone().all(|number| bits.insert(number)), "{words}");
            let past = u32::try_from(limit).unwrap();
            assert!(bits.insert(past) && bits.insert(past), "{words}");
            assert!(bits.iter().eq(numbers), "{words}");
        }
    }
}
