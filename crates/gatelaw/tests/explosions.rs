//! Policies made to explode: each compiles within its budgets, and decides as the reference does.
//!
//! `cargo test -p gatelaw --release --test explosions -- --nocapture` prints what each takes.

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

use gatelaw::identity::Identity;
use gatelaw::policy::{IssuerId, RoleId};
use gatelaw::request::{Fact, Facts};
use gatelaw::source::Sources;
use gatelaw::{Caller, Effect, RawRequest, Session, Stats, compile, reference};

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
    paths: Vec<String>,
    headers: Vec<(String, String)>,
    headers_max: usize,
    roles: usize,
    tenants: Vec<String>,
}

impl Default for Pools {
    fn default() -> Self {
        Self { paths: vec!["/".into()], headers: Vec::new(), headers_max: 1, roles: 0, tenants: Vec::new() }
    }
}

fn check(name: &str, policy: &str, pools: &Pools) -> Stats {
    let sources = Sources::from_text("policy.gate", policy);
    let start = Instant::now();
    let compiled = compile(&sources).unwrap_or_else(|d| panic!("{name}: {:?}", &d[..d.len().min(3)]));
    let took = start.elapsed();
    let bytes = compiled.plan.to_bytes();
    let plan = gatelaw::artifact::load_unsigned(&bytes).unwrap();
    let mut session = Session::new(&plan);
    let (mut random, mut allowed) = (Random(7), 0);
    for _ in 0..400 {
        let picked: Vec<_> = (0..random.below(pools.headers_max + 1))
            .filter_map(|_| pools.headers.get(random.below(pools.headers.len().max(1))))
            .collect();
        let headers: Vec<(&[u8], &[u8])> = picked.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let path = &pools.paths[random.below(pools.paths.len())];
        let mut roles: Vec<RoleId> =
            (0..pools.roles).filter(|_| random.below(3) == 0).map(|r| RoleId(r as u32)).collect();
        roles.sort();
        let tenant = pools.tenants.get(random.below(pools.tenants.len().max(1))).cloned();
        let identity = Identity {
            issuer: IssuerId(0),
            id: "u1".into(),
            roles,
            scopes: Vec::new(),
            client: tenant,
            actor: None,
            token_id: None,
            issued_at: None,
            authenticated_at: None,
            attributes: Vec::new(),
        };
        let caller = if pools.roles > 0 { Caller::Verified(&identity) } else { Caller::Anonymous };
        let address = Ipv4Addr::from((10 << 24) | random.below(1 << 20) as u32);
        let raw = RawRequest {
            headers: &headers,
            ip: Some(IpAddr::V4(address)),
            facts: Facts { country: Fact::Present("DE"), ..Facts::default() },
            now: 1_767_268_800 + random.below(14 * 86_400) as i64,
            ..RawRequest::new(b"GET", b"api.example", path.as_bytes())
        };
        let decided = session.decision(&raw, caller);
        assert_eq!(
            decided,
            reference::decide(&compiled.policy, plan.digest(), &raw, caller),
            "{name} {path}"
        );
        allowed += u32::from(decided.effect == Effect::Allow);
    }
    assert!(allowed > 0 && allowed < 400, "{name}: {allowed} of 400 allowed show nothing");
    println!(
        "{name}: {took:.1?}, {} bytes, {} fallbacks, {:?}",
        bytes.len(),
        compiled.stats.fallbacks.len(),
        plan.cost()
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
    let net = |i: u32| format!("{}/{}", Ipv4Addr::from((10 << 24) | i << 6), 26 + i % 7);
    let list = |step| (0..16_384).step_by(step).map(net).collect::<Vec<_>>().join(", ");
    let policy = format!(
        "list a: ip = [{}]\nlist b: ip = [{}]\nallow x {{ for anyone when request.ip in a }}\ndeny y {{ when request.ip in b }}",
        list(1),
        list(3)
    );
    check("long lists of networks", &policy, &Pools::default());
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
    let mut policy = String::new();
    for i in 0..80 {
        writeln!(policy, "allow g{i} {{ for anyone when request.header_line(\"ua\")? like \"*w{i:02}*\" }}")
            .unwrap();
        writeln!(
            policy,
            "deny r{i} {{ when request.header_line(\"ua\")? matches \"(a|b){{{}}}c[0-9]+\" }}",
            i % 9
        )
        .unwrap();
    }
    let headers =
        (0..200).map(|i| ("ua".to_owned(), format!("{}c{i} w{:02}", "ab".repeat(i % 4), i))).collect();
    check("160 patterns", &policy, &Pools { headers, ..Pools::default() });
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

#[test]
fn hostile_texts_end_on_a_small_stack() {
    let globs: String = (0..300)
        .map(|i| format!("allow g{i} {{ for anyone when request.header_line(\"ua\")? like \"*w{i:03}\" }}\n"))
        .collect();
    let large: String = (0..6_000)
        .map(|i| format!("allow rule-number-{i} {{ on GET /a{i}/b/{{c}} for anyone }}\n"))
        .collect();
    let defines: String = (0..40).map(|i| format!("define d{i} = d{0} and d{0}\n", i + 1)).collect();
    let texts = [
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
