//! What a decision can read: the canonical request, the caller and the time.

use std::net::IpAddr;

use super::prepared::Known;
use crate::identity::{AttributeView, Identity};
use crate::lower::{Read, ReadKind};
use crate::plan::Plan;
use crate::policy::{AttributeId, RoleId};
use crate::request::{Canonical, Scheme};

const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;
/// 1970-01-01 was a Thursday.
const EPOCH_WEEK_SECOND: i64 = 3 * DAY_S;

/// The input of one decision, in one of the readings of its path.
pub(super) struct View<'v> {
    pub(super) plan: &'v Plan,
    pub(super) request: &'v Canonical,
    pub(super) caller: Option<&'v Identity>,
    /// Classes of the caller that were known before, see [`Prepared`](super::Prepared).
    pub(super) prepared: Known<'v>,
    /// Whether `%2F` is read as a separator.
    pub(super) split: bool,
}

/// A value of a scalar type.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Scalar<'v> {
    Bool(bool),
    Int(i64),
    Duration(i64),
    Instant(i64),
    Text(&'v str),
    Ip(IpAddr),
}

impl<'v> View<'v> {
    /// Makes the view of an anonymous caller.
    pub(super) fn new(plan: &'v Plan, request: &'v Canonical) -> Self {
        Self { plan, request, caller: None, prepared: Known::default(), split: false }
    }

