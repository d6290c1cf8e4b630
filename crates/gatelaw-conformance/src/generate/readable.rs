//! The attributes that a generated rule may read, and literals that fit them.

use gatelaw::ast::{AttrKind, LiteralKind, Type};

use super::build::{at, dotted, name, text};
use super::rng::Rng;
use super::scene::Scene;

/// One attribute as a rule may read it.
#[derive(Debug, Clone)]
pub(super) struct Readable {
    pub(super) node: AttrKind,
    pub(super) ty: Type,
    /// Whether it may be absent in this rule.
    pub(super) optional: bool,
    /// Whether `has` may ask for it: it may be absent somewhere, or is a set.
    pub(super) askable: bool,
    /// `secret`: in conditions only.
    pub(super) secret: bool,
    pool: Pool,
}

/// Which literals fit an attribute beside its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pool {
    Words,
    Listed(&'static [&'static str]),
    Segments,
    Labels,
    Hosts,
    Subjects,
    Roles,
    Scopes,
    Issuers,
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "HEAD"];
const COUNTRIES: &[&str] = &["DE", "IR", "KP", "T1"];
const TLS: &[&str] = &["TLSv1.2", "TLSv1.3"];
const CERTS: &[&str] = &[
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];
/// Hosts that patterns of the scene's services match, and one that none does.
pub(super) const HOSTS: &[&str] = &[
    "api.acme.test",
    "t1.acme.test",
    "a.b.acme.test",
    "shop.example",
    "192.0.2.7",
    "[2001:db8::7]",
    "other.example",
];
pub(super) const LABELS: &[&str] = &["api", "t1", "t2", "shop"];
pub(super) const SUBJECTS: &[&str] = &["u1", "u2", "arn:aws:iam::1:role/x", "t1"];
pub(super) const SCOPES: &[&str] = &["orders:read", "orders:write", "a", "admin"];
const HEADERS: &[&str] = &["x-tenant", "user-agent", "x-a", "X-B", "x_c"];
const QUERIES: &[&str] = &["q", "page", "a b", "é", "x[]"];
const COOKIES: &[&str] = &["sid", "theme"];

impl Readable {
    fn plain(words: &[&str], ty: Type, optional: bool, pool: Pool) -> Self {
        Self {
            node: dotted(words),
            ty,
            optional,
            askable: optional || ty == Type::Strings,
            secret: false,
            pool,
        }
    }

    fn of(function: &str, argument: &str, only: bool, ty: Type) -> Self {
        let only = only.then_some(super::build::NOWHERE);
        Self {
            node: AttrKind::Of(name(function), text(argument), only),
            ..Self::plain(&["request", function], ty, ty == Type::String, Pool::Words)
        }
    }

    /// Names the attribute apart from its place: equal for equal attributes.
    pub(super) fn key(&self) -> String {
        format!("{:?}", self.node).to_ascii_lowercase()
    }

    /// Picks a literal that the attribute is likely to meet; for sets a member.
    pub(super) fn literal(&self, scene: &Scene, rng: &mut Rng) -> LiteralKind {
        let pick = |from: &[&str], rng: &mut Rng| LiteralKind::String((*rng.pick(from)).to_owned());
        match self.pool {
            Pool::Words => scene.words.literal(self.ty, rng),
            Pool::Listed(list) => pick(list, rng),
            Pool::Segments => LiteralKind::String(rng.pick(&scene.words.segments).clone()),
            Pool::Labels => pick(LABELS, rng),
            Pool::Hosts => pick(HOSTS, rng),
            Pool::Subjects => pick(SUBJECTS, rng),
            Pool::Scopes => pick(SCOPES, rng),
            Pool::Roles => LiteralKind::String(rng.pick(&scene.roles).name.clone()),
            Pool::Issuers => LiteralKind::String(rng.pick(&scene.issuers).name.clone()),
        }
    }

