//! Requests: most of them such that the caller's token satisfies a rule at that place.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use gatelaw_conformance::generate::Rng;

use crate::workload::{Access, COUNTRIES, Condition, EMBARGOED, Request, Rule, Shape, Workload, byte};

/// The host of every request.
pub const HOST: &str = "api.acme.com";
/// The time of every request, in Unix seconds.
pub const NOW: i64 = 1_795_000_000;

/// Makes a request; `fitting` lists, by caller, the rules that the token satisfies.
pub(crate) fn request(rng: &mut Rng, workload: &Workload, fitting: &[Vec<usize>]) -> Request {
    let caller = rng.below(workload.callers.len());
    let fits = fitting.get(caller).filter(|rules| !rules.is_empty() && rng.chance(72));
    let rule = match fits {
        Some(rules) => workload.rules.get(*rng.pick(rules)),
        None => None,
    };
    let rule = rule.unwrap_or_else(|| rng.pick(&workload.rules));
    let tenant = workload.callers.get(caller).map_or(0, |c| c.tenant);
    Request {
        method: method(rng, rule.access),
        target: target(rng, rule, tenant),
        headers: headers(rng),
        ip: address(rng, rule.condition, &workload.burned),
        country: if rng.chance(2) { rng.word(&EMBARGOED) } else { rng.word(&COUNTRIES) },
        caller: (!rng.chance(3)).then_some(caller),
    }
}

fn method(rng: &mut Rng, access: Access) -> &'static str {
    match access {
        _ if rng.chance(3) => "PATCH",
        Access::Read => rng.word(&["GET", "GET", "GET", "HEAD"]),
        Access::Write => rng.word(&["POST", "PUT", "DELETE"]),
    }
}

fn target(rng: &mut Rng, rule: &Rule, tenant: usize) -> String {
    let mut target = format!("/svc{}/v1/res{}/", rule.service, rule.resource);
    // Writing to a `String` can't fail.
    _ = match rule.condition {
        _ if rng.chance(2) => write!(target, "caf%C3%A9"),
        Condition::Tenant if rng.chance(90) => write!(target, "t{tenant}"),
        _ => write!(target, "{}", rng.below(1_000_000)),
    };
    if rule.shape == Shape::Below {
        let deeper = ["", "/lines", "/lines/7", "/attachments/invoice.pdf"];
        target += rng.word(&deeper);
    }
    target + rng.word(&["", "", "", "?full=1", "?page=2&sort=-created"])
}

fn address(rng: &mut Rng, condition: Condition, burned: &[Ipv4Addr]) -> Ipv4Addr {
    let [high, low] = [byte(rng, 256), byte(rng, 256)];
    match condition {
        _ if rng.chance(2) => {
            let [a, b, c, _] = rng.pick(burned).octets();
            Ipv4Addr::new(a, b, c, low)
        }
        Condition::Network(n) => Ipv4Addr::new(10, n, high, low),
        Condition::None | Condition::Tenant | Condition::SecondFactor => Ipv4Addr::new(198, 51, high, low),
    }
}

/// Makes the header lines that every client sends, and that no rule reads.
fn headers(rng: &mut Rng) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("accept", "application/json".to_owned()),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36".to_owned()),
        ("x-request-id", format!("{:016x}", rng.bits())),
    ];
    if rng.chance(50) {
        headers.push(("accept-encoding", "gzip, br".to_owned()));
    }
    if rng.chance(30) {
        headers.push(("content-type", "application/json".to_owned()));
    }
    headers
}
