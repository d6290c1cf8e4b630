//! What a person would write for this one policy: a tree over segments, sets as bits, the identity reduced to words before.
//!
//! It reads no policy and explains nothing; it is the mark of what the hardware allows. Its requests come from the same
//! canonical form as gatelaw's.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;

use gatelaw::request::Canonical;

use crate::workload::{Access, Caller, Condition, EMBARGOED, Rule, Shape, Workload, includes, scope};

/// What a decision comes to: a status, and the number of the rule that allows.
pub type Verdict = (u16, Option<u32>);

/// The policy as data structures.
#[derive(Debug)]
pub struct Hand {
    nodes: Vec<Node>,
    rules: Vec<Words>,
    /// The first addresses of networks with 256 each, sorted.
    burned: Vec<u32>,
    embargoed: Vec<[u8; 2]>,
}

#[derive(Debug, Default)]
struct Node {
    children: HashMap<Box<str>, u32, BuildHasherDefault<SegmentHasher>>,
    /// Rules with one segment behind this node, and rules with any number of them.
    items: Vec<u32>,
    below: Vec<u32>,
}

/// A rule reduced to what is compared.
#[derive(Debug)]
struct Words {
    methods: u8,
    role: u64,
    scope: u64,
    /// The high half of the network that the client must be in.
    network: Option<u16>,
    second_factor: bool,
    tenant: bool,
}

/// A caller reduced to what is compared.
#[derive(Debug)]
pub struct Prepared {
    roles: u64,
    scopes: u64,
    tenant: String,
    second_factor: bool,
    suspended: bool,
}

/// The hash of Firefox and rustc: one multiplication for eight bytes.
#[derive(Debug, Default)]
struct SegmentHasher(u64);

impl Hasher for SegmentHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        for word in words.iter().chain([&last]) {
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

/// Reduces a caller.
#[must_use]
pub fn prepare(caller: &Caller) -> Prepared {
    let granted = (0..64).filter(|role| caller.roles.iter().any(|named| includes(*named, *role)));
    Prepared {
        roles: granted.map(|role| 1_u64 << role).sum(),
        scopes: caller.scopes.iter().map(|scope| 1_u64 << scope).sum(),
        tenant: format!("t{}", caller.tenant),
        second_factor: caller.second_factor,
        suspended: caller.suspended,
    }
}

impl Hand {
    /// Builds the structures.
    #[must_use]
    pub fn new(workload: &Workload) -> Self {
        let mut burned: Vec<u32> = workload.burned.iter().map(|net| net.to_bits()).collect();
        burned.sort_unstable();
        let embargoed = EMBARGOED.iter().filter_map(|c| c.as_bytes().first_chunk().copied()).collect();
        let mut hand = Self { nodes: vec![Node::default()], rules: Vec::new(), burned, embargoed };
        workload.rules.iter().for_each(|rule| hand.insert(rule));
        hand
    }

    fn insert(&mut self, rule: &Rule) {
        let number = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let mut at = 0;
        for segment in [format!("svc{}", rule.service), "v1".to_owned(), format!("res{}", rule.resource)] {
            at = self.child(at, segment);
        }
        if let Some(node) = self.node_mut(at) {
            match rule.shape {
                Shape::Item => node.items.push(number),
                Shape::Below => node.below.push(number),
            }
        }
        self.rules.push(Words {
            methods: match rule.access {
                Access::Read => 0b11,
                Access::Write => 0b1_1100,
            },
            role: 1 << rule.role,
            scope: 1 << scope(rule.resource, rule.access),
            network: if let Condition::Network(n) = rule.condition {
                Some(u16::from_be_bytes([10, n]))
            } else {
                None
            },
            second_factor: rule.condition == Condition::SecondFactor,
            tenant: rule.condition == Condition::Tenant,
        });
    }

    fn child(&mut self, at: u32, segment: String) -> u32 {
        let fresh = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let child = self.node_mut(at).map_or(0, |n| *n.children.entry(segment.into()).or_insert(fresh));
        if child == fresh {
            self.nodes.push(Node::default());
        }
        child
    }

    fn node_mut(&mut self, at: u32) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(at).ok()?)
    }

    /// Decides a canonical request.
    #[must_use]
    pub fn decide(&self, request: &Canonical, caller: Option<&Prepared>) -> Verdict {
        let ip = if let Some(IpAddr::V4(ip)) = request.ip() { ip.to_bits() } else { 0 };
        if self.burned.binary_search(&(ip & !0xff)).is_ok() {
            return (403, None);
        }
        let country = request.country().and_then(|c| c.as_bytes().first_chunk());
        if country.is_some_and(|c| self.embargoed.contains(c)) {
            return (451, None);
        }
        let Some(caller) = caller else { return (401, None) };
        if caller.suspended {
            return (403, None);
        }
        match self.allowing(request, caller, ip) {
            Some(rule) => (200, Some(rule)),
            None => (403, None),
        }
    }

    /// Finds the least rule that allows; any segments may stand behind the third.
    fn allowing(&self, request: &Canonical, caller: &Prepared, ip: u32) -> Option<u32> {
        let mut node = self.nodes.first()?;
        for number in 0..3 {
            let child = node.children.get(request.segment(number)?)?;
            node = self.nodes.get(usize::try_from(*child).ok()?)?;
        }
        let method = match request.method() {
            "GET" => 1,
            "HEAD" => 2,
            "POST" => 4,
            "PUT" => 8,
            "DELETE" => 16,
            _ => 0,
        };
        let holds = |number: &&u32| {
            let rule = usize::try_from(**number).ok().and_then(|n| self.rules.get(n));
            rule.is_some_and(|rule| rule.holds(request, caller, method, ip))
        };
        let items: &[u32] = if request.segment_count() == 4 { &node.items } else { &[] };
        let (item, below) = (items.iter().find(holds), node.below.iter().find(holds));
        item.into_iter().chain(below).min().copied()
    }
}

impl Words {
    fn holds(&self, request: &Canonical, caller: &Prepared, method: u8, ip: u32) -> bool {
        self.methods & method != 0
            && caller.roles & self.role != 0
            && caller.scopes & self.scope != 0
            && self.network.is_none_or(|network| ip >> 16 == u32::from(network))
            && (!self.second_factor || caller.second_factor)
            && (!self.tenant || request.segment(3) == Some(&caller.tenant))
    }
}
