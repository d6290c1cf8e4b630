//! Whatever is measured gives every expected answer, else its speed says nothing.

use gatelaw::request::Canonical;
use gatelaw::{Caller, RawRequest, Session, Sources, compile};
use gatelaw_benches::{Workload, hand, plain, policy};

const RULES: [usize; 3] = [10, 60, 300];
const REQUESTS: usize = 4_000;

#[test]
fn gatelaw_gives_every_expected_decision() {
    for rules in RULES {
        let workload = Workload::new(7, rules, REQUESTS);
        let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload))).unwrap();
        let identities = policy::identities(&workload, &compiled.policy.identity);
        let mut session = Session::new(&compiled.plan);
        for request in &workload.requests {
            let headers = policy::header_lines(request);
            let caller = request.caller.map_or(Caller::Anonymous, |n| Caller::Verified(&identities[n]));
            let decision = session.decision(&policy::raw(request, &headers), caller);
            let prepared = request.caller.map(|n| compiled.plan.prepare(identities[n].clone()));
            let caller = prepared.as_ref().map_or(Caller::Anonymous, Caller::Prepared);
            assert_eq!(session.decision(&policy::raw(request, &headers), caller), decision, "{request:?}");
            let expected = plain::decide(&workload, request);
            assert_eq!((decision.status, &decision.rule), (expected.status, &expected.rule), "{request:?}");
        }
    }
}

#[test]
fn a_request_line_is_decided_as_the_request() {
    let workload = Workload::new(8, 50, 300);
    let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload))).unwrap();
    let mut session = Session::new(&compiled.plan);
    for request in &workload.requests {
        let answer = gatelaw_host::decide_line(&mut session, &policy::request_line(&workload, request), None);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let expected = plain::decide(&workload, request);
        assert_eq!(answer["status"], expected.status);
        assert_eq!(answer["rule"].as_str(), expected.rule.as_deref());
    }
}

#[test]
fn the_hand_written_matcher_gives_every_expected_decision() {
    for rules in RULES {
        let workload = Workload::new(7, rules, REQUESTS);
        let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload))).unwrap();
        let reading = gatelaw::request::Reading::new(compiled.plan.needs().clone());
        let matcher = hand::Hand::new(&workload);
        let callers: Vec<_> = workload.callers.iter().map(hand::prepare).collect();
        let mut canonical = Canonical::new();
        for request in &workload.requests {
            let headers = policy::header_lines(request);
            let raw: RawRequest<'_> = policy::raw(request, &headers);
            canonical.read_target(&raw, |_| Default::default()).unwrap();
            canonical.read_rest(&raw, &reading, false).unwrap();
            let (status, rule) = matcher.decide(&canonical, request.caller.map(|n| &callers[n]));
            let expected = plain::decide(&workload, request);
            assert_eq!(status, expected.status, "{request:?}");
            if status == 200 {
                assert_eq!(
                    rule.map(|n| policy::rule_name(usize::try_from(n).unwrap())),
                    expected.rule,
                    "{request:?}"
                );
            }
        }
    }
}

#[test]
fn the_workload_is_as_described() {
    let workload = Workload::new(1, 1_000, 10_000);
    assert!(workload.callers.iter().all(|c| (1..=8).contains(&c.roles.len())));
    let attributes =
        workload.callers.iter().enumerate().map(|(n, c)| policy::claims(n, c).as_object().unwrap().len());
    assert!(attributes.into_iter().all(|count| (5..=12).contains(&count)));
    let allowed = workload.requests.iter().filter(|r| plain::decide(&workload, r).status == 200).count();
    assert!((5_500..=6_500).contains(&allowed), "{allowed} of 10,000 are allowed");
}

#[test]
fn equal_seeds_make_equal_workloads() {
    let text = |seed| policy::text(&Workload::new(seed, 100, 1));
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
}
