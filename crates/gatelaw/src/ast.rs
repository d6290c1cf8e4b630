//! A policy as it is written: every form of the language, each with the text it stands for.
//!
//! Nothing here is resolved or typed. Every node carries its [`Span`]; names are kept as written.

use crate::json::Json;
use crate::source::{Span, Spanned};

/// A whole policy: the items of all its files, in the order they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ast {
    /// The items.
    pub items: Vec<Item>,
}

/// A name, such as `orders` or `per-user`.
pub type Name = Spanned<String>;
/// A string literal, such as `"x-tenant"`, its escapes resolved.
pub type Text = Spanned<String>;

/// One item at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `issuer okta { … }`
    Issuer(Issuer),
    /// `role staff includes viewer`
    Role(Role),
    /// `list office: ip = [10.0.0.0/8]`
    List(List),
    /// `define inside = request.ip in office`
    Define(Define),
    /// `service orders { … }`
    Service(Service),
    /// `allow health { … }`
    Rule(Rule),
    /// `test "staff read" { … }`
    Test(Test),
}

/// `issuer okta { … }`, `issuer aws like aws_sts { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The whole item.
    pub span: Span,
    /// `okta`
    pub name: Name,
    /// `like aws_sts`
    pub profile: Option<Name>,
    /// The lines, in order.
    pub lines: Vec<IssuerLine>,
}

/// One line of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerLine {
    /// The whole line.
    pub span: Span,
    /// What it says.
    pub node: IssuerLineKind,
}

/// What a line of an issuer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerLineKind {
    /// `url "https://acme.okta.com/oauth2/default"`
    Url(Text),
    /// `keys "https://acme.okta.com/keys"`
    Keys(Text),
    /// `audience "api://orders", "api://admin"`; empty: `audience none`
    Audience(Vec<Text>),
    /// `algorithms RS256, ES256`
    Algorithms(Vec<Name>),
    /// `type "at+jwt", none`; `None` is the word `none`: a token without `typ`
    Type(Vec<Spanned<Option<String>>>),
    /// `require claim token_use == "access"`
    Require(ClaimPath, Literal),
    /// `refuse claim hasgroups`
    Refuse(ClaimPath),
    /// `leeway 10s`
    Leeway(Spanned<i64>),
    /// `max_age 1h`
    MaxAge(Spanned<i64>),
    /// `subject claim oid`, `subject claim sub ?? claim common_name`; never empty
    Subject(Vec<ClaimPath>),
    /// `client claim azp`
    Client(ClaimPath),
    /// `scopes claim scp as list`
    Scopes(SetClaim),
    /// `roles claim groups { "Orders Staff" -> staff }`, `roles claim groups as named {viewer, staff}`
    Roles(RolesClaim),
    /// `personal attribute email: string? = claim email`
    Attribute(Attribute),
    /// `token cookie "session"`
    TokenCookie(Text),
    /// `token header "x-amzn-oidc-data"`
    TokenHeader(Text),
    /// `bound mtls`
    BoundMtls,
}

/// `claim "https://sts.amazonaws.com/".principal_tags.team`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath {
    /// From `claim` to the last segment.
    pub span: Span,
    /// The member names from the outside in, never empty.
    pub segments: Vec<Text>,
}

/// `claim scp as list`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetClaim {
    /// Where the set stands in the claims.
    pub path: ClaimPath,
    /// `as list`, if written.
    pub shape: Option<Spanned<SetShape>>,
}

/// How a claim holds a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetShape {
    /// `as list`: an array of strings
    List,
    /// `as words`: one string, separated by spaces
    Words,
    /// `as one`: one string
    One,
}

/// `claim groups as list { "Orders Admins" -> admin }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolesClaim {
    /// Where the values stand in the claims.
    pub path: ClaimPath,
    /// `as list`, if written. `as named {…}` may follow it: `claim groups as words as named {viewer}`.
    pub shape: Option<Spanned<SetShape>>,
    /// What the values grant.
    pub grants: Grants,
}

/// What the values of a roles claim grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grants {
    /// `{ "Orders Admins" -> admin, "Orders Staff" -> staff }`
    Mapped(Vec<(Text, Name)>),
    /// `as named {viewer, staff}`: a value that is one of these names
    Named(Vec<Name>),
}

