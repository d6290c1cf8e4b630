//! Lines that are no requests: each is answered and named, and the others are decided.

use crate::folder::Folder;

const GOOD: &str = r#"{"method":"GET","scheme":"https","host":"api.example.com","target":"/health","ip":"192.0.2.1","now":1767268800}"#;

/// Decides the lines by the starter policy: what is answered to each, and what is said.
fn decide(lines: &[&[u8]]) -> (Vec<String>, String) {
    let folder = Folder::new().with_project();
    let run = folder.run_with(&["decide", "--policy", "policy.gatelaw"], &lines.join(&b'\n'));
    assert_eq!(run.exit, 0, "{}", run.stderr);
    (run.stdout.lines().map(str::to_owned).collect(), run.stderr)
}

#[track_caller]
fn check(bad: &[u8], error: &str, at: &str) {
    let (answers, said) = decide(&[GOOD.as_bytes(), bad, GOOD.as_bytes()]);
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert_eq!(answers[1], format!(r#"{{"v":1,"error":"{error}","at":"{at}"}}"#));
    assert!(answers[0].starts_with(r#"{"v":1,"effect":"allow""#), "{}", answers[0]);
    assert_eq!(answers[0], answers[2]);
    assert!(said.starts_with(&format!("error[{error}]: ")), "{said}");
    assert!(said.contains("\n --> stdin:2\n"), "{said}");
    let documents = include_str!("../../../../docs/program.md");
    assert!(documents.contains(&format!("| `{error}` |")), "`{error}` is not documented");
}

#[test]
fn unknown_missing_and_mistyped_members() {
    check(GOOD.replace("method", "metod").as_bytes(), "unknown-member", "metod");
    check(GOOD.replace(r#""method":"GET","#, "").as_bytes(), "missing-member", "method");
    check(GOOD.replace(r#""GET""#, "1").as_bytes(), "wrong-type", "method");
    check(GOOD.replace(r#""ip":"192.0.2.1","#, "").as_bytes(), "missing-member", "ip");
    check(GOOD.replace(r#","now":1767268800"#, "").as_bytes(), "missing-member", "now");
    check(
        GOOD.replace(r#""now""#, r#""facts":{"country":null},"now""#).as_bytes(),
        "wrong-type",
        "facts.country",
    );
}

#[test]
fn lines_that_are_no_json() {
    check(b"GET /health", "json", "");
    check(b"", "json", "");
    check(b"[]", "json", "");
    check(b"\xFF\xFE", "json", "");
    check(&[b'['; 1_000_000], "json", "");
}

#[test]
fn a_line_that_is_too_long_is_not_kept() {
    check(&vec![b' '; 8 * 1024 * 1024 + 1], "too-large", "");
}

#[test]
fn no_line_is_no_answer_and_a_last_line_needs_no_end() {
    assert_eq!(decide(&[b""]).0, [""; 0]);
    assert_eq!(decide(&[GOOD.as_bytes()]).0.len(), 1);
    assert_eq!(decide(&[GOOD.as_bytes(), b""]).0.len(), 1);
    assert_eq!(decide(&[format!("{GOOD}\r").as_bytes(), b""]).1, "");
}

#[test]
fn now_stands_in_where_a_line_has_none() {
    let folder = Folder::new().with("p.gate", "allow day { for anyone when time in 06:00..22:00 }");
    let line = r#"{"method":"GET","scheme":"https","host":"a.example","target":"/"}"#;
    let effect = |now: &str, line: &str| {
        let run = folder.run_with(&["decide", "--policy", "p.gate", "--now", now], line.as_bytes());
        run.stdout.split('"').nth(5).unwrap().to_owned()
    };
    assert_eq!(effect("2026-01-01T12:00:00Z", line), "allow");
    assert_eq!(effect("1767268800", line), "allow");
    assert_eq!(effect("2026-01-01T23:00:00Z", line), "deny");
    assert_eq!(effect("2026-01-01T23:00:00+02:00", line), "allow");
    let noon = line.replace('}', r#","now":1767268800}"#);
    assert_eq!(effect("2026-01-01T23:00:00Z", &noon), "allow");
}
