//! What a request must hold so that a condition is true, as far as one pass can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use gatelaw::address::IpNet;
use gatelaw::ast::{CompareOp, LiteralKind};
use gatelaw::policy::{Attr, Expr, IssuerId, ListEntries, ListId, Policy, RoleId, Test, Value};

use super::samples::{like_glob, like_regex};
use crate::generate::rng::Rng;

/// What attributes should be, by one rule's condition.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) signed_in: Option<bool>,
    pub(super) issuer: Option<IssuerId>,
    pub(super) roles: BTreeSet<RoleId>,
    pub(super) scalars: BTreeMap<Attr, LiteralKind>,
    pub(super) members: BTreeMap<Attr, BTreeSet<String>>,
    pub(super) absent: BTreeSet<Attr>,
    pub(super) present: BTreeSet<Attr>,
}

impl Wishes {
    /// Adds what makes `condition` come out as wanted. Wishes may contradict each other: then some are not granted.
    pub(super) fn aim(&mut self, policy: &Policy, condition: &Expr, wanted: bool, rng: &mut Rng) {
        match condition {
            Expr::Constant(_) => {}
            Expr::Not(inner) => self.aim(policy, inner, !wanted, rng),
            Expr::All(parts) if wanted => parts.iter().for_each(|part| self.aim(policy, part, true, rng)),
            Expr::Any(parts) if !wanted => parts.iter().for_each(|part| self.aim(policy, part, false, rng)),
            Expr::All(parts) | Expr::Any(parts) => {
                if !parts.is_empty() {
                    self.aim(policy, rng.pick(parts), wanted, rng);
                }
            }
            Expr::Test(test, _) => self.aim_test(policy, test, wanted, rng),
        }
    }

    fn aim_test(&mut self, policy: &Policy, test: &Test, wanted: bool, rng: &mut Rng) {
        match test {
            Test::Authenticated => self.signed_in = Some(wanted),
            Test::Issuer(issuer) if wanted => self.issuer = Some(*issuer),
            Test::Role(role) if wanted => _ = self.roles.insert(*role),
            Test::Scope(scope) if wanted => self.add(&Attr::UserScopes, scope),
            Test::Subject(issuer, id) if wanted => {
                self.issuer = Some(*issuer);
                self.scalars.insert(Attr::UserId, LiteralKind::String(id.clone()));
            }
            Test::Has(attr) if wanted => _ = self.present.insert(attr.clone()),
            Test::Has(attr) => _ = self.absent.insert(attr.clone()),
            Test::True(attr) => self.set(attr, LiteralKind::Bool(wanted)),
            Test::Compare(Value::Attr(attr), op, Value::Literal(literal)) => {
                self.set(attr, fulfilling(literal, *op, wanted, rng));
            }
            Test::Compare(Value::Literal(literal), op, Value::Attr(attr)) => {
                self.set(attr, fulfilling(literal, flipped(*op), wanted, rng));
            }
            Test::Compare(Value::Attr(a), op, Value::Attr(b)) if wanted == (*op == CompareOp::Equal) => {
                self.equal(a, b);
            }
            Test::InLiterals(attr, literals) if wanted => self.set(attr, rng.pick(literals).clone()),
            Test::InList(attr, list) if wanted => {
                if let Some(entry) = entry(policy, *list, rng) {
                    self.set(attr, entry);
                }
            }
            Test::InNet(attr, net) => {
                let address = if wanted { last_of(net) } else { IpAddr::from([203, 0, 113, 77]) };
                self.set(attr, LiteralKind::Ip(IpNet::host(address)));
            }
            Test::InInterval(attr, low, high) => {
                let inside = if rng.chance(50) { low.clone() } else { stepped(high, -1) };
                let outside = if rng.chance(50) { high.clone() } else { stepped(low, -1) };
                self.set(attr, if wanted { inside } else { outside });
            }
            Test::Like(attr, pattern) if wanted => {
                self.set(attr, LiteralKind::String(like_glob(pattern, rng)));
            }
            Test::Matches(attr, pattern) if wanted => {
                self.set(attr, LiteralKind::String(like_regex(pattern, rng)));
            }
            Test::Contains(attr, Value::Literal(LiteralKind::String(member))) if wanted => {
                self.add(attr, member)
            }
            Test::Contains(attr, Value::Attr(member)) if wanted => {
                let word = self.word(member);
                self.set(member, LiteralKind::String(word.clone()));
                self.add(attr, &word);
            }
            Test::ContainsAny(attr, members) if wanted => self.add(attr, rng.pick::<String>(members)),
            Test::ContainsAll(attr, members) if wanted => members.iter().for_each(|m| self.add(attr, m)),
            Test::ContainsAnyOf(attr, list) if wanted => {
                if let Some(LiteralKind::String(member)) = entry(policy, *list, rng) {
                    self.add(attr, &member);
                }
            }
            Test::ContainsAllOf(attr, list) if wanted => {
                for member in strings(policy, *list) {
                    self.add(attr, member);
                }
            }
            // Most values are not the one that is asked about: nothing need be done for "not".
            _ => {}
        }
    }

