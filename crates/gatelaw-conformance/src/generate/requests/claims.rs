//! Who asks: claims as an issuer's tokens carry them.

use std::collections::BTreeSet;

use gatelaw::ast::{LiteralKind, SetShape, Type};
use gatelaw::identity::Identity;
use gatelaw::json::Json;
use gatelaw::policy::{Attr, AttributeId, IdentityModel, Issuer, Policy, RoleId, ScopesShape};
use gatelaw::request::Fact;

use super::aim::Wishes;
use super::samples::Samples;
use super::{Asker, Question};
use crate::generate::readable::{SCOPES, SUBJECTS};
use crate::generate::rng::Rng;

/// Makes who asks, and the `identity` that a line says it with.
pub(super) fn asker(
    policy: &Policy,
    wishes: &Wishes,
    samples: &Samples,
    question: &Question,
    rng: &mut Rng,
) -> (Asker, Option<Json>) {
    let model = &policy.identity;
    let reads_user =
        wishes.issuer.is_some() || !wishes.roles.is_empty() || wishes.scalars.keys().any(is_of_user);
    let signed_in = wishes.signed_in.unwrap_or_else(|| reads_user || rng.chance(50));
    if rng.chance(1) {
        let said = |member: &str, text: &str| {
            Some(Json::Object(vec![(member.to_owned().into(), Json::String(text.to_owned().into()))]))
        };
        return match rng.chance(50) {
            true => (Asker::Invalid("expired"), said("invalid", "expired")),
            false => (Asker::KeysUnavailable, said("unavailable", "https://issuer.test")),
        };
    }
    if !signed_in || model.issuers.is_empty() {
        return (Asker::Anonymous, None);
    }
    let issuer = choose(model, wishes, rng);
    let mut writer =
        Writer { model, issuer, wishes, samples, now: question.now, claims: Json::Object(Vec::new()) };
    writer.write(rng);
    let mut claims = writer.claims;
    if rng.chance(2) {
        spoil(&mut claims, rng);
    }
    let client_cert = match &question.facts.client_cert {
        Fact::Present(hex) => Some(hex.as_str()),
        Fact::Absent | Fact::Wrong => None,
    };
    let asker = match Identity::map(model, &issuer.name, &claims, client_cert) {
        Ok(identity) => Asker::Verified(Box::new(identity)),
        Err(fault) => Asker::Invalid(fault.code()),
    };
    let issuer = Json::String(issuer.name.clone().into());
    (asker, Some(Json::Object(vec![("issuer".into(), issuer), ("claims".into(), claims)])))
}

fn is_of_user(attr: &Attr) -> bool {
    matches!(
        attr,
        Attr::UserId
            | Attr::UserIssuer
            | Attr::UserClient
            | Attr::UserActor
            | Attr::UserTokenId
            | Attr::UserAuthAge
            | Attr::UserTokenAge
            | Attr::User(_)
    )
}

/// Chooses the wished issuer, or one that can grant the wished roles, or any.
fn choose<'m>(model: &'m IdentityModel, wishes: &Wishes, rng: &mut Rng) -> &'m Issuer {
    let named = wishes.text(&Attr::UserIssuer).and_then(|name| model.issuers.iter().find(|i| i.name == name));
    if let Some(issuer) = wishes.issuer.and_then(|id| model.issuer(id)).or(named) {
        return issuer;
    }
    let able = |issuer: &&Issuer| wishes.roles.iter().all(|role| grant_for(model, issuer, *role).is_some());
    let all: Vec<&Issuer> = model.issuers.iter().filter(able).collect();
    if all.is_empty() { rng.pick(&model.issuers) } else { rng.pick::<&Issuer>(&all) }
}

/// Finds the `roles` line and the value that grant a role, also through `includes`.
fn grant_for(model: &IdentityModel, issuer: &Issuer, role: RoleId) -> Option<(usize, String)> {
    issuer.roles.iter().enumerate().find_map(|(line, claim)| {
        let grants = |granted: RoleId| model.role(granted).is_some_and(|r| r.closure.contains(&role));
        claim
            .grants
            .pairs()
            .iter()
            .find(|(_, granted)| grants(*granted))
            .map(|(value, _)| (line, value.clone()))
    })
}

