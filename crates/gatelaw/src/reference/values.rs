//! What attributes and literals are worth.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::ast::{LiteralKind, Weekday};
use crate::decision::Text;
use crate::identity::{AttributeView, Identity};
use crate::needs::Named;
use crate::policy::{self, Attr, Policy};
use crate::request::Canonical;

/// What a rule can ask about.
pub(super) struct Input<'a> {
    pub(super) policy: &'a Policy,
    pub(super) request: &'a Canonical,
    pub(super) identity: Option<&'a Identity>,
}

/// What a route captured, by name.
pub(super) type Captures<'a> = BTreeMap<&'a str, &'a str>;

/// A value of one of the types of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Bool(bool),
    Int(i64),
    String(String),
    Strings(BTreeSet<String>),
    Ip(IpAddr),
    /// In seconds.
    Duration(i64),
    /// In Unix seconds.
    Instant(i64),
    /// In seconds since midnight.
    Clock(u32),
    Weekday(Weekday),
}

const SECONDS_A_DAY: i128 = 24 * 60 * 60;

impl Value {
    /// Turns a literal into a value; an `ip` literal that is compared is one address.
    pub(super) fn of(literal: &LiteralKind) -> Self {
        match literal {
            LiteralKind::Bool(v) => Self::Bool(*v),
            LiteralKind::Int(v) => Self::Int(*v),
            LiteralKind::String(v) => Self::String(v.clone()),
            LiteralKind::Ip(v) => Self::Ip(v.address()),
            LiteralKind::Duration(v) => Self::Duration(*v),
            LiteralKind::Instant(v) => Self::Instant(*v),
            LiteralKind::Clock(minutes) => Self::Clock(u32::from(*minutes) * 60),
            LiteralKind::Weekday(v) => Self::Weekday(*v),
        }
    }

    /// Returns what values of the ordered types are ordered by.
    pub(super) fn order(&self) -> Option<i64> {
        match self {
            Self::Int(v) | Self::Duration(v) | Self::Instant(v) => Some(*v),
            Self::Clock(v) => Some(i64::from(*v)),
            Self::Bool(_) | Self::String(_) | Self::Strings(_) | Self::Ip(_) | Self::Weekday(_) => None,
        }
    }

    /// Writes the value as headers and records carry it; an instant that RFC 3339 can't write has no text.
    pub(super) fn text(&self) -> Option<String> {
        let text = match self {
            Self::Bool(v) => Text::Bool(*v),
            Self::Int(v) => Text::Int(*v),
            Self::String(v) => Text::String(v),
            Self::Strings(v) => return Some(v.iter().map(String::as_str).collect::<Vec<_>>().join(",")),
            Self::Ip(v) => Text::Ip(*v),
            Self::Duration(v) => Text::Duration(*v),
            Self::Instant(v) => Text::Instant(*v),
            Self::Clock(v) => Text::Clock(*v),
            Self::Weekday(v) => Text::Weekday(*v),
        };
        let mut out = String::new();
        text.push(&mut out).then_some(out)
    }
}

