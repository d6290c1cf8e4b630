//! The patterns of `like` and `matches`: a small, anchored, ASCII-minded part of what `regex-syntax` reads.
//!
//! Both become an `Hir` that the whole value must match. `.`, `?` and negated classes stand for one Unicode scalar value;
//! `\d \w \s` and `(?i)` know ASCII alone.

use regex_automata::dfa::{StartKind, dense};
use regex_automata::nfa::thompson;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    Ast, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, GroupKind, RepetitionKind, RepetitionRange, Span,
};
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Dot, Hir, HirKind, Repetition,
};

use crate::limits::{NESTING_MAX, PATTERN_BYTES_MAX, PATTERN_DFA_BYTES_MAX};

/// Says what is wrong in a pattern, and where: byte offsets into its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Offset of the first byte at fault.
    pub start: usize,
    /// Offset behind the last byte at fault.
    pub end: usize,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl PatternError {
    /// Moves the place behind what was read before.
    fn behind(self, bytes: usize) -> Self {
        let moved = |offset: usize| offset.saturating_add(bytes);
        Self { start: moved(self.start), end: moved(self.end), ..self }
    }
}

/// The one flag, in front of the whole pattern: letters of ASCII match in both cases.
const FOLD: &str = "(?i)";

/// Reads the text of a `matches`.
///
/// # Errors
/// Where the text is too long, is no regular expression, or uses what the language leaves out.
pub(crate) fn regex(text: &str) -> Result<Hir, PatternError> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err(whole(
            text,
            format!("the pattern has {} bytes; at most {PATTERN_BYTES_MAX} are read", text.len()),
        ));
    }
    // The flag is for the whole pattern, so also for what stands behind a `|`.
    let (fold, body) = match text.strip_prefix(FOLD) {
        Some(body) => (true, body),
        None => (false, text),
    };
    let parsed = ParserBuilder::new()
        .nest_limit(NESTING_MAX)
        .build()
        .parse(body)
        .map_err(|e| fault(e.span(), format!("this is no regular expression: {}", e.kind())));
    parsed.and_then(|ast| hir(&ast, fold)).map_err(|e| e.behind(text.len().saturating_sub(body.len())))
}

/// Reads the text of a `like`: `*` any run, `?` one scalar value, `\*`, `\?` and `\\` themselves.
///
/// # Errors
/// Where the text is too long, or a backslash stands before anything else.
pub(crate) fn glob(text: &str) -> Result<Hir, PatternError> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err(whole(
            text,
            format!("the pattern has {} bytes; at most {PATTERN_BYTES_MAX} are read", text.len()),
        ));
    }
    let mut parts = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        parts.push(match c {
            '*' => any_run(),
            '?' => Hir::dot(Dot::AnyChar),
            '\\' => match chars.next() {
                Some((_, escaped @ ('*' | '?' | '\\'))) => literal(escaped),
                _ => {
                    let message = "a backslash stands only before `*`, `?` or `\\`".to_owned();
                    return Err(PatternError { start: at, end: at.saturating_add(1), message });
                }
            },
            c => literal(c),
        });
    }
    Ok(Hir::concat(parts))
}

/// Says whether the automaton of a pattern alone stays within [`PATTERN_DFA_BYTES_MAX`].
pub(crate) fn automaton_fits(hir: &Hir) -> bool {
    let compiled = thompson::Compiler::new()
        .configure(thompson::Config::new().which_captures(thompson::WhichCaptures::None))
        .build_from_hir(hir);
    let Ok(nfa) = compiled else { return false };
    let limits = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .accelerate(false)
        .dfa_size_limit(Some(PATTERN_DFA_BYTES_MAX))
        .determinize_size_limit(Some(PATTERN_DFA_BYTES_MAX * 4));
    dense::Builder::new().configure(limits).build_from_nfa(&nfa).is_ok()
}

/// Makes "any run of scalar values, also none".
pub(crate) fn any_run() -> Hir {
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub: Box::new(Hir::dot(Dot::AnyChar)) })
}

