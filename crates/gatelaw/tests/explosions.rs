//! Policies made to explode: each compiles within its budgets, and decides as the reference does.
//!
//! `FULL=1 cargo test -p gatelaw --release --test explosions -- --nocapture --test-threads 1` makes them at their full size, and
//! prints what each takes. Memory is counted and held to its mark, whatever the size; times are printed alone, as a test must not
//! depend on the machine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic"
)]

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use allocation_counter::measure;
use gatelaw::identity::{Identity, IdentityParts};
use gatelaw::policy::{IssuerId, RoleId};
use gatelaw::request::{Fact, Facts};
use gatelaw::source::Sources;
use gatelaw::{Caller, Decision, Effect, RawRequest, Session, Stats, compile, reference};

/// The memory that compiling one of them may take.
const COMPILING_BYTES_MAX: u64 = 512 << 20;

/// The size of a policy: smaller where tests run unoptimised, with every commit.
fn size(full: usize, reduced: usize) -> usize {
    if std::env::var_os("FULL").is_some() { full } else { reduced }
}

/// A small generator (xorshift64*, Vigna 2016), so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }
}

/// What a request is drawn from.
struct Pools {
    requests: usize,
    hosts: Vec<String>,
    paths: Vec<String>,
    headers: Vec<(String, String)>,
    headers_max: usize,
    roles: usize,
    tenants: Vec<String>,
    /// Sizes of bodies are below this.
    sizes: usize,
    /// Addresses are the first so many below 10.0.0.0.
    addresses: usize,
}

impl Default for Pools {
    fn default() -> Self {
        Self {
            requests: 400,
            hosts: vec!["api.example".into()],
            paths: vec!["/".into()],
            headers: Vec::new(),
            headers_max: 1,
            roles: 0,
            tenants: Vec::new(),
            sizes: 1,
            addresses: 1 << 20,
        }
    }
}

impl Pools {
    fn headers(&self, random: &mut Random) -> Vec<(&[u8], &[u8])> {
        let count = random.below(self.headers_max + 1);
        let picked = (0..count).filter_map(|_| self.headers.get(random.below(self.headers.len().max(1))));
        picked.map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
    }

    fn asked(&self, random: &mut Random) -> Asked<'_> {
        Asked {
            headers: self.headers(random),
            host: &self.hosts[random.below(self.hosts.len())],
            path: &self.paths[random.below(self.paths.len())],
            identity: Some(self.identity(random)).filter(|_| self.roles > 0),
            address: Ipv4Addr::from((10 << 24) | random.below(self.addresses) as u32),
            size: random.below(self.sizes) as i64,
            now: 1_767_268_800 + random.below(14 * 86_400) as i64,
        }
    }

    fn identity(&self, random: &mut Random) -> Identity {
        let roles = (0..self.roles).filter(|_| random.below(3) == 0).map(|r| RoleId(r as u32)).collect();
        let parts = IdentityParts {
            issuer: IssuerId(0),
            id: "u1".into(),
            roles,
            scopes: Vec::new(),
            client: self.tenants.get(random.below(self.tenants.len().max(1))).cloned(),
            actor: None,
            token_id: None,
            issued_at: None,
            authenticated_at: None,
            attributes: Vec::new(),
        };
        Identity::new(&parts).unwrap()
    }
}

/// A request.
struct Asked<'p> {
    headers: Vec<(&'p [u8], &'p [u8])>,
    host: &'p str,
    path: &'p str,
    identity: Option<Identity>,
    address: Ipv4Addr,
    size: i64,
    now: i64,
}

impl Asked<'_> {
    fn raw(&self) -> RawRequest<'_> {
        RawRequest {
            headers: &self.headers,
            ip: Some(IpAddr::V4(self.address)),
            facts: Facts { country: Fact::Present("DE"), size: Fact::Present(self.size), ..Facts::default() },
            now: self.now,
            ..RawRequest::new(b"GET", self.host.as_bytes(), self.path.as_bytes())
        }
    }

    fn caller(&self) -> Caller<'_> {
        self.identity.as_ref().map_or(Caller::Anonymous, Caller::Verified)
    }
}

