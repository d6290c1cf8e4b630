//! What every engine in the tables is asked.

use gatelaw_benches::hand::Verdict;

use crate::asked::Asked;

/// Decides requests.
pub(crate) trait Engine {
    /// Decides, and names the rule that allows. What goes wrong is [`FAILED`]: never expected, so it is seen.
    fn verdict(&mut self, asked: &Asked<'_>) -> Verdict;

    /// Says whether it names the rule that allows.
    fn names_rules(&self) -> bool {
        true
    }

    /// Decides, and answers the status alone; the time of this is told.
    fn status(&mut self, asked: &Asked<'_>) -> u16 {
        self.verdict(asked).0
    }
}

/// No decision, because the engine failed.
pub(crate) const FAILED: Verdict = (0, None);

/// Allows by the rule of a number.
pub(crate) fn allowed(rule: usize) -> Verdict {
    (200, u32::try_from(rule).ok())
}

/// What is answered where no rule denies or allows.
pub(crate) fn unmatched(asked: &Asked<'_>) -> Verdict {
    (if asked.caller.is_some() { 403 } else { 401 }, None)
}