    /// Says whether a list may be asked instead of literals: roles and issuers must be declared ones.
    pub(super) fn takes_lists(&self) -> bool {
        !matches!(self.pool, Pool::Roles | Pool::Issuers)
    }
}

/// Lists what any rule and any define may read.
pub(super) fn of_requests(scene: &Scene, rng: &mut Rng) -> Vec<Readable> {
    let r = |word: &str, ty, optional, pool| Readable::plain(&["request", word], ty, optional, pool);
    let mut all = vec![
        r("method", Type::String, false, Pool::Listed(METHODS)),
        r("scheme", Type::String, false, Pool::Listed(&["http", "https"])),
        r("host", Type::String, false, Pool::Hosts),
        r("ip", Type::Ip, false, Pool::Words),
        r("country", Type::String, true, Pool::Listed(COUNTRIES)),
        r("asn", Type::Int, true, Pool::Words),
        r("bot_score", Type::Int, true, Pool::Words),
        r("tls_version", Type::String, true, Pool::Listed(TLS)),
        r("client_cert", Type::String, true, Pool::Listed(CERTS)),
        r("size", Type::Int, true, Pool::Words),
        Readable::plain(&["now"], Type::Instant, false, Pool::Words),
    ];
    for (function, names) in [("header", HEADERS), ("query", QUERIES), ("cookie", COOKIES)] {
        for argument in rng.some(names, 60) {
            all.push(Readable::of(function, argument, false, Type::Strings));
            all.push(Readable::of(function, argument, true, Type::String));
        }
    }
    all.push(Readable::of("header_line", rng.word(HEADERS), false, Type::String));
    for _ in 0..scene.more_headers / 5 {
        all.push(Readable::of(
            "header",
            &format!("x-h{}", rng.below(scene.more_headers)),
            true,
            Type::String,
        ));
    }
    let offset = rng.chance(50).then(|| at(*rng.pick(&scene.words.offsets)));
    let time = Readable::plain(&["now"], Type::Clock, false, Pool::Words);
    all.push(Readable { node: AttrKind::Time(offset.clone()), ..time.clone() });
    all.push(Readable { node: AttrKind::Weekday(offset), ty: Type::Weekday, ..time });
    all
}

/// Lists what a rule may read of a caller whom one of `issuers` (their indices) vouches for.
pub(super) fn of_users(scene: &Scene, issuers: &[usize]) -> Vec<Readable> {
    let u = |word: &str, ty, optional, pool| Readable::plain(&["user", word], ty, optional, pool);
    let mut all = vec![
        u("id", Type::String, false, Pool::Subjects),
        u("scopes", Type::Strings, false, Pool::Scopes),
        u("client", Type::String, true, Pool::Words),
        u("actor", Type::String, true, Pool::Subjects),
        u("token_id", Type::String, true, Pool::Words),
        u("auth_age", Type::Duration, true, Pool::Words),
        u("token_age", Type::Duration, false, Pool::Words),
    ];
    if !scene.issuers.is_empty() {
        all.push(u("issuer", Type::String, false, Pool::Issuers));
    }
    if !scene.roles.is_empty() {
        all.push(u("roles", Type::Strings, false, Pool::Roles));
    }
    for attribute in scene.attributes() {
        let certain = issuers.iter().all(|issuer| scene.gives(*issuer, &attribute.name));
        let optional = !certain && attribute.ty != Type::Strings;
        all.push(Readable {
            askable: true,
            secret: attribute.secret,
            ..u(&attribute.name, attribute.ty, optional, Pool::Words)
        });
    }
    all
}

/// What a rule's own route captured.
pub(super) fn of_path(capture: &str) -> Readable {
    Readable::plain(&["path", capture], Type::String, false, Pool::Segments)
}

/// What the host of a rule's service captured.
pub(super) fn of_host(capture: &str) -> Readable {
    Readable::plain(&["host", capture], Type::String, false, Pool::Labels)
}