struct Writer<'q> {
    model: &'q IdentityModel,
    issuer: &'q Issuer,
    wishes: &'q Wishes,
    samples: &'q Samples,
    now: i64,
    claims: Json,
}

impl Writer<'_> {
    fn write(&mut self, rng: &mut Rng) {
        let issuer = self.issuer;
        let subject = self.wishes.text(&Attr::UserId).unwrap_or_else(|| rng.word(SUBJECTS)).to_owned();
        self.subject(subject, rng);
        for path in issuer.refuse.iter().filter(|_| rng.chance(10)) {
            self.put(path, Json::Bool(true));
        }
        for (path, value) in &issuer.require {
            self.put(path, json(value));
        }
        self.roles(rng);
        self.scopes(rng);
        self.attributes(rng);
        let client = issuer.client.clone().unwrap_or_else(|| vec!["azp".into()]);
        self.maybe(&Attr::UserClient, &client, rng);
        self.maybe(&Attr::UserActor, &["act".into(), "sub".into()], rng);
        self.maybe(&Attr::UserTokenId, &["jti".into()], rng);
        let issued = self.age(&Attr::UserTokenAge, rng);
        self.put(&["iat".into()], Json::Int(issued));
        if !self.wishes.absent.contains(&Attr::UserAuthAge)
            && (self.wished(&Attr::UserAuthAge) || rng.chance(50))
        {
            let at = self.age(&Attr::UserAuthAge, rng);
            self.put(&["auth_time".into()], Json::Int(at));
        }
    }

    /// Puts the subject where the issuer looks for it; sometimes in the second place, with the first one left empty.
    fn subject(&mut self, subject: String, rng: &mut Rng) {
        let places = &self.issuer.subject;
        let place = if rng.chance(50) { places.first() } else { places.last() };
        if let Some(first) = places.first().filter(|first| Some(*first) != place && rng.chance(50)) {
            self.put(first, Json::String(String::new().into()));
        }
        if let Some(place) = place {
            self.put(place, Json::String(subject.into()));
        }
    }

    fn wished(&self, attr: &Attr) -> bool {
        self.wishes.scalars.contains_key(attr) || self.wishes.present.contains(attr)
    }

    fn age(&self, attr: &Attr, rng: &mut Rng) -> i64 {
        match self.wishes.scalars.get(attr).cloned().or_else(|| self.samples.pick(attr, rng)) {
            Some(LiteralKind::Duration(age)) => self.now.saturating_sub(age),
            _ => self.now.saturating_sub(30),
        }
    }

    fn maybe(&mut self, attr: &Attr, path: &[String], rng: &mut Rng) {
        if self.wishes.absent.contains(attr) || !(self.wished(attr) || rng.chance(40)) {
            return;
        }
        let text = self.wishes.text(attr).map(str::to_owned).unwrap_or_else(|| self.samples.text(attr, rng));
        self.put(path, Json::String(text.into()));
    }

    fn roles(&mut self, rng: &mut Rng) {
        let mut values: Vec<BTreeSet<String>> = vec![BTreeSet::new(); self.issuer.roles.len()];
        for role in &self.wishes.roles {
            if let Some((line, value)) = grant_for(self.model, self.issuer, *role)
                && let Some(values) = values.get_mut(line)
            {
                values.insert(value);
            }
        }
        for (claim, mut values) in self.issuer.roles.iter().zip(values) {
            values.extend(rng.some(claim.grants.pairs(), 20).into_iter().map(|(value, _)| value.clone()));
            if rng.chance(10) {
                values.insert("unmapped".into());
            }
            if !values.is_empty() {
                self.put(&claim.path, set(claim.shape, values));
            }
        }
    }

    fn scopes(&mut self, rng: &mut Rng) {
        let Some((path, shape)) = &self.issuer.scopes else { return };
        let mut values = self.wishes.members.get(&Attr::UserScopes).cloned().unwrap_or_default();
        values.extend(rng.some(SCOPES, 20).into_iter().map(|s| (*s).to_owned()));
        let shape = match shape {
            ScopesShape::Shape(shape) => *shape,
            ScopesShape::ListOrWords => *rng.pick(&[SetShape::List, SetShape::Words]),
        };
        if !values.is_empty() {
            self.put(path, set(shape, values));
        }
    }

    fn attributes(&mut self, rng: &mut Rng) {
        for line in &self.issuer.attributes {
            let attr = Attr::User(line.attribute);
            let may_lack = line.optional || line.default.is_some();
            let lacks = self.wishes.absent.contains(&attr) || (!self.wished(&attr) && rng.chance(40));
            if may_lack && lacks {
                continue;
            }
            let ty = self.model.attribute(line.attribute).map_or(Type::String, |a| a.ty);
            if ty == Type::Strings {
                let mut values = self.wishes.members.get(&attr).cloned().unwrap_or_default();
                values.extend(rng.chance(50).then(|| self.samples.text(&attr, rng)));
                if !values.is_empty() {
                    self.put(&line.path, set(line.shape, values));
                }
                continue;
            }
            let value = self.scalar(line.attribute, ty, rng);
            self.put(&line.path, value);
        }
    }

    fn scalar(&self, id: AttributeId, ty: Type, rng: &mut Rng) -> Json {
        let attr = Attr::User(id);
        match self.wishes.scalars.get(&attr).cloned().or_else(|| self.samples.pick(&attr, rng)) {
            Some(literal) if literal.ty() == ty => json(&literal),
            _ => json(&match ty {
                Type::Bool => LiteralKind::Bool(rng.chance(50)),
                Type::Int => LiteralKind::Int(3),
                Type::Ip => return Json::String("203.0.113.9".into()),
                Type::Duration => LiteralKind::Duration(60),
                Type::Instant => LiteralKind::Instant(0),
                _ => LiteralKind::String("t1".into()),
            }),
        }
    }

    fn put(&mut self, path: &[String], value: Json) {
        put(&mut self.claims, path, value);
    }
}

