//! Holds traces to the W3C's own tests (`trace_context/vectors.json`, from <https://github.com/w3c/trace-context>).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use gatelaw_host::{Trace, TraceTrust};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    test: String,
    steps: Vec<Step>,
}

/// One request, and what is asserted of what a gate sends on.
#[derive(Deserialize)]
struct Step {
    headers: Vec<(String, String)>,
    expect: Expect,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Expect {
    trace_id: Option<String>,
    not_trace_id: Vec<String>,
    not_parent_id: Vec<String>,
    random: bool,
    /// So many requests have so many spans.
    parent_ids: Option<u8>,
    count: Option<usize>,
    has: Vec<String>,
    lacks: Vec<String>,
    members: BTreeMap<String, String>,
    holds_any: Vec<Vec<String>>,
    before: Vec<(String, String)>,
}

fn next(step: &Step, random: u8) -> Trace {
    let headers = step.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Trace::next(headers, TraceTrust::Continue, &[random; 24])
}

#[test]
fn traces_go_on_as_the_w3c_tests_say() {
    let vectors: Vectors = serde_json::from_str(include_str!("trace_context/vectors.json")).unwrap();
    assert_eq!(vectors.tests.len(), 41);
    for test in &vectors.tests {
        for step in &test.steps {
            check(&test.test, step);
        }
    }
}

fn check(name: &str, step: &Step) {
    let (trace, expect) = (next(step, 7), &step.expect);
    let parent = trace.traceparent();
    let fields: Vec<&str> = parent.split('-').collect();
    let [version, id, span, flags] = fields[..] else { panic!("{name}: {parent}") };
    assert_eq!((version, id.len(), span.len(), flags.len()), ("00", 32, 16, 2), "{name}");
    assert!(expect.trace_id.as_deref().is_none_or(|expected| id == expected), "{name}: {parent}");
    assert!(!expect.not_trace_id.iter().any(|other| id == other), "{name}: {parent}");
    assert!(!expect.not_parent_id.iter().any(|other| span == other), "{name}: {parent}");
    assert!(!expect.random || u8::from_str_radix(flags, 16).unwrap() & 2 == 2, "{name}: {parent}");
    if let Some(count) = expect.parent_ids {
        let spans: BTreeSet<String> = (0..count).map(|n| next(step, n + 1).parent().to_owned()).collect();
        assert_eq!(spans.len(), usize::from(count), "{name}");
    }
    check_state(name, &trace.tracestate().unwrap_or_default(), expect);
}

fn check_state(name: &str, state: &str, expect: &Expect) {
    let members: BTreeMap<&str, &str> =
        state.split(',').filter_map(|member| member.split_once('=')).collect();
    assert!(expect.count.is_none_or(|count| members.len() == count), "{name}: {state}");
    assert!(expect.has.iter().all(|key| members.contains_key(key.as_str())), "{name}: {state}");
    assert!(!expect.lacks.iter().any(|key| members.contains_key(key.as_str())), "{name}: {state}");
    for (key, value) in &expect.members {
        assert_eq!(members.get(key.as_str()), Some(&value.as_str()), "{name}");
    }
    for any in &expect.holds_any {
        assert!(any.iter().any(|text| state.contains(text)), "{name}: {state}");
    }
    for (first, second) in &expect.before {
        assert!(state.find(first).unwrap() < state.find(second).unwrap(), "{name}: {state}");
    }
}
