//! A clock for contestants that take turns: noise of the machine hits all of them alike, and the least time is told.

use std::time::Instant;

/// Runs each contestant once a round, and returns by contestant the least nanoseconds of one run.
pub fn least_ns<const N: usize>(rounds: usize, mut contestants: [&mut dyn FnMut(); N]) -> [u64; N] {
    let mut least = [u64::MAX; N];
    for _ in 0..rounds {
        for (contestant, least) in contestants.iter_mut().zip(&mut least) {
            *least = (*least).min(once_ns(&mut **contestant));
        }
    }
    least
}

/// Runs something once, and returns its nanoseconds.
pub fn once_ns(run: &mut dyn FnMut()) -> u64 {
    let start = Instant::now();
    run();
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Writes a ratio with two decimals.
#[must_use]
pub fn ratio(of: u64, to: u64) -> String {
    let hundredths = of.saturating_mul(100) / to.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
