//! What a flood of tokens of unknown keys costs, and what those who have good tokens notice of it.

use gatelaw::RawRequest;
use gatelaw::policy::Issuer;
use gatelaw_benches::clock::once_ns;
use gatelaw_host::keys::Algorithm;
use gatelaw_host::{Fetched, Gate};

use crate::tokens::{Signer, now, plan_of};

const UNKNOWN: usize = 10_000;
const KNOWN: usize = 64;
/// Longer than the cool-down of fetches, so that the flood begins with one.
const LATER_S: i64 = 60;

/// What was seen; times in nanoseconds.
struct Flooded {
    /// Judging a token of an unknown key.
    unknown: u64,
    /// Fetches of keys that the whole flood caused.
    fetches: u32,
    /// What 99 of 100 decisions with remembered tokens stay below: alone, and each behind a token of an unknown key.
    known: [u64; 2],
}

/// Prints the table.
pub(crate) fn print() -> Result<(), String> {
    println!(
        "\n{UNKNOWN} tokens of unknown keys, in turn with as many that were verified before; ns, and the p99 of the latter"
    );
    println!(
        "{:>12} {:>9} {:>9} {:>10} {:>10}",
        "unknown key", "a second", "fetches", "p99 alone", "p99 among"
    );
    let Flooded { unknown, fetches, known: [alone, among] } = flooded()?;
    println!("{unknown:>12} {:>9} {fetches:>9} {alone:>10} {among:>10}", 1_000_000_000 / unknown.max(1));
    Ok(())
}

fn flooded() -> Result<Flooded, String> {
    let signer = Signer::new(Algorithm::Es256)?;
    let start = now()?;
    let bearer = |kid: &str, number: usize| {
        let claims = format!(
            r#"{{"iss":"https://acme.okta.com","aud":"api","sub":"u{number}","org_id":"t1","scp":["read"],"iat":{start},"exp":{}}}"#,
            start + 3600
        );
        signer.token_of(kid, &claims).map(|token| format!("Bearer {token}"))
    };
    let known = (0..KNOWN).map(|n| bearer("k", n)).collect::<Result<Vec<_>, _>>()?;
    let unknown = (0..UNKNOWN).map(|n| bearer(&format!("unknown-{n}"), n)).collect::<Result<Vec<_>, _>>()?;
    let mut gate = Gate::new(plan_of(Algorithm::Es256)?);
    let mut fetches = 0;
    let mut status = |bearer: &str, now: i64| {
        let headers = [(&b"authorization"[..], bearer.as_bytes())];
        let raw =
            RawRequest { headers: &headers, now, ..RawRequest::new(b"GET", b"a.example", b"/orders/1") };
        let mut fetch = |_: &Issuer| {
            fetches += 1;
            Ok(Fetched { keys: signer.keys(), max_age_s: None })
        };
        gate.decide_fetching(&raw, &mut fetch).status()
    };
    let mut statuses = [0_usize; 2];
    let [good, refused] = &mut statuses;
    for bearer in &known {
        *good += usize::from(status(bearer, start) == 200);
    }
    let (mut alone, mut among, mut spent) = (Vec::new(), Vec::new(), 0);
    for bearer in known.iter().cycle().take(UNKNOWN) {
        alone.push(once_ns(&mut || *good += usize::from(status(bearer, start) == 200)));
    }
    for (bearer, other) in known.iter().cycle().zip(&unknown) {
        spent += once_ns(&mut || *refused += usize::from(status(other, start + LATER_S) == 401));
        among.push(once_ns(&mut || *good += usize::from(status(bearer, start + LATER_S) == 200)));
    }
    if statuses != [KNOWN + 2 * UNKNOWN, UNKNOWN] {
        return Err(format!("{statuses:?} of the tokens were accepted and refused"));
    }
    // One was for the first token of all.
    Ok(Flooded { unknown: spent / 10_000, fetches: fetches - 1, known: [p99(alone), p99(among)] })
}

fn p99(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().unwrap_or_default()
}
