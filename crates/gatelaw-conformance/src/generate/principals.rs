//! `for`: who a generated rule is for, and which issuers can satisfy that.

use gatelaw::ast::{Principal, Who};

use super::build::{NOWHERE, name, text};
use super::readable::{SCOPES, SUBJECTS};
use super::rng::Rng;
use super::scene::Scene;

/// A principal, and what it means for what the rule may read.
pub(super) struct For {
    pub(super) principal: Option<Principal>,
    pub(super) signed_in: bool,
    /// Indices of the issuers whose tokens can satisfy it.
    pub(super) issuers: Vec<usize>,
}

/// Writes a principal; one that an `allow` can have where `required`.
pub(super) fn principal(scene: &Scene, required: bool, rng: &mut Rng) -> For {
    let every = || (0..scene.issuers.len()).collect::<Vec<_>>();
    let public = |principal| For { principal, signed_in: false, issuers: every() };
    match rng.below(100) {
        0..12 if !required => public(None),
        0..30 => public(Some(Principal::Anyone(NOWHERE))),
        30..35 => For { issuers: Vec::new(), ..public(Some(Principal::Anonymous(NOWHERE))) },
        35..42 => public(Some(Principal::AnonymousOr(NOWHERE, grouped(who(scene, 1, rng))))),
        _ => {
            let who = for_the_known(who(scene, 2, rng));
            let can = |issuer: &usize| satisfiable(scene, &who, *issuer) != Some(false);
            let issuers = every().into_iter().filter(can).collect();
            For { principal: Some(Principal::Who(who)), signed_in: true, issuers }
        }
    }
}

fn who(scene: &Scene, depth: usize, rng: &mut Rng) -> Who {
    match rng.below(100) {
        roll if depth == 0 || roll < 55 => term(scene, rng),
        roll if roll < 70 => {
            Who::And((0..rng.between(2, 3)).map(|_| grouped(who(scene, depth - 1, rng))).collect())
        }
        roll if roll < 88 => {
            Who::Or((0..rng.between(2, 3)).map(|_| grouped(who(scene, depth - 1, rng))).collect())
        }
        roll if roll < 96 => Who::Not(NOWHERE, Box::new(grouped(who(scene, depth - 1, rng)))),
        _ => Who::Group(NOWHERE, Box::new(who(scene, depth - 1, rng))),
    }
}

fn term(scene: &Scene, rng: &mut Rng) -> Who {
    match rng.below(100) {
        0..35 if !scene.roles.is_empty() => Who::Role(name(&rng.pick(&scene.roles).name)),
        35..55 => Who::Scope(NOWHERE, text(rng.word(SCOPES))),
        55..63 if !scene.issuers.is_empty() => Who::Issuer(NOWHERE, name(&rng.pick(&scene.issuers).name)),
        63..72 if !scene.issuers.is_empty() => {
            Who::Subject(NOWHERE, name(&rng.pick(&scene.issuers).name), text(rng.word(SUBJECTS)))
        }
        _ => Who::Authenticated(NOWHERE),
    }
}

fn grouped(who: Who) -> Who {
    match who {
        Who::And(_) | Who::Or(_) => Who::Group(NOWHERE, Box::new(who)),
        _ => who,
    }
}

/// A principal that is true where all its terms are false must ask for somebody.
fn for_the_known(who: Who) -> Who {
    if holds_for_nobody(&who) { Who::And(vec![Who::Authenticated(NOWHERE), grouped(who)]) } else { who }
}

fn holds_for_nobody(who: &Who) -> bool {
    match who {
        Who::Role(_) | Who::Scope(..) | Who::Issuer(..) | Who::Subject(..) | Who::Authenticated(_) => false,
        Who::Not(_, inner) => !holds_for_nobody(inner),
        Who::Group(_, inner) => holds_for_nobody(inner),
        Who::And(parts) => parts.iter().all(holds_for_nobody),
        Who::Or(parts) => parts.iter().any(holds_for_nobody),
    }
}

/// Says in three values whether an issuer's tokens can satisfy a principal; `None` is "perhaps".
fn satisfiable(scene: &Scene, who: &Who, issuer: usize) -> Option<bool> {
    let is = |name: &str| scene.issuers.get(issuer).is_some_and(|i| i.name == name);
    match who {
        Who::Role(role) => {
            let role = scene.roles.iter().position(|r| r.name == role.node)?;
            if scene.can_grant(issuer, role) { None } else { Some(false) }
        }
        Who::Scope(..) => {
            if scene.issuers.get(issuer)?.scopes {
                None
            } else {
                Some(false)
            }
        }
        Who::Issuer(_, name) => Some(is(&name.node)),
        Who::Subject(_, name, _) => {
            if is(&name.node) {
                None
            } else {
                Some(false)
            }
        }
        Who::Authenticated(_) => Some(true),
        Who::Not(_, inner) => satisfiable(scene, inner, issuer).map(|b| !b),
        Who::Group(_, inner) => satisfiable(scene, inner, issuer),
        Who::And(parts) => all(parts.iter().map(|part| satisfiable(scene, part, issuer))),
        Who::Or(parts) => {
            all(parts.iter().map(|part| satisfiable(scene, part, issuer).map(|b| !b))).map(|none| !none)
        }
    }
}

/// Says in three values whether all are true (Kleene 1952).
fn all(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for value in values {
        match value {
            Some(false) => return Some(false),
            Some(true) => {}
            None => all = None,
        }
    }
    all
}
