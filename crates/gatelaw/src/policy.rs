//! A policy once it is checked: names resolved, types proven, defines expanded.
//!
//! A [`Policy`] can't hold a mistake that the language refuses. The compiler and the reference interpreter both start here.

mod grants;

use std::collections::BTreeMap;

use crate::address::IpNet;
use crate::ast::{AuditLevel, CompareOp, LiteralKind, Privacy, SetShape, Test as TestAst, Type};
use crate::needs::{Needs, Relaxations};
use crate::source::Span;

pub use grants::Grants;

/// Holds a checked policy. Every list is sorted by name, so that the order of items and files changes nothing.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How claims become an identity.
    pub identity: IdentityModel,
    /// The lists, by name.
    pub lists: Vec<List>,
    /// The services, by name.
    pub services: Vec<Service>,
    /// The rules, by full name.
    pub rules: Vec<Rule>,
    /// The tests, in the order of files (by name) and lines.
    pub tests: Vec<TestAst>,
    /// What the policy reads of a request.
    pub needs: Needs,
}

/// Says how the claims of a token become an identity. An artifact carries it as it stands here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityModel {
    /// The issuers, by name.
    pub issuers: Vec<Issuer>,
    /// The roles, by name.
    pub roles: Vec<Role>,
    /// The names under which some issuer declares an attribute, sorted: `user.NAME`.
    pub attributes: Vec<UserAttribute>,
    /// Whether any rule reads `user.token_age`, so that claims must have `iat`.
    pub reads_token_age: bool,
    /// The attributes of `user` that some `matches` tests, sorted: a claim's value over 8 KiB makes the token invalid.
    pub matched: Vec<Attr>,
}

/// Numbers an issuer in [`IdentityModel::issuers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerId(pub u32);
/// Numbers a role in [`IdentityModel::roles`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub u32);
/// Numbers a name in [`IdentityModel::attributes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub u32);
/// Numbers a list in [`Policy::lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u32);
/// Numbers a service in [`Policy::services`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u32);
/// Numbers a rule in [`Policy::rules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// An issuer of tokens, its profile merged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its name in the policy.
    pub name: String,
    /// The exact `iss`.
    pub url: String,
    /// The JWKS URL, where there is no discovery.
    pub keys: Option<String>,
    /// The audiences of which a token must name one; empty: `audience none`.
    pub audience: Vec<String>,
    /// The JOSE algorithms that may sign, sorted.
    pub algorithms: Vec<String>,
    /// The JOSE `typ` values that may stand; `None` is a token without one.
    pub types: Vec<Option<String>>,
    /// Claims that must have a value; absent is invalid.
    pub require: Vec<(Vec<String>, LiteralKind)>,
    /// Claims that make a token invalid by being there, whatever their value.
    pub refuse: Vec<Vec<String>>,
    /// Leeway on times, 0 to 30 s.
    pub leeway_s: i64,
    /// Longest `exp − iat`, in seconds.
    pub max_age_s: i64,
    /// Where the subject stands: the first of these claims that is there and not empty. Never empty itself.
    pub subject: Vec<Vec<String>>,
    /// Where the client stands; `None`: `azp`, else `client_id`.
    pub client: Option<Vec<String>>,
    /// Where scopes stand; `None`: this issuer gives none.
    pub scopes: Option<(Vec<String>, ScopesShape)>,
    /// Where roles stand, and what values grant.
    pub roles: Vec<RolesClaim>,
    /// The attributes that its tokens give.
    pub attributes: Vec<IssuerAttribute>,
    /// Cookies that its tokens come in.
    pub token_cookies: Vec<String>,
    /// Headers that its tokens come in, lower case.
    pub token_headers: Vec<String>,
    /// Whether tokens may be bound to a client certificate (RFC 8705).
    pub bound_mtls: bool,
}

/// How a claim holds scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopesShape {
    /// An array of strings, or one string separated by spaces: the default of `scopes`.
    ListOrWords,
    /// As written.
    Shape(SetShape),
}

/// One `roles` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolesClaim {
    /// Where the values stand.
    pub path: Vec<String>,
    /// How the claim holds them.
    pub shape: SetShape,
    /// Which value grants which role.
    pub grants: Grants,
}

