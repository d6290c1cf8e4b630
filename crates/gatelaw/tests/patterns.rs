//! Many patterns of all forms on one value: found by scans for their literals, or by automata, they match as the reference says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, reason = "a test may panic")]

use std::fmt::Write;

use gatelaw::source::Sources;
use gatelaw::{Caller, Compiled, Effect, RawRequest, Session, compile, reference};

/// A small generator (xorshift64*, Vigna 2016), so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

/// What patterns and values are made of: texts that overlap, end or begin with each other, and characters of several bytes.
const PIECES: [&str; 14] =
    ["a", "ab", "aba", "bab", "é", "è", "日本", "本", "*", "?", "\\", "Bot-7", "bot", "one-two-three"];

fn glob(random: &mut Random) -> String {
    let mut glob = String::new();
    for part in 0..1 + random.below(4) {
        let between = if part == 0 { ["", "*", "*", "?"] } else { ["*", "*?", "?", ""] };
        glob += random.pick(&between);
        let piece = random.pick(&PIECES);
        glob.extend(
            piece.chars().flat_map(|c| [(['*', '?', '\\'].contains(&c)).then_some('\\'), Some(c)]).flatten(),
        );
    }
    glob + random.pick(&["", "*", "*", "**"])
}

fn regex(random: &mut Random) -> String {
    let mut regex = random.pick(&["", "", "(?i)"]).to_owned();
    for _ in 0..1 + random.below(4) {
        regex += random.pick(&[
            "",
            ".*",
            ".*",
            r"[\s\S]*",
            "[^a]*",
            "[a-z]+",
            "(a|ab)+",
            "(é|日本){1,2}",
            "[bB]",
            r"\W?",
            ".{2,}",
        ]);
        let piece = random.pick(&PIECES);
        regex.extend(
            piece
                .chars()
                .flat_map(|c| [(['*', '?', '\\', '-'].contains(&c)).then_some('\\'), Some(c)])
                .flatten(),
        );
    }
    regex + random.pick(&["", ".*", r"[\s\S]*", "?"])
}

fn value(random: &mut Random) -> String {
    let pieces = (0..random.below(7)).map(|_| random.pick(&[&PIECES[..], &["\n", "BOT", "A", "x"]].concat()));
    pieces.collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\"))
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Asks both evaluators, and answers how many rules match and whether the request is allowed.
fn ask(compiled: &Compiled, session: &mut Session<&gatelaw::Plan>, host: &str, path: &str) -> (usize, bool) {
    let raw = RawRequest::new(b"GET", host.as_bytes(), path.as_bytes());
    let expected = reference::decide(&compiled.policy, compiled.plan.digest(), &raw, Caller::Anonymous);
    let decided = session.decision(&raw, Caller::Anonymous);
    assert_eq!(decided, expected, "{path}");
    (decided.observed.len(), decided.effect == Effect::Allow)
}

/// Rules that are only observed tell of every pattern whether it matches; then rules that ask many patterns each.
fn policy(random: &mut Random, patterns: usize) -> String {
    let asked = "request.query(\"v\").only";
    let mut tests = Vec::new();
    let mut policy = String::new();
    for number in 0..patterns {
        let test = if random.below(3) > 0 {
            format!("{asked}? like {}", quoted(&glob(random)))
        } else {
            format!("{asked}? matches {}", quoted(&regex(random)))
        };
        writeln!(policy, "observe deny r{number:03} {{ when {test} }}").unwrap();
        tests.push(test);
    }
    let some = |random: &mut Random, count: usize| {
        (0..count).map(|_| tests[random.below(tests.len())].clone()).collect::<Vec<_>>()
    };
    for number in 0..20 {
        let (either, neither) = (some(random, 2).join(" or "), some(random, 3).join(" or "));
        writeln!(policy, "observe deny s{number:03} {{ when ({either}) and not ({neither}) }}").unwrap();
    }
    let (many, few) = (some(random, 50).join(" or "), some(random, 40));
    let none: Vec<String> = few.iter().map(|test| format!("not {test}")).collect();
    writeln!(policy, "observe deny many {{ when {many} }}").unwrap();
    writeln!(policy, "observe deny neither {{ when {} }}", none.join(" and ")).unwrap();
    let rare = some(random, 3).join(" or ");
    writeln!(policy, "allow some {{ for anyone when {rare} }}").unwrap();
    policy
}

#[test]
fn patterns_of_all_forms_match_as_the_reference_says() {
    let (mut matched, mut asked, mut allowed, mut requests) = (0, 0, 0, 0);
    for (seed, patterns) in [(1, 8), (2, 30), (3, 150), (4, 400)] {
        let mut random = Random(seed);
        let text = policy(&mut random, patterns);
        let compiled = compile(&Sources::from_text("policy.gate", &text)).unwrap();
        assert_eq!(compiled.stats.literals > 0, patterns > 8, "{patterns} patterns");
        let bytes = compiled.plan.to_bytes();
        let again = compile(&Sources::from_text("policy.gate", &text)).unwrap();
        assert!(again.plan.to_bytes() == bytes, "equal sources give equal bytes");
        let plan = gatelaw::artifact::load_unsigned(&bytes).unwrap();
        let mut session = Session::new(&plan);
        for _ in 0..300 {
            let path = format!("/?v={}", escaped(&value(&mut random)));
            let (rules, is_allowed) = ask(&compiled, &mut session, "api.example", &path);
            (matched, allowed) = (matched + rules, allowed + usize::from(is_allowed));
        }
        ask(&compiled, &mut session, "api.example", "/");
        (asked, requests) = (asked + 300 * patterns, requests + 300);
    }
    assert!(matched * 100 > asked && matched < asked, "{matched} of {asked} matches show little");
    assert!(allowed > 0 && allowed < requests, "{allowed} of {requests} allowed show nothing");
}

/// More affixes in one place than the route automaton takes, at a host that folds letters and at one that doesn't.
#[test]
fn segments_that_begin_or_end_with_one_of_many_texts_match_as_the_reference_says() {
    let mut policy = String::new();
    for (service, fold) in [("exact", ""), ("folded", "case fold")] {
        writeln!(policy, "service {service} {{ host {service}.example {fold}").unwrap();
        for number in 0..30 {
            let route = match number % 3 {
                0 => format!("/*E{number}"),
                1 => format!("/Be{number}*/x"),
                _ => format!("/b*-{number}"),
            };
            writeln!(policy, "  allow r{number} {{ on {route} for anyone }}").unwrap();
        }
        policy += "}\n";
    }
    let compiled = compile(&Sources::from_text("policy.gate", &policy)).unwrap();
    let mut session = Session::new(&compiled.plan);
    let (mut random, mut allowed) = (Random(5), [0, 0]);
    for _ in 0..600 {
        let path = format!(
            "/{}{}{}{}",
            random.pick(&["b", "B", "be", "Be", "x"]),
            random.below(32),
            random.pick(&["", "-", "e", "E"]),
            [&random.below(32).to_string(), "/x", ""][random.below(3)]
        );
        for (host, count) in ["exact.example", "folded.example"].into_iter().zip(&mut allowed) {
            *count += usize::from(ask(&compiled, &mut session, host, &path).1);
        }
    }
    assert!(0 < allowed[0] && allowed[0] < allowed[1], "{allowed:?}");
}
