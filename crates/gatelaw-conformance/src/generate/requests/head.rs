//! Headers, address, facts and time.

use std::net::IpAddr;

use gatelaw::ast::{LiteralKind, Weekday};
use gatelaw::policy::{Attr, Policy};
use gatelaw::request::Fact;

use super::OwnFacts;
use super::aim::{Wishes, last_of};
use super::samples::Samples;
use crate::generate::rng::Rng;

const DAY_S: i64 = 24 * 60 * 60;
/// 2026-01-05T00:00:00Z, a Monday.
const MONDAY: i64 = 1_767_571_200;

pub(super) fn headers(
    policy: &Policy,
    wishes: &Wishes,
    samples: &Samples,
    rng: &mut Rng,
) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for named in &policy.needs.headers {
        let name = &named.name;
        let forms =
            [Attr::Header(name.clone()), Attr::HeaderOnly(name.clone()), Attr::HeaderLine(name.clone())];
        let values = values(&forms, wishes, samples, rng);
        let spelled = if rng.chance(10) { name.to_ascii_uppercase() } else { name.clone() };
        if rng.chance(50) {
            lines.extend(values.into_iter().map(|value| (spelled.clone(), value)));
        } else if !values.is_empty() {
            lines.push((spelled, values.join(", ")));
        }
        if rng.chance(1) {
            lines.push((name.replace('-', "_"), "alias".into()));
        }
    }
    lines.extend(cookies(policy, wishes, samples, rng));
    if rng.chance(2) {
        lines.push(("authorization".into(), rng.word(&["Bearer abc", "bearer", "Basic eA=="]).to_owned()));
    }
    if rng.chance(15) {
        lines.push(("content-length".into(), rng.word(&["0", "10", "4096"]).to_owned()));
    }
    lines
}

/// Chooses the values of one header, query parameter or cookie, read as any of `forms`.
fn values(forms: &[Attr], wishes: &Wishes, samples: &Samples, rng: &mut Rng) -> Vec<String> {
    let mut values: Vec<String> = forms.iter().filter_map(|f| wishes.text(f)).map(str::to_owned).collect();
    values.truncate(1);
    values.extend(forms.iter().filter_map(|f| wishes.members.get(f)).flatten().cloned());
    let refused = forms.iter().any(|f| wishes.absent.contains(f));
    let asked = forms.iter().any(|f| wishes.present.contains(f));
    if values.is_empty() && !refused && (asked || rng.chance(45)) {
        values.push(samples.text(rng.pick(forms), rng));
    }
    if rng.chance(4) {
        values.push("more".into());
    }
    // Most requests are not refused for a control character.
    values.retain(|value| !value.contains(|c: char| c.is_control()) || rng.chance(5));
    values
}

fn cookies(policy: &Policy, wishes: &Wishes, samples: &Samples, rng: &mut Rng) -> Option<(String, String)> {
    let mut pairs = Vec::new();
    for named in &policy.needs.cookies {
        let forms = [Attr::Cookie(named.name.clone()), Attr::CookieOnly(named.name.clone())];
        for value in values(&forms, wishes, samples, rng) {
            if value.bytes().all(|b| matches!(b, 0x21..=0x7E) && !b"\",;\\".contains(&b)) || rng.chance(5) {
                pairs.push(format!("{}={value}", named.name));
            }
        }
    }
    if rng.chance(5) {
        pairs.push("unread=1".into());
    }
    (!pairs.is_empty()).then(|| ("cookie".to_owned(), pairs.join("; ")))
}

pub(super) fn ip(wishes: &Wishes, samples: &Samples, rng: &mut Rng) -> Option<IpAddr> {
    let wished = wishes.scalars.get(&Attr::Ip).cloned();
    match wished.or_else(|| samples.pick(&Attr::Ip, rng).filter(|_| rng.chance(60))) {
        Some(LiteralKind::Ip(net)) => Some(if rng.chance(50) { net.address() } else { last_of(&net) }),
        _ if rng.chance(1) => None,
        _ => Some(
            *rng.pick(&[IpAddr::from([203, 0, 113, 9]), IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 9])]),
        ),
    }
}