/// One attribute as one issuer gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerAttribute {
    /// The name.
    pub attribute: AttributeId,
    /// Where it stands.
    pub path: Vec<String>,
    /// How a claim holds it, for `strings`.
    pub shape: SetShape,
    /// Whether it may be absent.
    pub optional: bool,
    /// What stands in for a missing claim.
    pub default: Option<LiteralKind>,
}

/// A name readable as `user.NAME`, with its one type in all issuers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAttribute {
    /// The name.
    pub name: String,
    /// Its type: bool, int, string, strings, ip, duration or instant.
    pub ty: Type,
    /// Who may see it: the strictest word of all issuers.
    pub privacy: Privacy,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The roles that having it grants: itself and all that it includes, sorted.
    pub closure: Vec<RoleId>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its name.
    pub name: String,
    /// Its entries, sorted and free of duplicates.
    pub entries: ListEntries,
    /// Where it is declared.
    pub span: Span,
}

/// The entries of a list, by type; sorted, free of duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListEntries {
    /// `list embargoed: string`
    Strings(Vec<String>),
    /// `list asns: int`
    Ints(Vec<i64>),
    /// `list office: ip`
    Nets(Vec<IpNet>),
}

impl ListEntries {
    /// Says whether the list has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Strings(entries) => entries.is_empty(),
            Self::Ints(entries) => entries.is_empty(),
            Self::Nets(entries) => entries.is_empty(),
        }
    }
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its host patterns, ORed; empty: every host.
    pub hosts: Vec<HostPattern>,
    /// The literal segments before its patterns, decoded.
    pub base: Vec<String>,
    /// `trailing_slash exact`
    pub trailing_slash_exact: bool,
    /// The relaxations of its hosts.
    pub relaxations: Relaxations,
    /// `tokens ignore`
    pub tokens_ignore: bool,
    /// `resource_metadata "URL"`
    pub resource_metadata: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

/// One host pattern of a service, its labels lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// `api.acme.com`, `203.0.113.9`, `[2001:db8::1]`: the canonical host as one text
    Exact(String),
    /// `*.acme.dev`, `{tenant}.acme.dev`: one label before the suffix `acme.dev`
    OneLabel(String),
    /// `**.acme.dev`: one label or more before the suffix
    Labels(String),
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its full name, such as `orders.read`.
    pub name: String,
    /// The service it stands in.
    pub service: Option<ServiceId>,
    /// `observe`
    pub observe: bool,
    /// Its kind, with the clauses that only this kind has.
    pub action: Action,
    /// Where it applies; `None`: everywhere (in its service).
    pub routes: Option<Vec<Route>>,
    /// `for`, every `when` and every `unless` as one condition.
    pub condition: Expr,
    /// The annotations, as written.
    pub annotations: Vec<(String, String)>,
    /// The whole rule.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `allow`
    Allow,
    /// `deny`
    Deny(Denial),
    /// `limit`
    Limit(Limit),
    /// `forward`
    Forward(Forward),
    /// `audit`
    Audit(Audit),
}

/// How a deny answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denial {
    /// `respond 451 "text"`; 403 without text where nothing is written
    Respond {
        /// The status.
        status: u16,
        /// The text.
        text: Option<String>,
    },
    /// `challenge max_age 15m acr "urn:mfa" scope "orders:write"`
    Challenge {
        /// `max_age`, in seconds
        max_age_s: Option<i64>,
        /// `acr`, in the order written
        acr: Vec<String>,
        /// `scope`, in the order written
        scope: Vec<String>,
    },
}

/// A limit's clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// `rate N per …`
    pub rate: u32,
    /// The period, in seconds.
    pub per_s: u32,
    /// `burst N`; N of the rate where nothing is written.
    pub burst: u32,
    /// `by KEY, …`, in the order written; empty: one counter for all.
    pub by: Vec<Attr>,
}

/// A forward's clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// `set "header" = VALUE`: lower-case names, sorted.
    pub set: Vec<(String, Value)>,
    /// `remove "header"`: lower-case names, sorted.
    pub remove: Vec<String>,
}

/// An audit's clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// `level …`
    pub level: Option<AuditLevel>,
    /// `keep ATTR, …`, sorted by text.
    pub keep: Vec<Attr>,
    /// `redact ATTR, …`, sorted by text.
    pub redact: Vec<Attr>,
}