/// Makes the same pattern for values that are known to be UTF-8: a run of all characters beyond ASCII, and of some within, is a run
/// of bytes. Its automaton has no states inside of characters. The depth is bounded by the parser's nest limit.
pub(crate) fn bytewise(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Repetition(repetition) => match (repetition.max, bytes_of(&repetition.sub)) {
            (None, Some(bytes)) => {
                let sub = || repetition.sub.clone();
                let least = (0..repetition.min.min(1)).map(|_| Repetition {
                    max: Some(repetition.min),
                    sub: sub(),
                    ..repetition.clone()
                });
                let run = Repetition { min: 0, sub: Box::new(bytes), ..repetition.clone() };
                Hir::concat(least.chain([run]).map(Hir::repetition).collect())
            }
            _ => {
                Hir::repetition(Repetition { sub: Box::new(bytewise(&repetition.sub)), ..repetition.clone() })
            }
        },
        HirKind::Capture(capture) => bytewise(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(bytewise).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(bytewise).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

/// Makes the bytes of a class that has all characters beyond ASCII.
fn bytes_of(hir: &Hir) -> Option<Hir> {
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { return None };
    let last = class.ranges().last()?;
    if !(last.start() <= '\u{80}' && last.end() == char::MAX) {
        return None;
    }
    let within = class.ranges().iter().filter_map(|range| {
        let start = u8::try_from(range.start()).ok().filter(u8::is_ascii)?;
        Some(ClassBytesRange::new(
            start,
            u8::try_from(range.end()).ok().filter(u8::is_ascii).unwrap_or(u8::MAX),
        ))
    });
    let beyond = ClassBytesRange::new(0x80, u8::MAX);
    Some(Hir::class(Class::Bytes(ClassBytes::new(within.chain([beyond])))))
}

/// Translates one node. The depth is bounded by the parser's nest limit.
fn hir(ast: &Ast, fold: bool) -> Result<Hir, PatternError> {
    match ast {
        Ast::Empty(_) => Ok(Hir::empty()),
        Ast::Literal(l) => Ok(if fold { folded(l.c) } else { literal(l.c) }),
        Ast::Dot(_) => Ok(Hir::dot(Dot::AnyCharExceptLF)),
        Ast::ClassPerl(class) => Ok(Hir::class(Class::Unicode(perl(class)))),
        Ast::ClassBracketed(class) => {
            let mut set = bracketed(&class.kind, fold)?;
            if class.negated {
                set.negate();
            }
            Ok(Hir::class(Class::Unicode(set)))
        }
        Ast::Repetition(r) if !r.greedy => Err(fault(
            &r.op.span,
            "lazy repetitions mean nothing here, as the whole value is matched; drop the `?`".into(),
        )),
        Ast::Repetition(r) => {
            let (min, max) = times(&r.op.kind);
            Ok(Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(hir(&r.ast, fold)?) }))
        }
        Ast::Group(group) => match &group.kind {
            GroupKind::CaptureIndex(_) => hir(&group.ast, fold),
            GroupKind::NonCapturing(flags) if flags.items.is_empty() => hir(&group.ast, fold),
            GroupKind::NonCapturing(flags) => {
                Err(fault(&flags.span, "flags stand only in front of the whole pattern, as `(?i)`".into()))
            }
            GroupKind::CaptureName { name, .. } => {
                Err(fault(&name.span, "groups have no names here; write `(…)`".into()))
            }
        },
        Ast::Alternation(a) => {
            a.asts.iter().map(|part| hir(part, fold)).collect::<Result<_, _>>().map(Hir::alternation)
        }
        Ast::Concat(c) => {
            c.asts.iter().map(|part| hir(part, fold)).collect::<Result<_, _>>().map(Hir::concat)
        }
        Ast::Flags(flags) => {
            Err(fault(&flags.span, "the only flag is `(?i)`, in front of the whole pattern".into()))
        }
        Ast::Assertion(a) => Err(fault(
            &a.span,
            "there are no anchors or look-around: a pattern always matches the whole value".into(),
        )),
        Ast::ClassUnicode(c) => {
            Err(fault(&c.span, "Unicode classes are left out; write the characters as `[…]`".into()))
        }
    }
}

fn times(kind: &RepetitionKind) -> (u32, Option<u32>) {
    match kind {
        RepetitionKind::ZeroOrOne => (0, Some(1)),
        RepetitionKind::ZeroOrMore => (0, None),
        RepetitionKind::OneOrMore => (1, None),
        RepetitionKind::Range(RepetitionRange::Exactly(n)) => (*n, Some(*n)),
        RepetitionKind::Range(RepetitionRange::AtLeast(n)) => (*n, None),
        RepetitionKind::Range(RepetitionRange::Bounded(min, max)) => (*min, Some(*max)),
    }
}

fn bracketed(set: &ClassSet, fold: bool) -> Result<ClassUnicode, PatternError> {
    match set {
        ClassSet::Item(item) => item_class(item, fold),
        ClassSet::BinaryOp(op) => {
            Err(fault(&op.span, "classes are not combined; write the characters out".into()))
        }
    }
}

