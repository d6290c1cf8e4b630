//! What JavaScript holds by number: callers that are mapped once for all requests with their token, and tokens whose signature it is
//! verifying.

/// Holds values by number.
#[derive(Debug)]
pub struct Kept<T> {
    kept: Vec<Option<T>>,
    // INVARIANT: the numbers of `kept` that hold nothing, each once.
    free: Vec<u32>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), free: Vec::new() }
    }
}

impl<T> Kept<T> {
    /// Keeps a value, and says by which number. Numbers of values that were taken are given again.
    pub fn keep(&mut self, value: T) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.kept.push(None);
            u32::try_from(self.kept.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(slot) = at(number).and_then(|at| self.kept.get_mut(at)) {
            *slot = Some(value);
        }
        number
    }

    /// Finds a value.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&T> {
        self.kept.get(at(number)?)?.as_ref()
    }

    /// Takes a value out; a number that nothing has gives none.
    pub fn take(&mut self, number: u32) -> Option<T> {
        let value = self.kept.get_mut(at(number)?)?.take()?;
        self.free.push(number);
        Some(value)
    }
}

/// Holds what waits for its host, by numbers that are not given again: who comes late must not take what is another's.
///
/// A host that drops a request leaves behind what waited for it, so there is a bound; beyond it the oldest goes.
#[derive(Debug)]
pub struct Waiting<T> {
    waiting: Vec<(u32, T)>,
    next: u32,
    max: usize,
}

impl<T> Waiting<T> {
    /// Makes room for at most so many.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { waiting: Vec::new(), next: 0, max }
    }

    /// Keeps a value, and says by which number.
    pub fn keep(&mut self, value: T) -> u32 {
        if self.waiting.len() >= self.max {
            self.waiting.drain(..1);
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.waiting.push((number, value));
        number
    }

    /// Takes a value out; a number that nothing has, or has any more, gives none.
    pub fn take(&mut self, number: u32) -> Option<T> {
        let at = self.waiting.iter().position(|(known, _)| *known == number)?;
        Some(self.waiting.remove(at).1)
    }
}

fn at(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kept: &Kept<char>, expected: &[Option<char>]) {
        let found: Vec<_> = (0..).take(expected.len()).map(|number| kept.get(number).copied()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_of_values_that_were_taken_are_given_again() {
        let mut kept = Kept::default();
        assert_eq!(['a', 'b', 'c'].map(|value| kept.keep(value)), [0, 1, 2]);
        check(&kept, &[Some('a'), Some('b'), Some('c'), None]);
        assert_eq!([1, 1, 7].map(|number| kept.take(number)), [Some('b'), None, None]);
        check(&kept, &[Some('a'), None, Some('c')]);
        assert_eq!([kept.keep('d'), kept.keep('e')], [1, 3]);
        check(&kept, &[Some('a'), Some('d'), Some('c'), Some('e')]);
    }

    #[test]
    fn the_oldest_goes_and_no_number_is_given_again() {
        let mut waiting = Waiting::new(2);
        assert_eq!(['a', 'b', 'c'].map(|value| waiting.keep(value)), [0, 1, 2]);
        assert_eq!([0, 2, 2, 3].map(|number| waiting.take(number)), [None, Some('c'), None, None]);
        assert_eq!([waiting.keep('d'), waiting.keep('e')], [3, 4]);
        assert_eq!([1, 2, 3, 4].map(|number| waiting.take(number)), [None, None, Some('d'), Some('e')]);
    }
}