fn check(name: &str, policy: &str, pools: &Pools) -> Stats {
    let sources = Sources::from_text("policy.gate", policy);
    let (start, mut compiled) = (Instant::now(), None);
    let memory = measure(|| compiled = Some(compile(&sources)));
    let took = start.elapsed();
    let compiled = compiled.unwrap().unwrap_or_else(|d| panic!("{name}: {:?}", &d[..d.len().min(3)]));
    assert!(memory.bytes_max <= COMPILING_BYTES_MAX, "{name}: compiling took {} bytes", memory.bytes_max);
    let bytes = compiled.plan.to_bytes();
    let plan = gatelaw::artifact::load_unsigned(&bytes).unwrap();
    let mut session = Session::new(&plan);
    let mut random = Random(7);
    let asked: Vec<Asked<'_>> = (0..pools.requests).map(|_| pools.asked(&mut random)).collect();
    // In a row, as a gate decides: the reference between them would leave nothing of the plan in the processor's caches.
    // The least of a few rounds: what else runs on the machine comes on top.
    let rounds = (0..5).map(|_| {
        let start = Instant::now();
        let decided: Vec<Decision> =
            asked.iter().map(|asked| session.decision(&asked.raw(), asked.caller())).collect();
        (start.elapsed(), decided)
    });
    let (deciding, decided) = rounds.min_by_key(|(took, _)| *took).unwrap();
    let mut allowed = 0;
    for (asked, decided) in asked.iter().zip(decided) {
        let expected = reference::decide(&compiled.policy, plan.digest(), &asked.raw(), asked.caller());
        assert_eq!(decided, expected, "{name} {}{}", asked.host, asked.path);
        allowed += usize::from(decided.effect == Effect::Allow);
    }
    let requests = pools.requests;
    assert!(allowed > 0 && allowed < requests, "{name}: {allowed} of {requests} allowed show nothing");
    println!(
        "{name}: {took:.1?}, {} MiB at most, {} bytes, {} fallbacks, {:?}, {:.1?} a decision",
        memory.bytes_max.div_ceil(1 << 20),
        bytes.len(),
        compiled.stats.fallbacks.len(),
        plan.cost(),
        deciding / requests as u32,
    );
    compiled.stats
}

const ISSUER: &str = "issuer i { url \"https://i.example\" audience none algorithms RS256 ";

fn roles(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|r| format!("r{r:03}")).collect();
    let mut text = format!("{ISSUER} roles claim r as named {{{}}} }}\n", names.join(", "));
    names.iter().for_each(|n| writeln!(text, "role {n}").unwrap());
    text
}

#[test]
fn independent_headers() {
    let mut policy = String::new();
    for i in 0..300 {
        let (a, b) = (i % 60, (i * 7 + 3) % 60);
        writeln!(policy, "allow x{i} {{ for anyone when request.header(\"h{a}\") contains \"v{}\" and request.header(\"h{b}\") contains \"v{}\" }}", i % 5, i % 3).unwrap();
    }
    let headers = (0..60).flat_map(|h| (0..5).map(move |v| (format!("h{h}"), format!("v{v}")))).collect();
    let stats =
        check("independent headers", &policy, &Pools { headers, headers_max: 60, ..Pools::default() });
    assert!(!stats.fallbacks.is_empty());
}

#[test]
fn some_of_many_roles() {
    let mut policy = roles(14);
    let mut terms = Vec::new();
    for a in 0..14 {
        for b in a + 1..14 {
            (b + 1..14).for_each(|c| terms.push(format!("(r{a:03} and r{b:03} and r{c:03})")));
        }
    }
    writeln!(policy, "allow x {{ for {} }}", terms.join(" or ")).unwrap();
    check("3 of 14 roles", &policy, &Pools { roles: 14, ..Pools::default() });
}

#[test]
fn crossing_wildcards() {
    let mut policy = String::new();
    for mask in 0..1_024_u32 {
        let path: String = (0..16)
            .map(|i| if mask.wrapping_mul(2_654_435_761) >> i & 1 == 1 { "/*" } else { "/a" })
            .collect();
        writeln!(policy, "allow x{mask} {{ on {path}/e{} for anyone }}", mask % 7).unwrap();
    }
    let mut random = Random(3);
    let paths = (0..200)
        .map(|_| {
            let path: String = (0..16).map(|_| if random.below(9) == 0 { "/b" } else { "/a" }).collect();
            format!("{path}/e{}", random.below(8))
        })
        .collect();
    let stats = check("crossing wildcards", &policy, &Pools { paths, ..Pools::default() });
    assert!(!stats.fallbacks.is_empty());
}