fn item_class(item: &ClassSetItem, fold: bool) -> Result<ClassUnicode, PatternError> {
    let range = |start, end| {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(start, end)]);
        if fold {
            fold_ascii(&mut class);
        }
        class
    };
    match item {
        ClassSetItem::Empty(_) => Ok(ClassUnicode::empty()),
        ClassSetItem::Literal(l) => Ok(range(l.c, l.c)),
        ClassSetItem::Range(r) => Ok(range(r.start.c, r.end.c)),
        ClassSetItem::Perl(class) => Ok(perl(class)),
        ClassSetItem::Union(union) => {
            let mut all = ClassUnicode::empty();
            for item in &union.items {
                all.union(&item_class(item, fold)?);
            }
            Ok(all)
        }
        ClassSetItem::Bracketed(inner) => {
            Err(fault(&inner.span, "classes are not nested; write the characters out".into()))
        }
        ClassSetItem::Ascii(class) => {
            Err(fault(&class.span, "named classes are left out; write the characters as `[…]`".into()))
        }
        ClassSetItem::Unicode(class) => {
            Err(fault(&class.span, "Unicode classes are left out; write the characters as `[…]`".into()))
        }
    }
}

fn perl(class: &ClassPerl) -> ClassUnicode {
    let ranges: &[(char, char)] = match class.kind {
        ClassPerlKind::Digit => &[('0', '9')],
        ClassPerlKind::Space => &[('\t', '\r'), (' ', ' ')],
        ClassPerlKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
    };
    let mut set = ClassUnicode::new(ranges.iter().map(|(a, b)| ClassUnicodeRange::new(*a, *b)));
    if class.negated {
        set.negate();
    }
    set
}

/// Adds the other case of every ASCII letter in the class.
fn fold_ascii(class: &mut ClassUnicode) {
    let other = |lower: bool| {
        let letters = if lower { 'a'..='z' } else { 'A'..='Z' };
        letters
            .filter(|c| class.ranges().iter().any(|r| (r.start()..=r.end()).contains(c)))
            .map(|c| if lower { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .map(|c| ClassUnicodeRange::new(c, c))
            .collect::<Vec<_>>()
    };
    let both = [other(true), other(false)].concat();
    class.union(&ClassUnicode::new(both));
}

fn folded(c: char) -> Hir {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
    fold_ascii(&mut class);
    Hir::class(Class::Unicode(class))
}

fn literal(c: char) -> Hir {
    Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes())
}

fn fault(span: &Span, message: String) -> PatternError {
    PatternError { start: span.start.offset, end: span.end.offset, message }
}

fn whole(text: &str, message: String) -> PatternError {
    PatternError { start: 0, end: text.len(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_language_leaves_out_is_refused() {
        for bad in [
            "^a",
            "a$",
            r"\bx",
            "(?P<n>a)",
            "a*?",
            r"\pL",
            "[[:alpha:]]",
            "[a&&b]",
            "(?s).",
            "a(?i)b",
            "(a",
            "[z-a]",
            r"(a)\1",
        ] {
            assert!(regex(bad).is_err(), "{bad}");
        }
        for good in ["", "a|b", "(?i)ab", "(?i)a|b", r"[^\d]", "a{2,3}", "(?:a|b)+", r"\.\*"] {
            assert!(regex(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn places_count_the_flag() {
        assert_eq!(regex("(?i)ab^").unwrap_err().start, 6);
        assert_eq!(regex("ab^").unwrap_err().start, 2);
    }

    #[test]
    fn the_flag_is_for_all_alternatives() {
        assert_eq!(regex("(?i)a|b").unwrap(), regex("[aA]|[bB]").unwrap());
    }

    #[test]
    fn folding_is_ascii_alone() {
        // U+212A KELVIN SIGN folds to `k` in Unicode.
        let class = format!("{:?}", regex("(?i)k").unwrap());
        assert!(class.contains('K') && !class.contains('\u{212a}'), "{class}");
    }

    #[test]
    fn only_runs_of_all_characters_beyond_ascii_are_runs_of_bytes() {
        let bytes = |text: &str| format!("{:?}", bytewise(&regex(text).unwrap()));
        for (text, same) in
            [("a.", true), ("[a-z]*", true), ("[à-ÿ]*", true), (".{2,3}", true), ("a.*", false)]
        {
            assert_eq!(bytes(text) == format!("{:?}", regex(text).unwrap()), same, "{text}");
        }
        let not_slash = |range: ClassBytesRange| !(range.start()..=range.end()).contains(&b'/');
        let hir = bytewise(&regex("[^/]*").unwrap());
        let HirKind::Repetition(run) = hir.kind() else { panic!("{hir:?}") };
        let HirKind::Class(Class::Bytes(class)) = run.sub.kind() else { panic!("{hir:?}") };
        assert!(
            class.ranges().iter().copied().all(not_slash) && class.ranges().last().unwrap().end() == u8::MAX
        );
        assert_eq!(bytewise(&regex("[^/]{2,}").unwrap()).properties().minimum_len(), Some(2));
    }

    #[test]
    fn a_glob_escapes_only_its_own() {
        assert!(glob(r"a\*b\?\\*").is_ok());
        assert_eq!(glob(r"a\d").unwrap_err().start, 1);
    }
}
