//! What a variable, key or header reads, by number instead of by name.

use crate::needs::{Named, Needs};
use crate::policy::Attr;

/// Names one value of the input, as one `u32`: the kind in the low 8 bits, its argument above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Read(pub(crate) u32);

macro_rules! read_kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// Names a kind of value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum ReadKind { $($(#[$doc])* $name,)* }

        impl ReadKind {
            const fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

read_kinds! {
    /// `request.method`
    Method = 0,
    /// `request.scheme`
    Scheme = 1,
    /// `request.host`
    Host = 2,
    /// `request.ip`
    Ip = 3,
    /// `request.header(…)`, by slot
    Header = 4,
    /// `request.header_line(…)`, by slot
    HeaderLine = 5,
    /// `request.header(…).only`, by slot
    HeaderOnly = 6,
    /// `request.query(…)`, by slot
    Query = 7,
    /// `request.query(…).only`, by slot
    QueryOnly = 8,
    /// `request.cookie(…)`, by slot
    Cookie = 9,
    /// `request.cookie(…).only`, by slot
    CookieOnly = 10,
    /// A segment of the path, by number
    Segment = 11,
    /// The same with ASCII letters folded, at hosts that say `case fold`
    RouteSegment = 12,
    /// How many segments the path has
    SegmentCount = 13,
    /// Whether the path ends with a slash
    TrailingSlash = 14,
    /// The first label of the host
    HostLabel = 15,
    /// `request.country`
    Country = 16,
    /// `request.asn`
    Asn = 17,
    /// `request.bot_score`
    BotScore = 18,
    /// `request.tls_version`
    TlsVersion = 19,
    /// `request.client_cert`
    ClientCert = 20,
    /// `request.size`
    Size = 21,
    /// `user.id`
    UserId = 22,
    /// `user.issuer`
    UserIssuer = 23,
    /// `user.roles`
    UserRoles = 24,
    /// `user.scopes`
    UserScopes = 25,
    /// `user.client`
    UserClient = 26,
    /// `user.actor`
    UserActor = 27,
    /// `user.token_id`
    UserTokenId = 28,
    /// `user.auth_age`
    UserAuthAge = 29,
    /// `user.token_age`
    UserTokenAge = 30,
    /// A declared attribute, by number
    User = 31,
    /// `now`
    Now = 32,
    /// The second of the day, by offset: minutes east of UTC, plus 1,440
    Time = 33,
    /// The second of the week from Monday, UTC
    WeekSecond = 34,
    /// The day of the week, 0 is Monday, by offset as for `Time`
    Weekday = 35,
}

/// Offsets are stored above zero.
const OFFSET_BIAS_MIN: i32 = 1_440;

impl Read {
    /// Names a value of a kind without an argument.
    pub(crate) const fn of(kind: ReadKind) -> Self {
        Self(kind.number())
    }

    /// Names a value of a kind with an argument below 2^24.
    pub(crate) const fn with(kind: ReadKind, argument: u32) -> Self {
        Self(kind.number() | argument << 8)
    }

    /// Names what an attribute reads, where captures have become segments.
    pub(crate) fn of_attr(attr: &Attr, needs: &Needs, segment: impl Fn(&str) -> u32) -> Self {
        use ReadKind as K;
        match attr {
            Attr::Method => Self::of(K::Method),
            Attr::Scheme => Self::of(K::Scheme),
            Attr::Host => Self::of(K::Host),
            Attr::Ip => Self::of(K::Ip),
            Attr::Header(name) => Self::with(K::Header, slot(&needs.headers, name)),
            Attr::HeaderLine(name) => Self::with(K::HeaderLine, slot(&needs.headers, name)),
            Attr::HeaderOnly(name) => Self::with(K::HeaderOnly, slot(&needs.headers, name)),
            Attr::Query(name) => Self::with(K::Query, slot(&needs.query, name)),
            Attr::QueryOnly(name) => Self::with(K::QueryOnly, slot(&needs.query, name)),
            Attr::Cookie(name) => Self::with(K::Cookie, slot(&needs.cookies, name)),
            Attr::CookieOnly(name) => Self::with(K::CookieOnly, slot(&needs.cookies, name)),
            Attr::Path(name) => Self::with(K::Segment, segment(name)),
            Attr::HostLabel(_) => Self::of(K::HostLabel),
            Attr::Country => Self::of(K::Country),
            Attr::Asn => Self::of(K::Asn),
            Attr::BotScore => Self::of(K::BotScore),
            Attr::TlsVersion => Self::of(K::TlsVersion),
            Attr::ClientCert => Self::of(K::ClientCert),
            Attr::Size => Self::of(K::Size),
            Attr::UserId => Self::of(K::UserId),
            Attr::UserIssuer => Self::of(K::UserIssuer),
            Attr::UserRoles => Self::of(K::UserRoles),
            Attr::UserScopes => Self::of(K::UserScopes),
            Attr::UserClient => Self::of(K::UserClient),
            Attr::UserActor => Self::of(K::UserActor),
            Attr::UserTokenId => Self::of(K::UserTokenId),
            Attr::UserAuthAge => Self::of(K::UserAuthAge),
            Attr::UserTokenAge => Self::of(K::UserTokenAge),
            Attr::User(id) => Self::with(K::User, id.0),
            Attr::Now => Self::of(K::Now),
            Attr::Time(offset_min) => Self::with(K::Time, biased(*offset_min)),
            Attr::Weekday(offset_min) => Self::with(K::Weekday, biased(*offset_min)),
        }
    }

    /// Returns the kind; `None` in a hostile artifact.
    pub(crate) fn kind(self) -> Option<ReadKind> {
        ReadKind::from_number(self.0 & 0xff)
    }

    /// Returns the argument.
    pub(crate) fn argument(self) -> u32 {
        self.0 >> 8
    }

    /// Returns the argument as minutes east of UTC.
    pub(crate) fn offset_min(self) -> i64 {
        i64::from(self.argument()) - i64::from(OFFSET_BIAS_MIN)
    }
}

fn slot(names: &[Named], name: &str) -> u32 {
    let at = names.partition_point(|n| n.name.as_str() < name);
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn biased(offset_min: i32) -> u32 {
    u32::try_from(offset_min.saturating_add(OFFSET_BIAS_MIN)).unwrap_or(0)
}
