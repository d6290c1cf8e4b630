//! Callers that were prepared decide as their identities do, and for another plan they are nothing more than those.
#![allow(clippy::unwrap_used, reason = "tests")]

use gatelaw::json::Json;
use gatelaw::source::Sources;
use gatelaw::{Caller, Compiled, Effect, Identity, RawRequest, Session, compile};

/// Makes a policy whose plans have the same variables, whatever `role` may ask: the same class means something else in each.
fn policy(role: &str) -> Compiled {
    let text = format!(
        r#"
        issuer okta {{ url "https://acme.okta.com"  audience "api"  algorithms RS256  roles claim groups as named {{a, b}} }}
        role a
        role b
        allow x {{ on GET /x  for {role} }}
        "#
    );
    compile(&Sources::from_text("policy.gate", &text)).unwrap()
}

#[test]
fn who_is_prepared_for_another_plan_is_asked_anew() {
    let (one, other) = (policy("a"), policy("b"));
    let claims = Json::Object(vec![
        ("sub".into(), Json::String("u".into())),
        ("groups".into(), Json::Array(vec![Json::String("a".into())])),
    ]);
    let identity = Identity::map(&one.policy.identity, "okta", &claims, None).unwrap();
    let prepared = one.plan.prepare(identity.clone());
    assert_eq!(prepared.identity(), &identity);
    let raw = RawRequest::new(b"GET", b"api.acme.com", b"/x");
    for (compiled, expected) in [(&one, Effect::Allow), (&other, Effect::Deny)] {
        let mut session = Session::new(&compiled.plan);
        assert_eq!(session.decision(&raw, Caller::Verified(&identity)).effect, expected);
        assert_eq!(session.decision(&raw, Caller::Prepared(&prepared)).effect, expected);
    }
}

/// A host that keeps many goes by it.
#[test]
fn who_is_prepared_says_what_memory_that_takes() {
    let one = policy("a");
    let groups = |count: usize| Json::Array((0..count).map(|_| Json::String("a".into())).collect());
    let claims = Json::Object(vec![
        ("sub".into(), Json::String("u".repeat(100).into())),
        ("groups".into(), groups(2)),
    ]);
    let identity = Identity::map(&one.policy.identity, "okta", &claims, None).unwrap();
    let mut prepared = None;
    let taken = allocation_counter::measure(|| prepared = Some(one.plan.prepare(identity.clone())));
    let taken = usize::try_from(taken.bytes_current).unwrap();
    let told = prepared.unwrap().bytes() - size_of::<gatelaw::Prepared>();
    // Allocators hand out more than is asked for.
    assert!((taken..taken + 128).contains(&told), "{told} are told, and {taken} taken");
}
