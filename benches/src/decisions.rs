//! What one decision costs, beside what is written by hand for the same policy.

use gatelaw::request::{Canonical, Reading};
use gatelaw::{Begun, Caller, Session, Sources, compile};
use gatelaw_benches::clock::{least_ns, ratio};
use gatelaw_benches::{Workload, hand, policy};

const REQUESTS: usize = 10_000;
const ROUNDS: usize = 40;

/// Nanoseconds of one request.
struct Row {
    rules: usize,
    canonical: u64,
    hand: u64,
    gatelaw: u64,
    /// What gatelaw takes before the caller counts: the canonical form, and which rules can matter.
    begun: u64,
}

/// Prints a row for each number of rules, measured in one run.
pub(crate) fn print(rules: &[usize]) -> Result<(), String> {
    let rows = rules.iter().map(|rules| row(*rules)).collect::<Result<Vec<_>, _>>()?;
    println!(
        "\none decision from raw strings, identity prepared before; and alone, without what comes before the rules"
    );
    println!(
        "{:>9} {:>14} {:>14} {:>9} {:>12} {:>9} {:>14} {:>9}",
        "rules",
        "canonical form",
        "with by hand",
        "gatelaw",
        "to by hand",
        "growth",
        "alone: by hand",
        "gatelaw"
    );
    let first = rows.first().map_or(1, |row| row.gatelaw);
    for row in &rows {
        let (to_hand, growth) = (ratio(row.gatelaw, row.hand), ratio(row.gatelaw, first));
        println!(
            "{:>9} {:>14} {:>14} {:>9} {to_hand:>12} {growth:>9} {:>14} {:>9}",
            row.rules,
            row.canonical,
            row.hand,
            row.gatelaw,
            row.hand.saturating_sub(row.canonical),
            row.gatelaw.saturating_sub(row.begun)
        );
    }
    Ok(())
}

fn row(rules: usize) -> Result<Row, String> {
    let workload = Workload::new(1, rules, REQUESTS);
    let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload)))
        .map_err(|errors| format!("the policy has {} errors", errors.len()))?;
    let identities = policy::identities(&workload, &compiled.policy.identity);
    let identities: Vec<_> = identities.into_iter().map(|identity| compiled.plan.prepare(identity)).collect();
    let callers: Vec<_> = workload.callers.iter().map(hand::prepare).collect();
    let matcher = hand::Hand::new(&workload);
    let reading = Reading::new(compiled.plan.needs().clone());
    let headers: Vec<_> = workload.requests.iter().map(policy::header_lines).collect();
    let raws: Vec<_> =
        workload.requests.iter().zip(&headers).map(|(r, h)| (policy::raw(r, h), r.caller)).collect();
    let (mut session, mut beginning) = (Session::new(&compiled.plan), Session::new(&compiled.plan));
    let (mut first, mut second) = (Canonical::new(), Canonical::new());
    let mut sums = [0_u64; 4];
    let [canonical_sum, hand_sum, gatelaw_sum, begun_sum] = &mut sums;
    let [canonical, hand, gatelaw, begun] = least_ns(
        ROUNDS,
        [
            &mut || {
                for (raw, _) in &raws {
                    let read = first.read_target(raw, |_| Default::default());
                    let read = read.and_then(|()| first.read_rest(raw, &reading, false));
                    *canonical_sum += u64::from(read.is_ok());
                }
            },
            &mut || {
                for (raw, caller) in &raws {
                    let read = second.read_target(raw, |_| Default::default());
                    let read = read.and_then(|()| second.read_rest(raw, &reading, false));
                    if read.is_ok() {
                        let (status, _) = matcher.decide(&second, caller.and_then(|n| callers.get(n)));
                        *hand_sum += u64::from(status);
                    }
                }
            },
            &mut || {
                for (raw, caller) in &raws {
                    let identity = caller.and_then(|n| identities.get(n));
                    let outcome = session.decide(raw, identity.map_or(Caller::Anonymous, Caller::Prepared));
                    *gatelaw_sum += u64::from(outcome.status());
                }
            },
            &mut || {
                for (raw, _) in &raws {
                    *begun_sum += u64::from(matches!(beginning.begin(raw), Begun::Open(_)));
                }
            },
        ],
    );
    if hand_sum != gatelaw_sum || canonical_sum != begun_sum {
        return Err(format!("with {rules} rules both answer otherwise"));
    }
    let each = |ns: u64| ns / 10_000;
    Ok(Row {
        rules,
        canonical: each(canonical),
        hand: each(hand),
        gatelaw: each(gatelaw),
        begun: each(begun),
    })
}
