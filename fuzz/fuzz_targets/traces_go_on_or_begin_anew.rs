//! Whatever stands in `traceparent` and `tracestate`, a trace goes on where a grammar of W3C Trace Context reads them, and begins anew
//! where it doesn't; what a gate writes is by that grammar again, and the next gate reads the same in it.
//!
//! The first byte says who is trusted, the next 24 are the host's random ones; each line behind them is a header.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use gatelaw_fuzz::changed;
use gatelaw_host::{TRACEPARENT_HEADER, TRACESTATE_HEADER, Trace, TraceTrust};
use libfuzzer_sys::fuzz_target;
use regex::Regex;

/// §3.2: the fields of version 00, and of later ones what follows a dash.
static PARENT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$"));
/// §3.3.1.3: one member of a list.
static MEMBER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^([a-z0-9][a-z0-9_*/@-]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])$",
    )
});

fn regex(text: &str) -> Regex {
    // `.` is any character here: a header's value has no lines.
    regex::RegexBuilder::new(text).dot_matches_new_line(true).build().expect("the grammar is one")
}

const HEADERS: &str = "traceparent:00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
tracestate:rojo=00f067aa0ba902b7,congo=t61rcWkgMzE
tracestate:vendor@tenant=a b,1_-*/=x";

const WORDS: [&str; 24] = [
    "\n",
    "\ntracestate:",
    "\nTraceParent:",
    "\nother:",
    "-",
    "00",
    "ff",
    "01-",
    "0000000000000000",
    "00000000000000000000000000000000",
    "A",
    "g",
    " ",
    "\t",
    ",",
    ", ,",
    "=",
    "a=1,",
    "é",
    "\u{2010}",
    "\r",
    "\0",
    ",k=v,l=w,m=x,n=y,o=z",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

/// What the grammar reads: the id, the flags that are understood, and the members of the state.
struct Grammar {
    id: String,
    flags: u8,
    members: Vec<(String, String)>,
}

fn read(headers: &[(String, Vec<u8>)]) -> Option<Grammar> {
    let of = |name: &'static str| {
        headers.iter().filter(move |(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let parents: Vec<_> = of(TRACEPARENT_HEADER).collect();
    let [parent] = parents[..] else { return None };
    let parent = std::str::from_utf8(parent).ok()?.trim_matches([' ', '\t']);
    let fields = PARENT.captures(parent).filter(|_| parent.len() <= 256)?;
    let (version, id, span) = (&fields[1], &fields[2], &fields[3]);
    let is_later = version != "00" && version != "ff";
    let is_read = is_later || (version == "00" && fields.get(5).is_none());
    if !is_read || !id.contains(|c| c != '0') || !span.contains(|c| c != '0') {
        return None;
    }
    let flags = u8::from_str_radix(&fields[4], 16).expect("the grammar says so") & 3;
    Some(Grammar { id: id.to_owned(), flags, members: members(of(TRACESTATE_HEADER)).unwrap_or_default() })
}

/// Reads all lines as one list. A member that is none spoils it, and so does more than 32 of them.
fn members<'v>(lines: impl Iterator<Item = &'v Vec<u8>>) -> Option<Vec<(String, String)>> {
    let lines: Option<Vec<&str>> = lines.map(|line| std::str::from_utf8(line).ok()).collect();
    let lines = lines?.join(",");
    let parts = lines.split(',').map(|part| part.trim_matches([' ', '\t'])).filter(|part| !part.is_empty());
    let mut known = BTreeSet::new();
    let mut members = Vec::new();
    for part in parts {
        let member = MEMBER.captures(part)?;
        if known.len() == 32 {
            return None;
        }
        if known.insert(member[1].to_owned()) {
            members.push((member[1].to_owned(), member[2].to_owned()));
        }
    }
    Some(members)
}

fn check(headers: &[(String, Vec<u8>)], trust: TraceTrust, random: &[u8; 24]) {
    let lines = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let trace = Trace::next(lines, trust, random);
    let grammar = read(headers);
    // What is written is version 00 and nothing more.
    let written = trace.traceparent();
    let fields = PARENT.captures(&written).expect("a gate writes what the grammar says");
    assert!(written.len() == 55 && written.starts_with("00-"), "{written}");
    assert_eq!((&fields[2], &fields[3]), (trace.id(), trace.parent()));
    assert!([trace.id(), trace.parent()].iter().all(|id| id.contains(|c| c != '0')), "{written}");
    let fresh = Trace::next([], TraceTrust::Restart, random);
    assert_eq!(trace.parent(), fresh.parent());
    match grammar.filter(|_| trust == TraceTrust::Continue) {
        Some(Grammar { id, flags, members }) => {
            assert_eq!((trace.id(), &fields[4]), (&*id, &*format!("{flags:02x}")));
            let state: Vec<String> = members.iter().map(|(key, value)| format!("{key}={value}")).collect();
            assert_eq!(trace.tracestate().unwrap_or_default(), state.join(","));
            assert_eq!(trace.caller(), None);
        }
        None => {
            assert_eq!((trace.id(), &fields[4], trace.tracestate()), (fresh.id(), "02", None));
            assert_eq!(trace.caller().map(str::to_owned), read(headers).map(|grammar| grammar.id));
        }
    }
    // The next gate reads what this one wrote.
    let (parent, state) = (written.into_bytes(), trace.tracestate());
    let mut next = vec![(TRACEPARENT_HEADER, parent.as_slice())];
    next.extend(state.as_deref().map(|state| (TRACESTATE_HEADER, state.as_bytes())));
    let next = Trace::next(next, TraceTrust::Continue, random);
    assert_eq!((next.id(), next.is_sampled()), (trace.id(), trace.is_sampled()));
    assert_eq!((next.traceparent(), next.tracestate()), (trace.traceparent(), state));
}

fn lines(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let line = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((String::from_utf8_lossy(&line[..colon]).into_owned(), line[colon + 1..].to_vec()))
    };
    text.split(|byte| *byte == b'\n').filter_map(line).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let Some((trust, rest)) = bytes.split_first() else { return };
    let Some((random, text)) = rest.split_first_chunk::<24>() else { return };
    let trust = if trust % 2 == 0 { TraceTrust::Continue } else { TraceTrust::Restart };
    check(&lines(text), trust, random);
    check(&lines(changed(HEADERS, &WORDS, text).as_bytes()), trust, random);
});