#[test]
fn long_lists_of_networks() {
    let count = size(100_000, 16_384);
    let net = |i: usize| format!("{}/{}", Ipv4Addr::from((10 << 24) | (i as u32) << 6), 26 + i % 7);
    let list = |step| (0..count).step_by(step).map(net).collect::<Vec<_>>().join(", ");
    let policy = format!(
        "list a: ip = [{}]\nlist b: ip = [{}]\nallow x {{ for anyone when request.ip in a }}\ndeny y {{ when request.ip in b }}",
        list(1),
        list(3)
    );
    check("long lists of networks", &policy, &Pools { addresses: count << 6, ..Pools::default() });
}

#[test]
fn tenants_times_roles() {
    let mut policy = roles(20);
    for i in 0..5_000 {
        writeln!(policy, "allow x{i} {{ for r{:03} when user.client? == \"t{i}\" }}", i % 20).unwrap();
    }
    let tenants = (0..40).map(|i| format!("t{i}")).collect();
    let stats = check("5,000 tenants by roles", &policy, &Pools { roles: 20, tenants, ..Pools::default() });
    assert_eq!(stats.fallbacks, [""; 0]);
}

#[test]
fn many_patterns_on_one_attribute() {
    let count = size(1_000, 80);
    let mut policy = String::new();
    for i in 0..count {
        writeln!(policy, "allow g{i} {{ for anyone when request.header_line(\"ua\")? like \"*w{i:03}*\" }}")
            .unwrap();
        writeln!(
            policy,
            "deny r{i} {{ when request.header_line(\"ua\")? matches \"(a|b){{{}}}c{}[0-9]+\" }}",
            i % 9,
            i / 9
        )
        .unwrap();
    }
    let value = |i: usize| format!("{}c{i} w{:03}", "ab".repeat(i % 4), i * 3 % (count * 2));
    let denied = |i: usize| format!("{}c{i}", "ab".repeat(i % 4));
    let headers =
        (0..200).map(|i| ("ua".to_owned(), if i % 4 == 0 { denied(i) } else { value(i) })).collect();
    check("patterns on one attribute", &policy, &Pools { headers, requests: 200, ..Pools::default() });
}

#[test]
fn time_windows_times_offsets() {
    let mut policy = String::new();
    for i in 0..120 {
        let (from, to, offset) = (i % 24, (i * 5 + 2) % 24, i % 12);
        if from != to {
            writeln!(policy, "allow x{i} {{ on /p{} for anyone when time +{offset:02}:30 in {from:02}:{:02}..{to:02}:15 and weekday +{offset:02}:30 in [mon, sat] }}", i % 3, i % 60).unwrap();
        }
    }
    let paths = (0..4).map(|i| format!("/p{i}")).collect();
    check("time windows by offsets", &policy, &Pools { paths, ..Pools::default() });
}

#[test]
fn pairs_in_a_bad_order() {
    let term = |i: usize| {
        format!("(request.header(\"a{i:02}\") contains \"1\" and request.header(\"b{i:02}\") contains \"1\")")
    };
    let terms: Vec<String> = (0..40).map(term).collect();
    let policy = format!("allow x {{ for anyone when {} }}", terms.join(" or "));
    let headers =
        (0..40).flat_map(|i| [(format!("a{i:02}"), "1".into()), (format!("b{i:02}"), "1".into())]).collect();
    let stats =
        check("pairs in a bad order", &policy, &Pools { headers, headers_max: 12, ..Pools::default() });
    assert!(stats.programs > 0 && !stats.fallbacks.is_empty());
}

/// Written out, the parity of n tests names each of them 2^n times; as a diagram it has two nodes for each.
#[test]
fn parity_of_many_headers() {
    let count = size(14, 9);
    let test = |i: usize| format!("request.header(\"h{i:02}\") contains \"1\"");
    let mut policy = format!("define p00 = {}\n", test(0));
    for i in 1..count {
        let (last, test) = (i - 1, test(i));
        writeln!(policy, "define p{i:02} = (p{last:02} and not {test}) or (not p{last:02} and {test})")
            .unwrap();
    }
    writeln!(policy, "allow x {{ for anyone when p{:02} }}", count - 1).unwrap();
    let headers = (0..count).map(|i| (format!("h{i:02}"), "1".into())).collect();
    check("parity of many headers", &policy, &Pools { headers, headers_max: count, ..Pools::default() });
}

