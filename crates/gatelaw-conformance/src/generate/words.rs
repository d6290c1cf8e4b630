//! The words of one generated policy: few, so that conditions and requests meet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gatelaw::address::IpNet;
use gatelaw::ast::{LiteralKind, Type, Weekday};

use super::rng::Rng;

/// Strings with what goes wrong elsewhere: case, spaces, commas, quotes, escapes, other scripts, nothing at all.
const STRINGS: &[&str] = &[
    "t1", "t2", "acme", "Acme", "a", "b", "admin", "a b", "a,b", "", "x-1", "1", "true", "é", "日本", "a\"b",
    "a\\b", "a*b", "a\nb", " a", "a/b", "%41", "..",
];
const INTS: &[i64] = &[0, 1, 2, 10, 30, 99, 100, 4096, 64_500, 65_536, -1, 4_294_967_295, i64::MAX, i64::MIN];
const NETS: &[&str] = &[
    "10.0.0.0/8",
    "10.1.0.0/16",
    "192.0.2.1",
    "198.51.100.0/25",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:db8::7",
    "::/0",
];
const DURATIONS_S: &[i64] = &[0, 1, 59, 60, 900, 3600, 86_400, 315_360_000];
const INSTANTS: &[i64] = &[0, 1_767_268_800, 1_767_225_600, 1_772_323_199, -1, 951_782_400];
const CLOCKS: &[u16] = &[0, 1, 360, 720, 1080, 1320, 1439];
const OFFSETS: &[i32] = &[0, 120, -300, 345, 840, -720];
/// Decoded segments; `v1` and `orders` come often because bases and patterns share them.
const SEGMENTS: &[&str] =
    &["v1", "orders", "items", "a", "B", "b", "x.json", "y.json", "é", "a b", "a+b", "~u", "t1", "42"];

/// Lists the literals that one policy may use.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) strings: Vec<String>,
    pub(super) ints: Vec<i64>,
    pub(super) nets: Vec<IpNet>,
    pub(super) durations_s: Vec<i64>,
    pub(super) instants: Vec<i64>,
    pub(super) clocks: Vec<u16>,
    pub(super) offsets: Vec<i32>,
    pub(super) segments: Vec<String>,
}

impl Words {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let count = rng.between(3, 6);
        Self {
            strings: (0..count).map(|_| rng.word(STRINGS).to_owned()).collect(),
            ints: (0..count).map(|_| *rng.pick(INTS)).collect(),
            nets: (0..count).map(|_| net(rng)).collect(),
            durations_s: (0..3).map(|_| *rng.pick(DURATIONS_S)).collect(),
            instants: (0..3).map(|_| *rng.pick(INSTANTS)).collect(),
            clocks: (0..4).map(|_| *rng.pick(CLOCKS)).collect(),
            offsets: vec![*rng.pick(OFFSETS)],
            segments: (0..count + 1).map(|_| rng.word(SEGMENTS).to_owned()).collect(),
        }
    }

    /// Picks a literal of a type; of a set's type a member.
    pub(super) fn literal(&self, ty: Type, rng: &mut Rng) -> LiteralKind {
        match ty {
            Type::Bool => LiteralKind::Bool(rng.chance(50)),
            Type::Int => LiteralKind::Int(*rng.pick(&self.ints)),
            Type::String | Type::Strings => LiteralKind::String(rng.pick(&self.strings).clone()),
            Type::Ip => LiteralKind::Ip(IpNet::host(rng.pick(&self.nets).address())),
            Type::Duration => LiteralKind::Duration(*rng.pick(&self.durations_s)),
            Type::Instant => LiteralKind::Instant(*rng.pick(&self.instants)),
            Type::Clock => LiteralKind::Clock(*rng.pick(&self.clocks)),
            Type::Weekday => LiteralKind::Weekday(*rng.pick(&Weekday::ALL)),
        }
    }
}

fn net(rng: &mut Rng) -> IpNet {
    if rng.chance(80) {
        return IpNet::parse(rng.word(NETS)).unwrap_or_else(|| IpNet::host(Ipv4Addr::LOCALHOST.into()));
    }
    let bits = rng.bits();
    let address = if rng.chance(50) {
        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits >> 32).unwrap_or(0)))
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(u128::from(bits) << 64 | 1))
    };
    IpNet::host(address)
}
