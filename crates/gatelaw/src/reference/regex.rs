//! `matches`, by walking the parsed pattern with the set of all places where the text may stand.
//!
//! Only the parser is `regex-syntax`'s. What its nodes mean is said here once more, so that a mistake in the automata that
//! the plan is made of shows.

use std::collections::BTreeSet;

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    Ast, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, RepetitionKind, RepetitionRange,
};

/// Says whether a whole text matches a pattern of the language. What the checker refuses matches nothing.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (fold, body) = match pattern.strip_prefix("(?i)") {
        Some(body) => (true, body),
        None => (false, pattern),
    };
    let Ok(ast) = Parser::new().parse(body) else { return false };
    let walk = Walk { text: text.chars().collect(), fold };
    walk.ends(&ast, &BTreeSet::from([0])).contains(&walk.text.len())
}

struct Walk {
    text: Vec<char>,
    fold: bool,
}

impl Walk {
    /// Finds all places where a match of `ast` ends that begins at one of `starts`.
    fn ends(&self, ast: &Ast, starts: &BTreeSet<usize>) -> BTreeSet<usize> {
        match ast {
            Ast::Empty(_) => starts.clone(),
            Ast::Literal(literal) => self.step(starts, |c| self.same(c, literal.c)),
            Ast::Dot(_) => self.step(starts, |c| c != '\n'),
            Ast::ClassPerl(class) => self.step(starts, |c| is_perl(class, c)),
            Ast::ClassBracketed(class) => self.step(starts, |c| self.is_bracketed(class, c)),
            Ast::Group(group) => self.ends(&group.ast, starts),
            Ast::Concat(concat) => {
                concat.asts.iter().fold(starts.clone(), |places, part| self.ends(part, &places))
            }
            Ast::Alternation(either) => either.asts.iter().flat_map(|part| self.ends(part, starts)).collect(),
            Ast::Repetition(repetition) => {
                let (min, max) = times(&repetition.op.kind);
                self.repeated(&repetition.ast, min, max, starts)
            }
            Ast::Flags(_) | Ast::Assertion(_) | Ast::ClassUnicode(_) => BTreeSet::new(),
        }
    }

    fn repeated(&self, ast: &Ast, min: u32, max: Option<u32>, starts: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut places = starts.clone();
        let mut all = if min == 0 { starts.clone() } else { BTreeSet::new() };
        let mut count = 0;
        while max.is_none_or(|max| count < max) {
            let next = self.ends(ast, &places);
            count += 1;
            // Once nothing changes any more, no further round will: the rest of the rounds are as this one.
            let settled = next == places || (count > min && next.is_subset(&all));
            places = next;
            if count >= min || settled {
                all.extend(&places);
            }
            if settled {
                break;
            }
        }
        all
    }

    fn step(&self, places: &BTreeSet<usize>, fits: impl Fn(char) -> bool) -> BTreeSet<usize> {
        let fit = |place: &&usize| self.text.get(**place).is_some_and(|c| fits(*c));
        places.iter().filter(fit).map(|place| place + 1).collect()
    }

    fn same(&self, a: char, b: char) -> bool {
        a == b || (self.fold && a.eq_ignore_ascii_case(&b))
    }

    fn is_bracketed(&self, class: &ClassBracketed, c: char) -> bool {
        let in_set = match &class.kind {
            ClassSet::Item(item) => self.is_item(item, c),
            ClassSet::BinaryOp(_) => false,
        };
        in_set != class.negated
    }

    fn is_item(&self, item: &ClassSetItem, c: char) -> bool {
        match item {
            ClassSetItem::Literal(literal) => self.same(c, literal.c),
            ClassSetItem::Range(range) => {
                let within = |c: char| range.start.c <= c && c <= range.end.c;
                within(c) || (self.fold && (within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase())))
            }
            ClassSetItem::Perl(class) => is_perl(class, c),
            ClassSetItem::Union(union) => union.items.iter().any(|item| self.is_item(item, c)),
            ClassSetItem::Empty(_)
            | ClassSetItem::Ascii(_)
            | ClassSetItem::Unicode(_)
            | ClassSetItem::Bracketed(_) => false,
        }
    }
}

fn is_perl(class: &ClassPerl, c: char) -> bool {
    let is = match class.kind {
        ClassPerlKind::Digit => c.is_ascii_digit(),
        ClassPerlKind::Space => matches!(c, ' ' | '\t' | '\n' | '\x0B' | '\x0C' | '\r'),
        ClassPerlKind::Word => c.is_ascii_alphanumeric() || c == '_',
    };
    is != class.negated
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

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("a", "ab", false),
            ("a|ab", "ab", true),
            ("(a|ab)(c|bcd)", "abcd", true),
            ("a*", "", true),
            ("a*", "aaa", true),
            ("a+", "", false),
            ("a?b", "b", true),
            ("a{2,3}", "a", false),
            ("a{2,3}", "aaa", true),
            ("a{2,3}", "aaaa", false),
            ("a{2}", "aa", true),
            ("a{2,}", "aaaaa", true),
            ("(a?){3}", "aa", true),
            ("(a?){3}", "aaaa", false),
            ("(a*)*b", "aaab", true),
            ("(|a)+", "aa", true),
            (".", "\n", false),
            (".", "é", true),
            ("[^a]", "\n", true),
            ("[a-c\\d]+", "a1c", true),
            ("[^\\d]", "1", false),
            ("\\w+", "aZ_9", true),
            ("\\w", "é", false),
            ("\\W", "é", true),
            ("\\s", "\u{a0}", false),
            ("(?i)aB", "Ab", true),
            ("(?i)a|b", "B", true),
            ("(?i)k", "\u{212a}", false),
            ("(?i)[a-c]", "B", true),
            ("(?i)[^a]", "A", false),
            ("(?i)é", "É", false),
            ("\\.\\*", ".*", true),
            ("(", "(", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