/// Each interval cuts all others: a number has thousands of classes, and each of them many rules.
#[test]
fn intervals_that_cut_each_other() {
    let count = size(2_000, 300);
    let mut policy = String::new();
    for i in 0..count {
        let kind = if i % 3 == 0 { "deny" } else { "allow" };
        let who = if i % 3 == 0 { "" } else { "for anyone" };
        writeln!(
            policy,
            "{kind} x{i} {{ on /p{} {who} when request.size? in {}..{} }}",
            i % 5,
            i * 7,
            i * 7 + (i * 31 % count) + 2
        )
        .unwrap();
    }
    let paths = (0..6).map(|i| format!("/p{i}")).collect();
    check("intervals that cut each other", &policy, &Pools { paths, sizes: count * 8, ..Pools::default() });
}

/// A host that several patterns match has the routes of all of them.
#[test]
fn hosts_of_every_form_times_routes() {
    let (hosts, routes) = (size(300, 40), 12);
    let mut policy = String::new();
    for i in 0..hosts {
        let host = match i % 4 {
            0 => format!("a{i}.b{}.example", i % 9),
            1 => format!("*.b{}.example", i % 9),
            2 => format!("**.b{}.example, **.a{i}.b{}.example", i % 9, i % 7),
            _ => format!("**.example, x{i}.example"),
        };
        writeln!(policy, "service s{i} {{ host {host}").unwrap();
        for j in 0..routes {
            let path = ["/a/*/c", "/*/b/c", "/a/b/*", "/a/**", "/*/*/d"][(i + j) % 5];
            let kind = if (i + j) % 11 == 0 { "deny" } else { "allow" };
            let who = if kind == "deny" { "" } else { "for anyone" };
            let when = format!("request.header(\"h{}\") contains \"{}\"", (i * 3 + j) % 8, i % 3);
            writeln!(policy, "  {kind} x{j} {{ on {path} {who} when {when} }}").unwrap();
        }
        policy += "}\n";
    }
    let hosts = (0..60).map(|i| match i % 3 {
        0 => format!("a{i}.b{}.example", i % 9),
        1 => format!("c.a{}.b{}.example", i * 4 + 2, i % 7),
        _ => format!("x{i}.example"),
    });
    let paths = ["/a/b/c", "/a/x/c", "/x/b/c", "/x/y/d", "/z"].map(str::to_owned).to_vec();
    let headers = (0..8).flat_map(|h| (0..4).map(move |v| (format!("h{h}"), v.to_string()))).collect();
    let pools = Pools { hosts: hosts.collect(), paths, headers, headers_max: 3, ..Pools::default() };
    check("hosts of every form by routes", &policy, &pools);
}

/// Each role that a caller may have, against each header, each with its own exception.
#[test]
fn roles_times_headers_with_exceptions() {
    let count = size(40, 12);
    let mut policy = roles(count);
    for i in 0..count {
        for j in 0..count {
            let except = format!("not request.header(\"e{}\") contains \"1\"", (i * 5 + j) % count);
            writeln!(
                policy,
                "allow x{i}-{j} {{ for r{i:03} when request.header(\"h{j}\") contains \"1\" and {except} }}"
            )
            .unwrap();
        }
    }
    let headers = (0..count).flat_map(|i| [(format!("h{i}"), "1".into()), (format!("e{i}"), "1".into())]);
    let headers = headers.collect();
    let pools = Pools { roles: count, headers, headers_max: 3, ..Pools::default() };
    check("roles by headers, with exceptions", &policy, &pools);
}

