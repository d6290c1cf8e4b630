//! What literal text a pattern asks for, wherever it matches.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

use crate::limits::{GUARD_BYTES_MAX, LITERAL_BYTES_MAX};

/// A text that must occur in a value. Of a folded one letters of ASCII occur in either case, and stand here in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Literal {
    pub(super) folded: bool,
    pub(super) bytes: Vec<u8>,
}

/// Patterns that ask for a literal and nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// `*literal*`
    Contains(Vec<u8>),
    /// `*literal`
    Ends(Vec<u8>),
    /// All others, and literals that are too long to be looked for among others.
    Other,
}

impl Form {
    /// Finds the form of a pattern.
    pub(super) fn of(hir: &Hir) -> Self {
        let HirKind::Concat(parts) = hir.kind() else { return Self::Other };
        let mut parts: Vec<&Hir> = parts.iter().collect();
        parts.dedup_by(|a, b| is_any_run(a) && is_any_run(b));
        let (form, literal): (fn(Vec<u8>) -> Self, _) = match parts.as_slice() {
            [before, literal, behind] if is_any_run(before) && is_any_run(behind) => {
                (Self::Contains, literal)
            }
            [before, literal] if is_any_run(before) => (Self::Ends, literal),
            _ => return Self::Other,
        };
        match literal.kind() {
            HirKind::Literal(literal) if literal.0.len() <= LITERAL_BYTES_MAX => form(literal.0.to_vec()),
            _ => Self::Other,
        }
    }
}

/// Says whether a part is "any run of scalar values, also none".
fn is_any_run(hir: &Hir) -> bool {
    let HirKind::Repetition(repetition) = hir.kind() else { return false };
    let is_any = |class: &ClassUnicode| match class.ranges() {
        [all] => all.start() == '\0' && all.end() == char::MAX,
        _ => false,
    };
    let all = matches!(repetition.sub.kind(), HirKind::Class(Class::Unicode(class)) if is_any(class));
    all && repetition.min == 0 && repetition.max.is_none()
}

/// Lists texts of which each must occur where a pattern matches: all windows of a few bytes on what it asks literally.
pub(super) fn required(hir: &Hir) -> Vec<Literal> {
    let mut runs = vec![Run::new()];
    collect(hir, &mut runs);
    let mut literals: Vec<Literal> = runs.iter().flat_map(windows).collect();
    literals.sort_unstable();
    literals.dedup();
    literals
}

/// Bytes that follow each other, each with whether it is a letter in either case.
type Run = Vec<(u8, bool)>;

/// Adds what a pattern asks literally to the last run. The depth is bounded by the parser's nest limit.
fn collect(hir: &Hir, runs: &mut Vec<Run>) {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => extend(runs, literal.0.iter().map(|byte| (*byte, false))),
        HirKind::Class(Class::Unicode(class)) => match letter(class) {
            Some(letter) => extend(runs, [(letter, true)].into_iter()),
            None => runs.push(Run::new()),
        },
        HirKind::Repetition(repetition) => {
            runs.push(Run::new());
            if repetition.min > 0 {
                collect(&repetition.sub, runs);
                runs.push(Run::new());
            }
        }
        HirKind::Capture(capture) => collect(&capture.sub, runs),
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect(part, runs)),
        HirKind::Class(Class::Bytes(_)) | HirKind::Look(_) | HirKind::Alternation(_) => runs.push(Run::new()),
    }
}

fn extend(runs: &mut [Run], bytes: impl Iterator<Item = (u8, bool)>) {
    if let Some(run) = runs.last_mut() {
        run.extend(bytes);
    }
}

/// Finds the letter of ASCII of which a class has both cases, and nothing else: in lower case.
fn letter(class: &ClassUnicode) -> Option<u8> {
    let [upper, lower] = class.ranges() else { return None };
    let is_one = upper.start() == upper.end() && lower.start() == lower.end();
    let is_letter = upper.start().is_ascii_uppercase() && upper.start().to_ascii_lowercase() == lower.start();
    if is_one && is_letter { u8::try_from(lower.start()).ok() } else { None }
}

fn windows(run: &Run) -> Vec<Literal> {
    let literal = |window: &[(u8, bool)]| {
        let folded = window.iter().any(|(_, folded)| *folded);
        let byte = |(byte, _): &(u8, bool)| if folded { byte.to_ascii_lowercase() } else { *byte };
        Literal { folded, bytes: window.iter().map(byte).collect() }
    };
    let length = run.len().min(GUARD_BYTES_MAX);
    if length == 0 { Vec::new() } else { run.windows(length).map(literal).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{glob, regex};

    #[track_caller]
    fn check(hir: Result<Hir, crate::pattern::PatternError>, expected: &[&str]) {
        let text =
            |l: Literal| format!("{}{}", if l.folded { "~" } else { "" }, String::from_utf8_lossy(&l.bytes));
        assert_eq!(required(&hir.unwrap()).into_iter().map(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_must_occur_is_found() {
        check(glob("*ab*c?d*"), &["ab", "c", "d"]);
        check(glob(r"a\*b"), &["a*b"]);
        check(glob("é*"), &["é"]);
        check(glob("*??*"), &[]);
        check(regex("(a|b){2}c11[0-9]+"), &["c11"]);
        check(regex("(ab)+c?d*"), &["ab"]);
        check(regex("(?i)[a-z]*Bot7.*"), &["~bot7"]);
        check(regex("abcdefghij"), &["abcdefgh", "bcdefghi", "cdefghij"]);
        check(regex("ab|cd"), &[]);
        check(regex("[xX]y[yz]"), &["~xy"]);
        check(regex("(ab){0}c"), &["c"]);
        // Two ranges that aren't one letter in both cases.
        check(regex("[ABab]y"), &["y"]);
        check(regex("[Aab]y"), &["y"]);
        check(regex("[ABa]y"), &["y"]);
        check(regex("[Ab]y"), &["y"]);
        check(regex("[1a]y"), &["y"]);
    }

    #[test]
    fn forms_that_ask_a_literal_alone_are_told() {
        let form = |text: &str| Form::of(&glob(text).unwrap());
        assert_eq!(form("*ab*"), Form::Contains(b"ab".to_vec()));
        assert_eq!(form(r"***a\**"), Form::Contains(b"a*".to_vec()));
        assert_eq!(form("*ab"), Form::Ends(b"ab".to_vec()));
        for other in ["ab*", "ab", "*", "*a?*", "*a*b*", &format!("*{}*", "x".repeat(40))] {
            assert_eq!(form(other), Form::Other, "{other}");
        }
        assert_eq!(Form::of(&regex(".*ab.*").unwrap()), Form::Other, "a dot is no newline");
        assert_eq!(Form::of(&regex(r"[\s\S]*ab[\s\S]*").unwrap()), Form::Contains(b"ab".to_vec()));
        assert_eq!(Form::of(&regex(r"[\s\S]*ab").unwrap()), Form::Ends(b"ab".to_vec()));
        for other in [
            r"[\s\S]+ab[\s\S]*",
            r"[\s\S]*ab[\s\S]+",
            r"[\s\S]?ab",
            r"[\s\S]{0,3}ab",
            r"[\s\S]*ab[0-9]",
            r"[0-9]ab[\s\S]*",
            r"[0-9]*ab",
            r"[\x00-y]*ab",
            r"[b-\u{10ffff}]*ab",
            "[0-9]ab",
        ] {
            assert_eq!(Form::of(&regex(other).unwrap()), Form::Other, "{other}");
        }
    }
}