/// One item of `on`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The methods, sorted; empty: any.
    pub methods: Vec<String>,
    /// The segments, with the service's base in front.
    pub segments: Vec<Segment>,
    /// Whether `**` ends the pattern.
    pub rest: bool,
    /// What the pattern asks of a trailing slash.
    pub trailing_slash: TrailingSlash,
    /// Which segment each `{name}` captures, by name.
    pub captures: BTreeMap<String, u32>,
    /// The pattern.
    pub span: Span,
}

/// What a route asks of the request's trailing slash. A request for `/` has no segments and a trailing slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrailingSlash {
    /// One is ignored: the default, and always so behind `**`.
    Any,
    /// `trailing_slash exact` and a pattern without one.
    Absent,
    /// `trailing_slash exact` and a pattern with one.
    Present,
}

/// One segment of a pattern, decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// `orders`
    Literal(String),
    /// `*` or `{name}`: any segment that is not empty
    Any,
    /// `*.json`, `v*-beta`: text before and behind one `*`
    Affix(String, String),
}

/// A condition. A test of an absent value is false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// True or false, as written or as an empty list makes it.
    Constant(bool),
    /// `not a`
    Not(Box<Expr>),
    /// All are true; empty is true.
    All(Vec<Expr>),
    /// One is true; empty is false.
    Any(Vec<Expr>),
    /// A test, with the place it was written at (in a define: there).
    Test(Test, Span),
}

/// One test. None can fail: on an absent value it is false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `authenticated`
    Authenticated,
    /// `issuer okta`
    Issuer(IssuerId),
    /// `staff`
    Role(RoleId),
    /// `scope "orders:read"`
    Scope(String),
    /// `subject okta "00u1"`
    Subject(IssuerId, String),
    /// `has user.email`; on a set: it is not empty
    Has(Attr),
    /// `user.mfa`
    True(Attr),
    /// `user.auth_age > 15m`; at least one side an attribute
    Compare(Value, CompareOp, Value),
    /// `request.country in ["IR", "KP"]`, sorted
    InLiterals(Attr, Vec<LiteralKind>),
    /// `request.ip in office`, `request.country in embargoed`
    InList(Attr, ListId),
    /// `request.ip in 10.0.0.0/8`
    InNet(Attr, IpNet),
    /// `request.asn in 64496..64512`: low inclusive, high exclusive; clocks wrap
    InInterval(Attr, LiteralKind, LiteralKind),
    /// `request.header_line("user-agent") like "curl/*"`
    Like(Attr, String),
    /// `path.id matches "[0-9]+"`
    Matches(Attr, String),
    /// `user.scopes contains "a"`, `request.header("x-tenant") contains user.tenant`
    Contains(Attr, Value),
    /// `user.scopes contains any ["a", "b"]`, sorted
    ContainsAny(Attr, Vec<String>),
    /// `user.scopes contains all ["a", "b"]`, sorted
    ContainsAll(Attr, Vec<String>),
    /// `request.header("x-team") contains any teams`
    ContainsAnyOf(Attr, ListId),
    /// `request.header("x-team") contains all teams`
    ContainsAllOf(Attr, ListId),
}

/// A literal or an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `15m`
    Literal(LiteralKind),
    /// `user.tenant`
    Attr(Attr),
}

/// Anything a condition, key or header can read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attr {
    /// `request.method`
    Method,
    /// `request.scheme`
    Scheme,
    /// `request.host`
    Host,
    /// `request.ip`
    Ip,
    /// `request.header("n")`, lower case
    Header(String),
    /// `request.header_line("n")`, lower case
    HeaderLine(String),
    /// `request.header("n").only`, lower case
    HeaderOnly(String),
    /// `request.query("n")`
    Query(String),
    /// `request.query("n").only`
    QueryOnly(String),
    /// `request.cookie("n")`
    Cookie(String),
    /// `request.cookie("n").only`
    CookieOnly(String),
    /// `path.NAME`: what the rule's own route captured
    Path(String),
    /// `host.NAME`: the first label of the host; the name is for people
    HostLabel(String),
    /// `request.country`
    Country,
    /// `request.asn`
    Asn,
    /// `request.bot_score`
    BotScore,
    /// `request.tls_version`
    TlsVersion,
    /// `request.client_cert`
    ClientCert,
    /// `request.size`
    Size,
    /// `user.id`
    UserId,
    /// `user.issuer`
    UserIssuer,
    /// `user.roles`
    UserRoles,
    /// `user.scopes`
    UserScopes,
    /// `user.client`
    UserClient,
    /// `user.actor`
    UserActor,
    /// `user.token_id`
    UserTokenId,
    /// `user.auth_age`
    UserAuthAge,
    /// `user.token_age`
    UserTokenAge,
    /// `user.NAME`
    User(AttributeId),
    /// `now`
    Now,
    /// `time +02:00`: minutes east of UTC
    Time(i32),
    /// `weekday -05:00`: minutes east of UTC
    Weekday(i32),
}

