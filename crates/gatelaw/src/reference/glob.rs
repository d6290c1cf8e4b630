//! `like`, by walking the pattern with the set of all places where the text may stand.

use std::collections::BTreeSet;

/// Says whether a whole text is like a pattern: `*` any run, `?` one scalar value, a backslash makes either itself.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut places = BTreeSet::from([0]);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        places = match c {
            '*' => places.first().into_iter().flat_map(|first| *first..=text.len()).collect(),
            '?' => step(&places, &text, |_| true),
            '\\' => {
                let escaped = chars.next();
                step(&places, &text, |c| Some(c) == escaped)
            }
            c => step(&places, &text, |found| found == c),
        };
    }
    places.contains(&text.len())
}

fn step(places: &BTreeSet<usize>, text: &[char], fits: impl Fn(char) -> bool) -> BTreeSet<usize> {
    places.iter().filter(|place| text.get(**place).is_some_and(|c| fits(*c))).map(|place| place + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn globs_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*b*", "abc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "é", true),
            ("?", "\n", true),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            (r"\?", "?", true),
            (r"\\*", r"\x", true),
            ("*.*.com", "a.b.com", true),
            ("*.*.com", "a.com", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