/// `personal attribute email: string? = claim email`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `personal`, `secret` or neither.
    pub privacy: Privacy,
    /// `email`
    pub name: Name,
    /// `string?`
    pub ty: TypeName,
    /// `claim email`
    pub path: ClaimPath,
    /// `as words`, for `strings`.
    pub shape: Option<Spanned<SetShape>>,
    /// `?? false`
    pub default: Option<Literal>,
}

/// Who may see an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privacy {
    /// Neither word.
    Open,
    /// `personal`: in records only by `keep`
    Personal,
    /// `secret`: in conditions only
    Secret,
}

/// `string?`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// The word with its `?`.
    pub span: Span,
    /// `string`
    pub base: Type,
    /// `?`
    pub optional: bool,
}

/// The types of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `string`
    String,
    /// `strings`
    Strings,
    /// `ip`
    Ip,
    /// `duration`
    Duration,
    /// `instant`
    Instant,
    /// `clock`
    Clock,
    /// `weekday`
    Weekday,
}

impl Type {
    /// Spells the type as a policy does.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::String => "string",
            Self::Strings => "strings",
            Self::Ip => "ip",
            Self::Duration => "duration",
            Self::Instant => "instant",
            Self::Clock => "clock",
            Self::Weekday => "weekday",
        }
    }
}

/// `role staff includes viewer, auditor`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The whole item.
    pub span: Span,
    /// `staff`
    pub name: Name,
    /// `viewer, auditor`
    pub includes: Vec<Name>,
}

/// `list burned: ip may be empty from "lists/burned.txt"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The whole item.
    pub span: Span,
    /// `burned`
    pub name: Name,
    /// `ip`
    pub ty: Spanned<Type>,
    /// Where its entries are.
    pub entries: ListEntries,
    /// `may be empty`
    pub may_be_empty: bool,
}

/// The entries of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListEntries {
    /// `= ["IR", "KP"]`
    Written(Vec<Literal>),
    /// `from "lists/burned.txt"`
    File(Text),
}

/// `define inside = request.ip in office`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Define {
    /// The whole item.
    pub span: Span,
    /// `inside`
    pub name: Name,
    /// `request.ip in office`
    pub body: Expr,
}

/// `service orders { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The whole item.
    pub span: Span,
    /// `orders`
    pub name: Name,
    /// What stands in it, in order.
    pub lines: Vec<ServiceLine>,
}

/// One line or rule of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceLine {
    /// `host api.acme.com, *.orders.acme.dev`
    Host(Vec<HostPattern>),
    /// `base /v1`
    Base(PathPattern),
    /// `trailing_slash exact`
    TrailingSlashExact(Span),
    /// `encoded_slash keep`
    EncodedSlashKeep(Span),
    /// `encoded_delims keep`
    EncodedDelimsKeep(Span),
    /// `path_params strip`
    PathParamsStrip(Span),
    /// `path_params keep`
    PathParamsKeep(Span),
    /// `empty_segments merge`
    EmptySegmentsMerge(Span),
    /// `case fold`
    CaseFold(Span),
    /// `tokens ignore`
    TokensIgnore(Span),
    /// `resource_metadata "https://api.acme.com/.well-known/oauth-protected-resource"`
    ResourceMetadata(Span, Text),
    /// `allow read { … }`
    Rule(Rule),
}

/// `{tenant}.acme.com`, `*.acme.dev`, `203.0.113.9`, as written; the checker reads its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    /// The pattern.
    pub span: Span,
    /// Its text.
    pub text: String,
}

/// `/orders/{id}` bare, or `"/or ders/{id}"` quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    /// The pattern.
    pub span: Span,
    /// Its text: a bare pattern as written with `%XX` kept, a quoted one with string escapes resolved.
    pub text: String,
    /// Whether it was quoted.
    pub quoted: bool,
}

/// `@owner("team-orders") observe deny bots { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// From the first annotation to the closing brace.
    pub span: Span,
    /// `@owner("team-orders")`
    pub annotations: Vec<(Name, Text)>,
    /// `observe`
    pub observe: bool,
    /// `deny`
    pub kind: Spanned<RuleKind>,
    /// `bots`
    pub name: Name,
    /// The clauses, in order.
    pub clauses: Vec<Clause>,
}

