//! Guesses what a misspelt word was meant to be.

/// Finds the candidate nearest to `word`, if one is near enough to be a slip of the hand.
///
/// Near is at most a third of the word's characters (at least one) inserted, removed, replaced or swapped with a
/// neighbour. Of equally near candidates the least in byte order is returned.
#[must_use]
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|c| distance(word, c, allowed).map(|d| (d, c)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Writes "did you mean `…`?" for [`nearest`].
#[must_use]
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|c| format!("did you mean `{c}`?"))
}

/// Counts the edits between two words, ASCII case aside; `None` where there are more than `allowed`.
fn distance(a: &str, b: &str, allowed: usize) -> Option<usize> {
    let a: Vec<char> = a.to_ascii_lowercase().chars().collect();
    let b: Vec<char> = b.to_ascii_lowercase().chars().collect();
    if a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut left_char = None;
    for (row, x) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut up_char = None;
        for (column, y) in b.iter().enumerate() {
            let at = |line: &[usize], i: usize| line.get(i).copied().unwrap_or(usize::MAX - 1);
            let mut best = at(&last, column) + usize::from(x != y);
            best = best.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = left_char == Some(y) && up_char == Some(x);
            if let (true, Some(earlier)) = (swapped, column.checked_sub(1)) {
                best = best.min(at(&before_last, earlier) + 1);
            }
            current.push(best);
            up_char = Some(y);
        }
        before_last = std::mem::replace(&mut last, current);
        left_char = Some(x);
    }
    last.last().copied().filter(|d| *d <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let words = ["staff", "admin", "viewer", "stuff"];
        for (word, expected) in [
            ("staf", Some("staff")),
            ("satff", Some("staff")),
            ("Admin", Some("admin")),
            ("viewers", Some("viewer")),
            ("machine", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, words), expected, "{word}");
        }
    }
}
