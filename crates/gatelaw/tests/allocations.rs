//! Deciding allocates nothing once the buffers are warm, whatever the decision.

use gatelaw::json::Json;
use gatelaw::request::{Fact, Facts};
use gatelaw::source::Sources;
use gatelaw::{Caller, Effect, Identity, Plan, RawRequest, Session, compile};

const POLICY: &str = r#"
issuer okta {
  url "https://acme.okta.com"  audience "api"  algorithms RS256
  scopes claim scp
  roles claim groups as named {staff, admin}
  attribute tenant: string = claim org_id
}
role staff
role admin includes staff
list office: ip = [10.0.0.0/8, 2001:db8::/32]
service orders {
  host api.acme.com, {tenant}.acme.dev
  base /v1
  encoded_slash keep
  resource_metadata "https://api.acme.com/meta"
  allow read {
    on GET|HEAD /orders/{tenant}/**
    for staff or scope "orders:read"
    when user.tenant == path.tenant and request.header("x-tenant").only? == user.tenant
  }
  deny files { on /orders/*/secret/*.key }
  deny stale { on DELETE /** for authenticated when not has user.auth_age challenge max_age 15m scope "a b" }
  limit per-user { for authenticated rate 10 per second by user.id, request.ip }
  forward ids { for authenticated set "x-user" = user.id set "x-roles" = user.roles set "x-scopes" = user.scopes }
  audit everything { for authenticated level full keep user.id, request.header("x-tag"), request.query("q"), now redact request.ip }
}
deny embargo { when not has request.country or request.country in ["KP"] respond 451 "no" }
deny agents { when request.header_line("user-agent")? matches "(?i)bad.*" or request.header_line("user-agent")? like "*curl*" }
observe deny nights { when time +02:00 in 22:00..06:00 and weekday +02:00 in [sat, sun] }
observe allow insiders { for anyone when request.ip in office and request.cookie("a") contains any ["x", "y"] }
"#;

#[test]
fn deciding_allocates_nothing() {
    let globs =
        |n: u32| format!("deny glob{n} {{ when request.header_line(\"user-agent\")? like \"*bot{n}*\" }}\n");
    let policy = POLICY.to_owned()
        + &(0..50).map(globs).collect::<String>()
        + "observe deny seen { when request.header_line(\"user-agent\")? like \"*ozil*\" }";
    let compiled = compile(&Sources::from_text("policy.gate", &policy)).unwrap();
    assert_eq!(compiled.stats.literals, 52, "and that of `*curl*`");
    let claims = Json::Object(vec![
        ("sub".into(), Json::String("u1".into())),
        ("groups".into(), Json::Array(vec![Json::String("admin".into())])),
        ("scp".into(), Json::String("orders:read orders:write".into())),
        ("org_id".into(), Json::String("t1".into())),
    ]);
    let identity = Identity::map(&compiled.policy.identity, "okta", &claims, None).unwrap();
    let prepared = compiled.plan.prepare(identity.clone());
    let callers = [
        Caller::Anonymous,
        Caller::Verified(&identity),
        Caller::Prepared(&prepared),
        Caller::Invalid("expired"),
        Caller::KeysUnavailable,
    ];
    let targets: [&[u8]; 8] = [
        b"/v1/orders/t1/42?q=a&q=b",
        b"/v1/orders/t1/secret/a.key",
        b"/v1/orders/t2%2F3",
        b"/v1/nothing",
        b"/",
        b"/a/../b",
        b"/%zz",
        b"/v1/orders/t1?q=%ff",
    ];
    let headers: [(&[u8], &[u8]); 5] = [
        (b"x-tenant", b"t1"),
        (b"x-tag", b"b, a"),
        (b"user-agent", b"Mozilla"),
        (b"cookie", b"a=x; a=z"),
        (b"accept", b"*/*"),
    ];
    let facts = Facts { country: Fact::Present("DE"), ..Facts::default() };
    let mut session = Session::new(&compiled.plan);
    let mut allowed = 0;
    let mut all = |session: &mut Session<&Plan>| {
        for method in [&b"GET"[..], b"DELETE", b"get"] {
            for host in [&b"api.acme.com"[..], b"t1.acme.dev:443", b"other", b"10.0.0.1"] {
                for target in targets {
                    for caller in callers {
                        let ip = Some("10.1.2.3".parse().unwrap());
                        let raw = RawRequest {
                            headers: &headers,
                            ip,
                            facts,
                            ..RawRequest::new(method, host, target)
                        };
                        allowed += u32::from(session.decide(&raw, caller).effect() == Effect::Allow);
                    }
                }
            }
        }
    };
    all(&mut session);
    let counted = allocation_counter::measure(|| all(&mut session));
    assert_eq!(counted.count_total, 0);
    assert!(allowed > 0, "some of the requests are allowed");
}
