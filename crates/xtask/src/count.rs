//! Counts tests in what their runners print.

use std::ops::AddAssign;

/// Says how many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// Says how the tests of a step are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// The step itself is one test: it passes or fails as a whole.
    Step,
    /// Lines of Rust's test programs: `test result: ok. 3 passed; 0 failed; …`.
    Rust,
    /// The last line of `gatelaw test` for each policy: `25 tests: 25 passed, 0 failed`.
    Policies,
    /// Lines of the Test Anything Protocol: `ok 1 - name` and `not ok 2 - name`, not indented.
    Tap,
    /// The last line of pytest: `1 failed, 7 passed in 0.01s`.
    Pytest,
}

impl Count {
    /// Counts the tests of a step that printed `log`, and failed as a whole or not.
    ///
    /// A step that fails has a failed test at least. One that passes has run a test at least: none means that its tests
    /// weren't found.
    pub(crate) fn tally(self, log: &str, step_failed: bool) -> Tally {
        let mut tally = match self {
            Self::Step => Tally { passed: u64::from(!step_failed), failed: 0 },
            Self::Rust => sums(log, "test result: "),
            Self::Policies => sums(log, " tests: "),
            Self::Tap => tap(log),
            Self::Pytest => pytest(log),
        };
        if tally.failed == 0 && (step_failed || tally.passed == 0) {
            tally.failed = 1;
        }
        tally
    }
}

/// Sums lines that have `N passed` and `N failed` behind a mark.
fn sums(log: &str, mark: &str) -> Tally {
    let mut tally = Tally::default();
    for line in log.lines() {
        // The mark isn't always at the beginning of a line: a test may have printed half a line before.
        if let Some((_, counts)) = line.split_once(mark) {
            tally +=
                Tally { passed: number_before(counts, "passed"), failed: number_before(counts, "failed") };
        }
    }
    tally
}

fn tap(log: &str) -> Tally {
    let begins =
        |word| u64::try_from(log.lines().filter(|line| line.starts_with(word)).count()).unwrap_or(u64::MAX);
    Tally { passed: begins("ok "), failed: begins("not ok ") }
}

fn pytest(log: &str) -> Tally {
    let last = log
        .lines()
        .rev()
        .find(|line| line.contains(" in ") && (line.contains("passed") || line.contains("failed")));
    let last = last.unwrap_or_default();
    let failed = number_before(last, "failed").saturating_add(number_before(last, "error"));
    Tally { passed: number_before(last, "passed"), failed }
}

/// Reads the number that stands before a word: 3 of `3 passed`.
fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let pair = words.windows(2).find(|pair| pair.get(1).is_some_and(|found| found.starts_with(word)));
    pair.and_then(|pair| pair.first()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(count: Count, log: &str, step_failed: bool, expected: (u64, u64)) {
        let Tally { passed, failed } = count.tally(log, step_failed);
        assert_eq!((passed, failed), expected);
    }

    #[test]
    fn rust_sums_its_programs() {
        let log = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\
                   half a line test result: FAILED. 12 passed; 2 failed; 0 ignored";
        check(Count::Rust, log, true, (15, 2));
    }

    #[test]
    fn policies_are_summed() {
        check(
            Count::Policies,
            "ok    a\n25 tests: 25 passed, 0 failed\n3 tests: 1 passed, 2 failed",
            true,
            (26, 2),
        );
    }

    #[test]
    fn tap_counts_lines_that_are_not_indented() {
        check(Count::Tap, "ok 1 - a\n    ok 1 - part of b\nnot ok 2 - b\nok 3 - c\n1..3", true, (2, 1));
    }

    #[test]
    fn pytest_tells_at_its_end() {
        check(Count::Pytest, "....\n======= 7 passed in 0.01s =======", false, (7, 0));
        check(Count::Pytest, "3 passed in a name\n2 failed, 5 passed, 1 error in 0.1s", true, (5, 3));
    }

    #[test]
    fn a_step_that_fails_has_a_failed_test() {
        check(Count::Step, "", true, (0, 1));
        check(Count::Rust, "error: could not compile", true, (0, 1));
        check(Count::Rust, "test result: ok. 3 passed; 0 failed", true, (3, 1));
    }

    #[test]
    fn a_step_that_ran_no_test_fails() {
        check(Count::Step, "", false, (1, 0));
        check(Count::Tap, "1..0", false, (0, 1));
        check(Count::Pytest, "no tests ran in 0.01s", false, (0, 1));
    }
}