/// What a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleKind {
    /// `allow`
    Allow,
    /// `deny`
    Deny,
    /// `limit`
    Limit,
    /// `forward`
    Forward,
    /// `audit`
    Audit,
}

/// One clause of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The whole clause.
    pub span: Span,
    /// What it says.
    pub node: ClauseKind,
}

/// What a clause of a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClauseKind {
    /// `on GET|HEAD /orders/**, POST /orders`
    On(Vec<Route>),
    /// `for viewer or scope "orders:read"`
    For(Principal),
    /// `when user.mfa`
    When(Expr),
    /// `unless inside`
    Unless(Expr),
    /// `respond 451 "not available in your country"`
    Respond(Spanned<i64>, Option<Text>),
    /// `challenge max_age 15m acr "urn:mfa", "urn:hw" scope "orders:write"`
    Challenge(Vec<ChallengePart>),
    /// `rate 600 per minute`
    Rate(Spanned<i64>, Spanned<RateUnit>),
    /// `burst 100`
    Burst(Spanned<i64>),
    /// `by user.issuer, user.id`
    By(Vec<Attr>),
    /// `set "x-user-id" = user.id`
    Set(Text, Operand),
    /// `remove "x-debug"`
    Remove(Text),
    /// `level full`
    Level(Spanned<AuditLevel>),
    /// `keep user.email`
    Keep(Vec<Attr>),
    /// `redact request.ip`
    Redact(Vec<Attr>),
}

/// `GET|HEAD /orders/**`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Methods and pattern.
    pub span: Span,
    /// `GET|HEAD`; empty where none is written.
    pub methods: Vec<Name>,
    /// `/orders/**`
    pub pattern: PathPattern,
}

/// One part of a `challenge`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChallengePart {
    /// `max_age 15m`, in seconds
    MaxAge(Spanned<i64>),
    /// `acr "urn:mfa", "urn:hw"`
    Acr(Vec<Text>),
    /// `scope "orders:write"`
    Scope(Text),
}

/// The unit of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateUnit {
    /// `per second`
    Second,
    /// `per minute`
    Minute,
    /// `per hour`
    Hour,
    /// `per day`
    Day,
}

/// How much an audit record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditLevel {
    /// `none`
    None,
    /// `brief`
    Brief,
    /// `full`
    Full,
}

/// What follows `for`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// `anyone`
    Anyone(Span),
    /// `anonymous`
    Anonymous(Span),
    /// `anonymous or staff`
    AnonymousOr(Span, Who),
    /// `staff or scope "orders:read"`
    Who(Who),
}

/// A boolean expression over an authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// `staff`
    Role(Name),
    /// `scope "orders:read"`
    Scope(Span, Text),
    /// `issuer okta`
    Issuer(Span, Name),
    /// `subject okta "00u1"`
    Subject(Span, Name, Text),
    /// `authenticated`
    Authenticated(Span),
    /// `not machine`
    Not(Span, Box<Who>),
    /// `staff and issuer okta`: two or more
    And(Vec<Who>),
    /// `staff or admin`: two or more
    Or(Vec<Who>),
    /// `(staff or admin)`
    Group(Span, Box<Who>),
}

/// An expression of `when`, `unless` and `define`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// `a and b`: two or more
    And(Vec<Expr>),
    /// `a or b`: two or more
    Or(Vec<Expr>),
    /// `not a`; the span is that of `not`
    Not(Span, Box<Expr>),
    /// `(a)`
    Group(Span, Box<Expr>),
    /// `true`, `false`
    Constant(Spanned<bool>),
    /// `inside`
    Define(Name),
    /// A test.
    Test(Box<TestOf>),
}

/// One test, with its place.
pub type TestOf = Spanned<TestKind>;

/// What a test asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestKind {
    /// `has user.email`
    Has(Attr),
    /// `user.mfa`; with `?` it is the error "no test"
    Bare(Attr),
    /// `user.tenant == path.tenant`
    Compare(Operand, Spanned<CompareOp>, Operand),
    /// `request.country? in ["IR", "KP"]`
    In(Attr, Set),
    /// `request.header_line("user-agent")? like "curl/*"`
    Like(Attr, Text),
    /// `path.id matches "[0-9]+"`
    Matches(Attr, Text),
    /// `user.roles contains "admin"`
    Contains(Attr, Operand),
    /// `user.scopes contains any ["a", "b"]`
    ContainsAny(Attr, Set),
    /// `user.scopes contains all ["a", "b"]`
    ContainsAll(Attr, Set),
}