impl Input<'_> {
    /// Finds what a literal or attribute is worth; `None` is absence.
    pub(super) fn value(&self, captures: &Captures<'_>, value: &policy::Value) -> Option<Value> {
        match value {
            policy::Value::Literal(literal) => Some(Value::of(literal)),
            policy::Value::Attr(attr) => self.attr(captures, attr),
        }
    }

    /// Finds what an attribute is worth; `None` is absence.
    pub(super) fn attr(&self, captures: &Captures<'_>, attr: &Attr) -> Option<Value> {
        let (request, needs) = (self.request, &self.policy.needs);
        let string = |text: &str| Value::String(text.to_owned());
        match attr {
            Attr::Method => Some(string(request.method())),
            Attr::Scheme => Some(string(request.scheme().as_str())),
            Attr::Host => Some(string(request.host())),
            Attr::Ip => request.ip().map(Value::Ip),
            Attr::Header(name) => Some(set(slot(&needs.headers, name).map(|s| request.header(s)))),
            Attr::HeaderLine(name) => request.header_line(slot(&needs.headers, name)?).map(string),
            Attr::HeaderOnly(name) => request.header_only(slot(&needs.headers, name)?).map(string),
            Attr::Query(name) => Some(set(slot(&needs.query, name).map(|s| request.query(s)))),
            Attr::QueryOnly(name) => request.query_only(slot(&needs.query, name)?).map(string),
            Attr::Cookie(name) => Some(set(slot(&needs.cookies, name).map(|s| request.cookie(s)))),
            Attr::CookieOnly(name) => request.cookie_only(slot(&needs.cookies, name)?).map(string),
            Attr::Path(name) => captures.get(name.as_str()).map(|segment| string(segment)),
            Attr::HostLabel(_) => request.host().split('.').next().map(string),
            Attr::Country => request.country().map(string),
            Attr::Asn => request.asn().map(Value::Int),
            Attr::BotScore => request.bot_score().map(Value::Int),
            Attr::TlsVersion => request.tls_version().map(string),
            Attr::ClientCert => request.client_cert().map(string),
            Attr::Size => request.size().map(Value::Int),
            Attr::UserId
            | Attr::UserIssuer
            | Attr::UserRoles
            | Attr::UserScopes
            | Attr::UserClient
            | Attr::UserActor
            | Attr::UserTokenId
            | Attr::UserAuthAge
            | Attr::UserTokenAge
            | Attr::User(_) => self.user(self.identity?, attr),
            Attr::Now => Some(Value::Instant(request.now())),
            Attr::Time(offset) => {
                let second = self.local(*offset).rem_euclid(SECONDS_A_DAY);
                u32::try_from(second).ok().map(Value::Clock)
            }
            // The Unix epoch was a Thursday, three days after a Monday.
            Attr::Weekday(offset) => {
                let day = (self.local(*offset).div_euclid(SECONDS_A_DAY) + 3).rem_euclid(7);
                Weekday::ALL.get(usize::try_from(day).ok()?).copied().map(Value::Weekday)
            }
        }
    }

    fn user(&self, identity: &Identity, attr: &Attr) -> Option<Value> {
        let model = &self.policy.identity;
        let string = |text: &str| Value::String(text.to_owned());
        let since = |instant: i64| {
            let age = i128::from(self.request.now()) - i128::from(instant);
            Value::Duration(i64::try_from(age.max(0)).unwrap_or(i64::MAX))
        };
        match attr {
            Attr::UserId => Some(Value::String(identity.id().to_owned())),
            Attr::UserIssuer => model.issuer(identity.issuer()).map(|i| Value::String(i.name.clone())),
            Attr::UserRoles => {
                let names = identity.roles().filter_map(|id| model.role(id));
                Some(Value::Strings(names.map(|role| role.name.clone()).collect()))
            }
            Attr::UserScopes => Some(set(Some(identity.scopes()))),
            Attr::UserClient => identity.client().map(string),
            Attr::UserActor => identity.actor().map(string),
            Attr::UserTokenId => identity.token_id().map(string),
            Attr::UserAuthAge => identity.authenticated_at().map(since),
            Attr::UserTokenAge => identity.issued_at().map(since),
            Attr::User(id) => Some(match identity.attribute(*id)? {
                AttributeView::Bool(v) => Value::Bool(v),
                AttributeView::Int(v) => Value::Int(v),
                AttributeView::String(v) => string(v),
                AttributeView::Strings(v) => set(Some(v)),
                AttributeView::Ip(v) => Value::Ip(v),
                AttributeView::Duration(v) => Value::Duration(v),
                AttributeView::Instant(v) => Value::Instant(v),
            }),
            _ => None,
        }
    }

    /// Returns the seconds since 1970-01-01T00:00 on a clock some minutes east of UTC.
    fn local(&self, offset_minutes: i32) -> i128 {
        i128::from(self.request.now()) + i128::from(offset_minutes) * 60
    }
}

fn set<'v>(values: Option<impl Iterator<Item = &'v str>>) -> Value {
    Value::Strings(values.into_iter().flatten().map(str::to_owned).collect())
}

fn slot(names: &[Named], name: &str) -> Option<u32> {
    u32::try_from(names.iter().position(|n| n.name == name)?).ok()
}
