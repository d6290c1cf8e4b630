//! The callers that JavaScript holds by number: mapped once, for all requests with their token.

use gatelaw_host::LineCaller;

/// Holds callers by number.
#[derive(Debug, Default)]
pub struct Callers {
    kept: Vec<Option<LineCaller>>,
    // INVARIANT: the numbers of `kept` that hold nobody, each once.
    free: Vec<u32>,
}

impl Callers {
    /// Keeps a caller, and says by which number. Numbers of dropped callers are given again.
    pub fn keep(&mut self, caller: LineCaller) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.kept.push(None);
            u32::try_from(self.kept.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(slot) = at(number).and_then(|at| self.kept.get_mut(at)) {
            *slot = Some(caller);
        }
        number
    }

    /// Finds a caller.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&LineCaller> {
        self.kept.get(at(number)?)?.as_ref()
    }

    /// Drops a caller; a number that nobody has is passed over.
    pub fn drop(&mut self, number: u32) {
        let slot = at(number).and_then(|at| self.kept.get_mut(at));
        if slot.is_some_and(|slot| slot.take().is_some()) {
            self.free.push(number);
        }
    }
}

fn at(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(code: &str) -> LineCaller {
        LineCaller::Invalid(code.to_owned())
    }

    #[track_caller]
    fn check(callers: &Callers, expected: &[Option<&str>]) {
        let code = |number| match callers.get(number) {
            Some(LineCaller::Invalid(code)) => Some(code.as_str()),
            _ => None,
        };
        let found: Vec<_> = (0..).take(expected.len()).map(code).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_of_dropped_callers_are_given_again() {
        let mut callers = Callers::default();
        assert_eq!(["a", "b", "c"].map(|code| callers.keep(invalid(code))), [0, 1, 2]);
        check(&callers, &[Some("a"), Some("b"), Some("c"), None]);
        callers.drop(1);
        callers.drop(1);
        callers.drop(7);
        check(&callers, &[Some("a"), None, Some("c")]);
        assert_eq!([callers.keep(invalid("d")), callers.keep(invalid("e"))], [1, 3]);
        check(&callers, &[Some("a"), Some("d"), Some("c"), Some("e")]);
    }
}