/// The comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// One side of a comparison, or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// `user.tenant?`
    Attr(Attr),
    /// `15m`
    Literal(Literal),
}

/// What stands behind `in` and `contains any`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// `["IR", "KP"]`
    Literals(Span, Vec<Literal>),
    /// `embargoed`
    List(Name),
    /// `10.0.0.0/8`, or any other lone literal, which the checker refuses
    Single(Literal),
    /// `22:00..06:00`
    Interval(Literal, Literal),
}

/// `request.header("x-tenant").only?`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attr {
    /// With its `?`.
    pub span: Span,
    /// What is read.
    pub node: AttrKind,
    /// `?`
    pub asked: bool,
}

/// What an attribute reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttrKind {
    /// `user.tenant`, `request.ip`, `now`: the words
    Path(Vec<Name>),
    /// `request.header("x-tenant")`, `request.header("x-tenant").only`
    Of(Name, Text, Option<Span>),
    /// `time +02:00`: minutes east of UTC
    Time(Option<Spanned<i32>>),
    /// `weekday -05:00`: minutes east of UTC
    Weekday(Option<Spanned<i32>>),
}

/// A literal, with its place.
pub type Literal = Spanned<LiteralKind>;

/// What a literal holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LiteralKind {
    /// `true`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `"text"`
    String(String),
    /// `10.0.0.0/8`; a lone address has the full prefix
    Ip(crate::address::IpNet),
    /// `15m`, in seconds
    Duration(i64),
    /// `2026-01-01T12:00:00Z`, in Unix seconds
    Instant(i64),
    /// `22:00`, in minutes since midnight
    Clock(u16),
    /// `mon`
    Weekday(Weekday),
}

impl LiteralKind {
    /// Names the type of the literal; a network is an `ip`.
    #[must_use]
    pub const fn ty(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::String(_) => Type::String,
            Self::Ip(_) => Type::Ip,
            Self::Duration(_) => Type::Duration,
            Self::Instant(_) => Type::Instant,
            Self::Clock(_) => Type::Clock,
            Self::Weekday(_) => Type::Weekday,
        }
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// `mon`
    Mon,
    /// `tue`
    Tue,
    /// `wed`
    Wed,
    /// `thu`
    Thu,
    /// `fri`
    Fri,
    /// `sat`
    Sat,
    /// `sun`
    Sun,
}

impl Weekday {
    /// Lists the days from Monday.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Spells the day as a policy does.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }
}

/// `test "staff read inside their tenant" { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The whole item.
    pub span: Span,
    /// `"staff read inside their tenant"`
    pub name: Text,
    /// The lines, in order.
    pub lines: Vec<TestLine>,
}

/// One line of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestLine {
    /// The whole line.
    pub span: Span,
    /// What it says.
    pub node: TestLineKind,
}

/// What a line of a test says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestLineKind {
    /// `request GET "https://api.acme.com/v1/orders/42"`; the method as written, so that bad ones can be tested
    Request(Name, Text),
    /// `header "x-tenant" = "t1"`
    Header(Text, Text),
    /// `from 203.0.113.9`
    From(Literal),
    /// `at 2026-01-01T12:00:00Z`
    At(Literal),
    /// `facts { country: "KP" }`
    Facts(Vec<(Name, Spanned<Json>)>),
    /// `as okta { sub: "u1" }`
    As(Name, Spanned<Json>),
    /// `as anonymous`
    AsAnonymous,
    /// `as invalid`
    AsInvalid,
    /// `expect deny 403 by orders.read`
    ExpectEffect(Effect, Option<Spanned<i64>>, Option<RuleRef>),
    /// `expect refused dot-segment`
    ExpectRefused(Text),
    /// `expect header "x-user-id" = "u1"`
    ExpectHeader(Text, Text),
    /// `expect limit orders.per-user`
    ExpectLimit(RuleRef),
    /// `expect observed bots`
    ExpectObserved(RuleRef),
}

/// `orders.read`: the full name of a rule.
pub type RuleRef = Spanned<String>;

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// `allow`
    Allow,
    /// `deny`
    Deny,
}