impl Attr {
    /// Spells the attribute as a policy does, in the one form that records use: `request.header("x-tenant").only`.
    #[must_use]
    pub fn text(&self, identity: &IdentityModel) -> String {
        match self {
            Self::Method => "request.method".into(),
            Self::Scheme => "request.scheme".into(),
            Self::Host => "request.host".into(),
            Self::Ip => "request.ip".into(),
            Self::Header(name) => format!("request.header({})", quoted(name)),
            Self::HeaderLine(name) => format!("request.header_line({})", quoted(name)),
            Self::HeaderOnly(name) => format!("request.header({}).only", quoted(name)),
            Self::Query(name) => format!("request.query({})", quoted(name)),
            Self::QueryOnly(name) => format!("request.query({}).only", quoted(name)),
            Self::Cookie(name) => format!("request.cookie({})", quoted(name)),
            Self::CookieOnly(name) => format!("request.cookie({}).only", quoted(name)),
            Self::Path(name) => format!("path.{name}"),
            Self::HostLabel(name) => format!("host.{name}"),
            Self::Country => "request.country".into(),
            Self::Asn => "request.asn".into(),
            Self::BotScore => "request.bot_score".into(),
            Self::TlsVersion => "request.tls_version".into(),
            Self::ClientCert => "request.client_cert".into(),
            Self::Size => "request.size".into(),
            Self::UserId => "user.id".into(),
            Self::UserIssuer => "user.issuer".into(),
            Self::UserRoles => "user.roles".into(),
            Self::UserScopes => "user.scopes".into(),
            Self::UserClient => "user.client".into(),
            Self::UserActor => "user.actor".into(),
            Self::UserTokenId => "user.token_id".into(),
            Self::UserAuthAge => "user.auth_age".into(),
            Self::UserTokenAge => "user.token_age".into(),
            Self::User(id) => format!("user.{}", identity.attribute(*id).map_or("", |a| a.name.as_str())),
            Self::Now => "now".into(),
            Self::Time(offset) => format!("time{}", offset_text(*offset)),
            Self::Weekday(offset) => format!("weekday{}", offset_text(*offset)),
        }
    }
}

fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => text.extend(c.escape_unicode()),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// Writes minutes east of UTC as ` +02:00`; nothing for UTC.
fn offset_text(minutes: i32) -> String {
    if minutes == 0 {
        return String::new();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!(" {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

impl IdentityModel {
    /// Finds a declared attribute.
    #[must_use]
    pub fn attribute(&self, id: AttributeId) -> Option<&UserAttribute> {
        self.attributes.get(usize::try_from(id.0).ok()?)
    }

    /// Finds a role.
    #[must_use]
    pub fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.get(usize::try_from(id.0).ok()?)
    }

    /// Finds an issuer.
    #[must_use]
    pub fn issuer(&self, id: IssuerId) -> Option<&Issuer> {
        self.issuers.get(usize::try_from(id.0).ok()?)
    }
}

impl Policy {
    /// Finds a rule by its full name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<(RuleId, &Rule)> {
        let index = self.rules.binary_search_by(|r| r.name.as_str().cmp(name)).ok()?;
        Some((RuleId(u32::try_from(index).ok()?), self.rules.get(index)?))
    }

    /// Finds a rule by its number.
    pub(crate) fn numbered(&self, rule: RuleId) -> Option<&Rule> {
        self.rules.get(usize::try_from(rule.0).ok()?)
    }
}