    /// Reads a segment in the reading of the path.
    pub(super) fn segment(&self, at: u32) -> Option<&'v str> {
        let at = usize::try_from(at).ok()?;
        if self.split { self.request.split_segment(at) } else { self.request.segment(at) }
    }

    /// Reads the bytes of all segments in the reading of the path.
    pub(super) fn segments(&self) -> impl Iterator<Item = &'v [u8]> {
        self.request.segments(self.split)
    }

    pub(super) fn segment_count(&self) -> usize {
        if self.split { self.request.split_count() } else { self.request.segment_count() }
    }

    /// Reads a scalar; `None` where it is absent.
    pub(super) fn scalar(&self, read: Read) -> Option<Scalar<'v>> {
        let (slot, request) = (read.argument(), self.request);
        match read.kind()? {
            ReadKind::Method => Some(Scalar::Text(request.method())),
            ReadKind::Scheme => Some(Scalar::Text(match request.scheme() {
                Scheme::Http => "http",
                Scheme::Https => "https",
            })),
            ReadKind::Host => Some(Scalar::Text(request.host())),
            ReadKind::Ip => request.ip().map(Scalar::Ip),
            ReadKind::HeaderLine => request.header_line(slot).map(Scalar::Text),
            ReadKind::HeaderOnly => request.header_only(slot).map(Scalar::Text),
            ReadKind::QueryOnly => request.query_only(slot).map(Scalar::Text),
            ReadKind::CookieOnly => request.cookie_only(slot).map(Scalar::Text),
            ReadKind::Segment | ReadKind::RouteSegment => self.segment(slot).map(Scalar::Text),
            ReadKind::SegmentCount => i64::try_from(self.segment_count()).ok().map(Scalar::Int),
            ReadKind::TrailingSlash => Some(Scalar::Bool(request.trailing_slash())),
            ReadKind::HostLabel => request.host().split('.').next().map(Scalar::Text),
            ReadKind::Country => request.country().map(Scalar::Text),
            ReadKind::Asn => request.asn().map(Scalar::Int),
            ReadKind::BotScore => request.bot_score().map(Scalar::Int),
            ReadKind::TlsVersion => request.tls_version().map(Scalar::Text),
            ReadKind::ClientCert => request.client_cert().map(Scalar::Text),
            ReadKind::Size => request.size().map(Scalar::Int),
            ReadKind::Now => Some(Scalar::Instant(request.now())),
            ReadKind::Time => Some(Scalar::Int(local(request.now(), read).rem_euclid(DAY_S))),
            ReadKind::WeekSecond => Some(Scalar::Int(week_second(request.now()))),
            ReadKind::Weekday => Some(Scalar::Int(week_second(local(request.now(), read)).div_euclid(DAY_S))),
            ReadKind::Header
            | ReadKind::Query
            | ReadKind::Cookie
            | ReadKind::UserRoles
            | ReadKind::UserScopes => None,
            ReadKind::UserId | ReadKind::UserIssuer | ReadKind::UserClient | ReadKind::UserActor => {
                self.of_user(read)
            }
            ReadKind::UserTokenId | ReadKind::UserAuthAge | ReadKind::UserTokenAge | ReadKind::User => {
                self.of_user(read)
            }
        }
    }

    fn of_user(&self, read: Read) -> Option<Scalar<'v>> {
        let caller = self.caller?;
        let age = |at: i64| Scalar::Duration(self.request.now().saturating_sub(at).max(0));
        match read.kind()? {
            ReadKind::UserId => Some(Scalar::Text(caller.id())),
            ReadKind::UserIssuer => {
                let issuer = self.plan.identity.issuers.get(usize::try_from(caller.issuer().0).ok()?)?;
                Some(Scalar::Text(&issuer.name))
            }
            ReadKind::UserClient => caller.client().map(Scalar::Text),
            ReadKind::UserActor => caller.actor().map(Scalar::Text),
            ReadKind::UserTokenId => caller.token_id().map(Scalar::Text),
            ReadKind::UserAuthAge => caller.authenticated_at().map(age),
            ReadKind::UserTokenAge => caller.issued_at().map(age),
            ReadKind::User => match self.attribute(read)? {
                AttributeView::Bool(b) => Some(Scalar::Bool(b)),
                AttributeView::Int(n) => Some(Scalar::Int(n)),
                AttributeView::String(s) => Some(Scalar::Text(s)),
                AttributeView::Strings(_) => None,
                AttributeView::Ip(ip) => Some(Scalar::Ip(ip)),
                AttributeView::Duration(s) => Some(Scalar::Duration(s)),
                AttributeView::Instant(s) => Some(Scalar::Instant(s)),
            },
            _ => None,
        }
    }

    fn attribute(&self, read: Read) -> Option<AttributeView<'v>> {
        self.caller?.attribute(AttributeId(read.argument()))
    }

    /// Reads a whole number: an integer, a duration, an instant, a time of day.
    pub(super) fn number(&self, read: Read) -> Option<i64> {
        match self.scalar(read)? {
            Scalar::Int(n) | Scalar::Duration(n) | Scalar::Instant(n) => Some(n),
            Scalar::Bool(_) | Scalar::Text(_) | Scalar::Ip(_) => None,
        }
    }

    pub(super) fn text(&self, read: Read) -> Option<&'v str> {
        if let Scalar::Text(text) = self.scalar(read)? { Some(text) } else { None }
    }

    /// Asks every member of a set until one answers yes.
    pub(super) fn any_member(&self, read: Read, mut ask: impl FnMut(&'v str) -> bool) -> bool {
        let slot = read.argument();
        match read.kind() {
            Some(ReadKind::Header) => self.request.header(slot).any(ask),
            Some(ReadKind::Query) => self.request.query(slot).any(ask),
            Some(ReadKind::Cookie) => self.request.cookie(slot).any(ask),
            Some(ReadKind::UserScopes) => self.caller.is_some_and(|c| c.scopes().any(&mut ask)),
            Some(ReadKind::UserRoles) => self.caller.is_some_and(|c| {
                let role = |id: RoleId| self.plan.identity.roles.get(usize::try_from(id.0).ok()?);
                c.roles().filter_map(role).any(|r| ask(&r.name))
            }),
            Some(ReadKind::User) => match self.attribute(read) {
                Some(AttributeView::Strings(mut members)) => members.any(ask),
                _ => false,
            },
            _ => false,
        }
    }

    /// Says whether the caller has a role, its own or one that a role includes.
    pub(super) fn has_role(&self, role: u32) -> bool {
        self.caller.is_some_and(|c| c.has_role(RoleId(role)))
    }

    /// Says whether the caller has a scope.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.caller.is_some_and(|c| c.has_scope(scope))
    }

    /// Says whether a read names a set.
    pub(super) fn is_set(&self, read: Read) -> bool {
        match read.kind() {
            Some(ReadKind::Header | ReadKind::Query | ReadKind::Cookie) => true,
            Some(ReadKind::UserRoles | ReadKind::UserScopes) => true,
            Some(ReadKind::User) => {
                let declared = usize::try_from(read.argument())
                    .ok()
                    .and_then(|at| self.plan.identity.attributes.get(at));
                declared.is_some_and(|a| a.ty == crate::ast::Type::Strings)
            }
            _ => false,
        }
    }
}

fn local(now: i64, read: Read) -> i64 {
    now.saturating_add(read.offset_min().saturating_mul(60))
}

/// Returns the second of the week, from Monday 00:00.
fn week_second(instant: i64) -> i64 {
    instant.rem_euclid(WEEK_S).saturating_add(EPOCH_WEEK_SECOND).rem_euclid(WEEK_S)
}