fn json(literal: &LiteralKind) -> Json {
    match literal {
        LiteralKind::Bool(v) => Json::Bool(*v),
        LiteralKind::Int(v) | LiteralKind::Duration(v) | LiteralKind::Instant(v) => Json::Int(*v),
        LiteralKind::String(v) => Json::String(v.clone().into()),
        LiteralKind::Ip(v) => Json::String(v.address().to_string().into()),
        LiteralKind::Clock(_) | LiteralKind::Weekday(_) => Json::Null,
    }
}

fn set(shape: SetShape, values: BTreeSet<String>) -> Json {
    match shape {
        SetShape::List => Json::Array(values.into_iter().map(|value| Json::String(value.into())).collect()),
        SetShape::Words => Json::String(values.into_iter().collect::<Vec<_>>().join(" ").into()),
        SetShape::One => Json::String(values.into_iter().next().unwrap_or_default().into()),
    }
}

/// Puts a value at a path, making the objects on the way.
fn put(object: &mut Json, path: &[String], value: Json) {
    let (Json::Object(members), Some((name, rest))) = (object, path.split_first()) else { return };
    let place = members.iter().position(|(n, _)| n == name);
    if rest.is_empty() {
        match place.and_then(|at| members.get_mut(at)) {
            Some((_, old)) => *old = value,
            None => members.push((name.clone().into(), value)),
        }
        return;
    }
    if place.is_none() {
        members.push((name.clone().into(), Json::Object(Vec::new())));
    }
    if let Some((_, inner)) = members.iter_mut().find(|(n, _)| n == name) {
        put(inner, rest, value);
    }
}

/// Takes a claim away, or gives it another type.
fn spoil(claims: &mut Json, rng: &mut Rng) {
    let Json::Object(members) = claims else { return };
    let place = rng.below(members.len());
    if rng.chance(50) {
        members.remove(place);
    } else if let Some((_, value)) = members.get_mut(place) {
        *value = rng.pick(&[Json::Null, Json::OtherNumber, Json::Array(vec![Json::Int(1)])]).clone();
    }
}