    fn set(&mut self, attr: &Attr, value: LiteralKind) {
        self.scalars.entry(attr.clone()).or_insert(value);
    }

    fn add(&mut self, attr: &Attr, member: &str) {
        self.members.entry(attr.clone()).or_default().insert(member.to_owned());
    }

    fn equal(&mut self, a: &Attr, b: &Attr) {
        let value = self.scalars.get(b).or_else(|| self.scalars.get(a)).cloned();
        let value = value.unwrap_or_else(|| LiteralKind::String("t1".into()));
        self.scalars.insert(a.clone(), value.clone());
        self.scalars.insert(b.clone(), value);
    }

    fn word(&self, attr: &Attr) -> String {
        match self.scalars.get(attr) {
            Some(LiteralKind::String(word)) => word.clone(),
            _ => "t1".into(),
        }
    }

    /// Returns the text that an attribute should be.
    pub(super) fn text(&self, attr: &Attr) -> Option<&str> {
        match self.scalars.get(attr) {
            Some(LiteralKind::String(text)) => Some(text),
            _ => None,
        }
    }
}

fn fulfilling(literal: &LiteralKind, op: CompareOp, wanted: bool, rng: &mut Rng) -> LiteralKind {
    let op = if wanted { op } else { negated(op) };
    match op {
        CompareOp::Equal => literal.clone(),
        CompareOp::NotEqual => stepped(literal, 1),
        CompareOp::Less => stepped(literal, -1),
        CompareOp::LessOrEqual => stepped(literal, if rng.chance(50) { 0 } else { -1 }),
        CompareOp::Greater => stepped(literal, 1),
        CompareOp::GreaterOrEqual => stepped(literal, i64::from(rng.chance(50))),
    }
}

fn negated(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterOrEqual,
        CompareOp::LessOrEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessOrEqual,
        CompareOp::GreaterOrEqual => CompareOp::Less,
    }
}

fn flipped(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal | CompareOp::NotEqual => op,
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
    }
}

/// Goes a step up or down from a value; of values without order another one.
pub(super) fn stepped(literal: &LiteralKind, step: i64) -> LiteralKind {
    match literal {
        LiteralKind::Int(v) => LiteralKind::Int(v.saturating_add(step)),
        LiteralKind::Duration(v) => LiteralKind::Duration(v.saturating_add(step)),
        LiteralKind::Instant(v) => LiteralKind::Instant(v.saturating_add(step)),
        LiteralKind::Clock(v) => {
            let minute = (i64::from(*v) + step).rem_euclid(24 * 60);
            LiteralKind::Clock(u16::try_from(minute).unwrap_or(0))
        }
        LiteralKind::Bool(v) => LiteralKind::Bool(*v == (step == 0)),
        LiteralKind::String(v) if step != 0 => LiteralKind::String(format!("{v}x")),
        LiteralKind::Ip(_) if step != 0 => LiteralKind::Ip(IpNet::host([203, 0, 113, 78].into())),
        LiteralKind::String(_) | LiteralKind::Ip(_) | LiteralKind::Weekday(_) => literal.clone(),
    }
}

fn entry(policy: &Policy, list: ListId, rng: &mut Rng) -> Option<LiteralKind> {
    let list = policy.lists.get(usize::try_from(list.0).ok()?)?;
    match &list.entries {
        ListEntries::Strings(all) if !all.is_empty() => {
            Some(LiteralKind::String(rng.pick::<String>(all).clone()))
        }
        ListEntries::Ints(all) if !all.is_empty() => Some(LiteralKind::Int(*rng.pick(all))),
        ListEntries::Nets(all) if !all.is_empty() => {
            Some(LiteralKind::Ip(IpNet::host(last_of(rng.pick(all)))))
        }
        ListEntries::Strings(_) | ListEntries::Ints(_) | ListEntries::Nets(_) => None,
    }
}

fn strings(policy: &Policy, list: ListId) -> &[String] {
    let list = usize::try_from(list.0).ok().and_then(|index| policy.lists.get(index));
    match list.map(|l| &l.entries) {
        Some(ListEntries::Strings(all)) => all,
        _ => &[],
    }
}

/// Finds the last address of a network.
pub(super) fn last_of(net: &IpNet) -> IpAddr {
    let prefix = u32::from(net.prefix());
    match net.address() {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() | u32::MAX.checked_shr(prefix).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() | u128::MAX.checked_shr(prefix).unwrap_or(0)).into()),
    }
}