/// An automaton reads each byte once: what takes others exponential time, takes it no longer than any other text.
#[test]
fn a_pattern_on_hostile_text() {
    let policy =
        "allow x { for anyone when request.header_line(\"x-in\")? matches \"((a|aa)*(a|b|ab)*)*c\" }";
    let compiled = compile(&Sources::from_text("policy.gate", policy)).unwrap();
    let mut session = Session::new(&compiled.plan);
    let mut ask = |end: &str| {
        let value = "a".repeat(8 * 1024 - end.len()) + end;
        let headers = [(&b"x-in"[..], value.as_bytes())];
        let raw = RawRequest { headers: &headers, ..RawRequest::new(b"GET", b"api.example", b"/") };
        let asked = (0..20).map(|_| {
            let start = Instant::now();
            (session.decide(&raw, Caller::Anonymous).effect(), start.elapsed())
        });
        asked.min_by_key(|(_, took)| *took).unwrap()
    };
    let ((matched, a), (unmatched, b)) = (ask("c"), ask("b"));
    assert_eq!((matched, unmatched), (Effect::Allow, Effect::Deny));
    println!(
        "a pattern on 8 KiB: {a:.1?} where it matches, {b:.1?} where not; the header is read in that time too"
    );
}

#[test]
fn hostile_texts_end_on_a_small_stack() {
    let globs: String = (0..300)
        .map(|i| format!("allow g{i} {{ for anyone when request.header_line(\"ua\")? like \"*w{i:03}\" }}\n"))
        .collect();
    let large: String = (0..6_000)
        .map(|i| format!("allow rule-number-{i} {{ on GET /a{i}/b/{{c}} for anyone }}\n"))
        .collect();
    let defines: String = (0..40).map(|i| format!("define d{i} = d{0} and d{0}\n", i + 1)).collect();
    let names: String = (0..1 << 16).map(|i| format!("define n{i} = request.method == \"GET\"\n")).collect();
    let circle: String = (0..20_000).map(|i| format!("define d{i} = d{}\n", (i + 1) % 20_000)).collect();
    let limits: String = (0..10_000)
        .map(|i| format!("limit l{i} {{ when request.method == \"M{i}\" rate 1 per second }}\n"))
        .collect();
    let denies: String =
        (0..10_000).map(|i| format!("deny d{i} {{ on /d{} respond 404 \"{i}\" }}\n", i / 2_000)).collect();
    let long: String = (0..2_000).map(|i| format!(" and request.query(\"q{i}\") contains \"1\"")).collect();
    let repeated: String = (0..2_000).map(|i| format!("allow a{i} {{ for anyone when d }}\n")).collect();
    let claims: String = (0..20_000).map(|i| format!("m{i}: 1, ")).collect();
    let texts = [
        ("defines in a circle", format!("{circle}allow x {{ for anyone when d7 }}"), false),
        ("10,000 limits of one attribute", limits, true),
        ("10,000 answers", denies, true),
        ("a long define in many rules", format!("define d = true{long}\n{repeated}"), false),
        (
            "a token of many claims",
            format!(
                "{ISSUER}}}\nallow x {{ for authenticated }}\ntest \"t\" {{ request GET \"https://a.example/\" as i {{ {claims} }} expect allow }}"
            ),
            true,
        ),
        ("64 Ki names", format!("{names}allow x {{ for anyone when n7 }}"), true),
        ("1 MiB of (", format!("allow x {{ for anyone when {}", "(".repeat(1 << 20)), false),
        (
            "100,000 nested not",
            format!("allow x {{ for anyone when {}true }}", "not ".repeat(100_000)),
            false,
        ),
        (
            "doubling defines",
            format!("{defines}define d40 = request.method == \"GET\"\nallow x {{ for anyone when d0 }}"),
            false,
        ),
        (
            "doubling defines of a constant",
            format!("{defines}define d40 = true\nallow x {{ for anyone when d0 }}"),
            false,
        ),
        (
            "doubling defines of a mistake",
            format!("{defines}define d40 = user.nothing == \"x\"\nallow x {{ for anyone when d0 }}"),
            false,
        ),
        ("doubling defines of nothing", format!("{defines}allow x {{ for anyone when d0 }}"), false),
        ("300 globs on one attribute", globs, true),
        ("a file of 4 MiB", format!("{large}# {}", "x".repeat((4 << 20) - large.len() - 2)), true),
        ("a file of more", "#".repeat((4 << 20) + 1), false),
    ];
    for (name, text, good) in texts {
        let run = std::thread::Builder::new().stack_size(256 * 1024).spawn(move || {
            let start = Instant::now();
            let compiled = compile(&Sources::from_text("policy.gate", &text)).is_ok();
            println!(
                "{name}: {} after {:.1?}",
                if compiled { "compiled" } else { "refused" },
                start.elapsed()
            );
            compiled
        });
        assert_eq!(run.unwrap().join().unwrap(), good, "{name}");
    }
}