pub(super) fn facts(wishes: &Wishes, samples: &Samples, rng: &mut Rng) -> OwnFacts {
    OwnFacts {
        country: text_fact(&Attr::Country, "DE", wishes, samples, rng),
        asn: int_fact(&Attr::Asn, 0..=4_294_967_295, wishes, samples, rng),
        bot_score: int_fact(&Attr::BotScore, 0..=100, wishes, samples, rng),
        tls_version: text_fact(&Attr::TlsVersion, "TLSv1.3", wishes, samples, rng),
        client_cert: text_fact(&Attr::ClientCert, &"ab".repeat(32), wishes, samples, rng),
        size: int_fact(&Attr::Size, 0..=i64::MAX, wishes, samples, rng),
    }
}

/// Decides about a fact before its value: absent, wrong, or there.
fn is_there(attr: &Attr, wishes: &Wishes, rng: &mut Rng) -> Fact<()> {
    let wished = wishes.scalars.contains_key(attr) || wishes.present.contains(attr);
    if wishes.absent.contains(attr) || (!wished && rng.chance(40)) {
        Fact::Absent
    } else if rng.chance(1) && rng.chance(50) {
        Fact::Wrong
    } else {
        Fact::Present(())
    }
}

fn text_fact(attr: &Attr, usual: &str, wishes: &Wishes, samples: &Samples, rng: &mut Rng) -> Fact<String> {
    match is_there(attr, wishes, rng) {
        Fact::Absent => Fact::Absent,
        Fact::Wrong => Fact::Wrong,
        Fact::Present(()) => {
            let text = wishes.text(attr).map(str::to_owned).unwrap_or_else(|| samples.text(attr, rng));
            // A fact has a form of its own, whatever the policy compares it with.
            let fits = match attr {
                Attr::Country => {
                    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) || text == "T1"
                }
                Attr::ClientCert => text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()),
                _ => text.starts_with("TLS"),
            };
            Fact::Present(if fits || rng.chance(1) { text } else { usual.to_owned() })
        }
    }
}

fn int_fact(
    attr: &Attr,
    range: std::ops::RangeInclusive<i64>,
    wishes: &Wishes,
    samples: &Samples,
    rng: &mut Rng,
) -> Fact<i64> {
    match is_there(attr, wishes, rng) {
        Fact::Absent => Fact::Absent,
        Fact::Wrong => Fact::Wrong,
        Fact::Present(()) => match wishes.scalars.get(attr).cloned().or_else(|| samples.pick(attr, rng)) {
            Some(LiteralKind::Int(value)) if range.contains(&value) || rng.chance(2) => Fact::Present(value),
            _ => Fact::Present(7),
        },
    }
}

/// Finds a time that is the wished one: an instant, or some second of the wished clock and weekday.
pub(super) fn now(wishes: &Wishes, samples: &Samples, rng: &mut Rng) -> i64 {
    if let Some(LiteralKind::Instant(now)) = wishes.scalars.get(&Attr::Now) {
        return *now;
    }
    let weeks = i64::try_from(rng.below(100)).unwrap_or(0) * 7 * DAY_S;
    let mut second = MONDAY + weeks + i64::try_from(rng.below(604_800)).unwrap_or(0);
    for (attr, value) in &wishes.scalars {
        match (attr, value) {
            (Attr::Weekday(offset), LiteralKind::Weekday(day)) => {
                let place = Weekday::ALL.iter().position(|d| d == day).unwrap_or(0);
                let of_day = second.rem_euclid(DAY_S);
                second =
                    MONDAY + i64::try_from(place).unwrap_or(0) * DAY_S + of_day - i64::from(*offset) * 60;
            }
            (Attr::Time(offset), LiteralKind::Clock(minute)) => {
                let midnight = second - second.rem_euclid(DAY_S);
                let edge = i64::try_from(rng.below(2)).unwrap_or(0) * 59;
                second = midnight + (i64::from(*minute) - i64::from(*offset)) * 60 + edge;
            }
            _ => {}
        }
    }
    let anywhere = wishes.scalars.keys().any(|a| matches!(a, Attr::Time(_) | Attr::Weekday(_)));
    match samples.pick(&Attr::Now, rng) {
        Some(LiteralKind::Instant(now)) if !anywhere && rng.chance(60) => now,
        _ => second,
    }
}
