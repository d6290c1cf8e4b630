//! Lays a policy out: indents by blocks, keywords and `=` in columns, one space between tokens.
//!
//! Line breaks stay where their author put them, and so do comments. Only white space changes, which is checked, so that
//! the digest of the policy stays as it is. What is formatted once stays as it is.

use crate::diagnostic::Diagnostic;
use crate::source::Sources;

const INDENT: usize = 2;
/// Keywords longer than this don't push the column of their block out.
const COLUMN_MAX: usize = 10;
/// Words that begin an item: it stands apart from the lines of the block around it.
const ITEMS: &[&str] = &[
    "allow", "audit", "define", "deny", "forward", "issuer", "limit", "list", "observe", "role", "service",
    "test",
];
/// Words that begin lines which read as sentences: nothing in them stands in a column but an `=`.
const SENTENCES: &[&str] =
    &["as", "at", "attribute", "expect", "facts", "from", "header", "personal", "request", "secret"];

/// Lays out one file.
///
/// # Errors
/// The diagnostics of the grammar, where the text is no policy: nothing is guessed.
pub fn format(name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (_, diagnostics) = crate::parse::parse(&Sources::from_text(name, text));
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let lines = read(text);
    let laid = write(&lines);
    // INVARIANT: only white space changes, and what was a policy stays one. Were it otherwise, the text stays as it was written.
    let is_policy = || crate::parse::parse(&Sources::from_text(name, &laid)).1.is_empty();
    Ok(if without_space(&laid) == without_space(text) && is_policy() { laid } else { text.to_owned() })
}

/// One line: its tokens, and where it stands.
#[derive(Debug, Default)]
struct Line {
    /// Code, its tokens one space apart; empty for a blank line or a lone comment.
    code: String,
    comment: String,
    /// How many blocks stand around.
    depth: usize,
    /// Whether it continues the line before: inside parentheses, or behind an operator.
    continues: bool,
}

fn read(text: &str) -> Vec<Line> {
    let (mut depth, mut open, mut operator) = (0_usize, 0_usize, false);
    text.lines()
        .map(|line| {
            let (code, comment) = split_comment(line);
            let code = spaced(code);
            let (opened, closed, leads) = brackets(&code);
            let first = code.split(' ').next().unwrap_or("");
            let joined = matches!(first, "and" | "or" | "in" | "not") || first.starts_with(',');
            let continues = !code.is_empty() && (open > 0 || operator || joined);
            let at = depth.saturating_sub(leads);
            let (braces, others) = (opened.0, opened.1);
            depth = (depth + braces).saturating_sub(closed.0);
            open = (open + others).saturating_sub(closed.1);
            if !code.is_empty() {
                let last = code.rsplit(' ').next().unwrap_or("");
                operator = matches!(last, "and" | "or" | "not" | "=" | "==" | "in") || last.ends_with(',');
            }
            Line { code, comment: comment.trim_end().to_owned(), depth: at, continues }
        })
        .collect()
}

/// Splits a comment off, which begins with a `#` outside of strings.
fn split_comment(line: &str) -> (&str, &str) {
    let at = outside_strings(line).find(|(at, c)| *c == '#' && begins_comment(line, *at)).map(|(at, _)| at);
    at.and_then(|at| line.split_at_checked(at)).unwrap_or((line, ""))
}

fn begins_comment(line: &str, at: usize) -> bool {
    line.get(..at).is_some_and(|before| {
        before.is_empty() || before.ends_with([' ', '\t', '{', '}', '[', ']', '(', ')', ','])
    })
}

/// Walks the characters of a line that stand in no string.
fn outside_strings(line: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut inside, mut escaped) = (false, false);
    line.char_indices().filter(move |(_, c)| {
        let was = inside;
        match c {
            '"' if !escaped => inside = !inside,
            _ => {}
        }
        escaped = inside && *c == '\\' && !escaped;
        !was && !inside
    })
}

/// Walks the characters of a line that stand in no string and in no path, where brackets are characters as others.
fn outside_paths(line: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut word, mut in_path) = (false, false);
    outside_strings(line).filter(move |(_, c)| {
        if !word {
            in_path = *c == '/';
        }
        word = !c.is_whitespace();
        !in_path
    })
}

/// Puts one space between tokens, and none inside of brackets at their ends; two stay before a clause of a block on one line.
fn spaced(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let outside: Vec<usize> = outside_strings(code).map(|(at, _)| at).collect();
    let brackets: Vec<usize> =
        outside_paths(code).filter(|(_, c)| matches!(c, '(' | '[' | ')' | ']')).map(|(at, _)| at).collect();
    // Spaces before a character, and whether it stands right behind an opening bracket.
    let (mut run, mut opened) = (0_usize, false);
    for (at, c) in code.char_indices() {
        if c.is_whitespace() && outside.binary_search(&at).is_ok() {
            run += 1;
            continue;
        }
        let is_bracket = brackets.binary_search(&at).is_ok();
        let is_inside = opened || (is_bracket && matches!(c, ')' | ']'));
        if run > 0 && !out.is_empty() && !is_inside {
            let rest = code.get(at..).unwrap_or("");
            out.push_str(if run > 1 && out.contains('{') && begins_clause(rest) { "  " } else { " " });
        }
        run = 0;
        opened = is_bracket && matches!(c, '(' | '[');
        out.push(c);
    }
    out
}

fn begins_clause(rest: &str) -> bool {
    let word = rest.split([' ', '\t']).next().unwrap_or("");
    let clauses =
        ["on", "for", "when", "unless", "respond", "challenge", "rate", "burst", "by", "set", "remove"];
    clauses.contains(&word) || ["level", "keep", "redact", "expect", "as", "header"].contains(&word)
}

/// Counts brackets outside of strings: opened and closed, braces and others apart; and closing braces that lead the line.
fn brackets(code: &str) -> ((usize, usize), (usize, usize), usize) {
    let (mut opened, mut closed) = ((0, 0), (0, 0));
    for (_, c) in outside_strings(code) {
        match c {
            '{' => opened.0 += 1,
            '}' => closed.0 += 1,
            _ => {}
        }
    }
    for (_, c) in outside_paths(code) {
        match c {
            '(' | '[' => opened.1 += 1,
            ')' | ']' => closed.1 += 1,
            _ => {}
        }
    }
    (opened, closed, code.chars().take_while(|c| *c == '}').count())
}

fn write(lines: &[Line]) -> String {
    let mut out = String::new();
    let (mut blank, mut keyword_width, mut column) = (true, 0, 0);
    for (number, line) in lines.iter().enumerate() {
        if line.code.is_empty() && line.comment.is_empty() {
            if !blank && !out.is_empty() {
                out.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        if line.code.is_empty() {
            let depth = comment_depth(lines, number);
            indent(&mut out, depth * INDENT);
            out.push_str(&line.comment);
            out.push('\n');
            continue;
        }
        if !line.continues {
            keyword_width = width_of(lines, number);
            column = line.depth * INDENT + if keyword_width > 0 { keyword_width + 1 } else { INDENT };
        }
        let closes = line.code.starts_with([')', ']']);
        indent(&mut out, if line.continues && !closes { column } else { line.depth * INDENT });
        out.push_str(&if line.continues { line.code.clone() } else { aligned(lines, number, keyword_width) });
        if !line.comment.is_empty() {
            out.push(' ');
            out.push_str(&line.comment);
        }
        out.push('\n');
    }
    let end = out.trim_end_matches('\n').len();
    out.truncate(end);
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn indent(out: &mut String, spaces: usize) {
    out.extend(std::iter::repeat_n(' ', spaces));
}

/// A comment stands as deep as the line that it is about: the next one.
fn comment_depth(lines: &[Line], number: usize) -> usize {
    let next = lines.get(number + 1..).unwrap_or(&[]).iter().find(|l| !l.code.is_empty());
    let own = lines.get(number).map_or(0, |l| l.depth);
    // Above a closing brace it is still about the block.
    next.map_or(own, |l| if l.code.starts_with('}') { own } else { l.depth })
}

/// Finds the lines around one at its depth, without a line of another depth between: those that share columns.
fn group(lines: &[Line], number: usize, same: impl Fn(&Line) -> bool) -> impl Iterator<Item = &Line> {
    let fits = |l: &&Line| l.code.is_empty() || l.continues || same(l);
    let before = lines.get(..number).unwrap_or(&[]).iter().rev().take_while(fits);
    let behind = lines.get(number..).unwrap_or(&[]).iter().take_while(fits);
    before.chain(behind).filter(|l| !l.code.is_empty() && !l.continues).collect::<Vec<_>>().into_iter()
}

fn first_word(line: &Line) -> &str {
    line.code.split(' ').next().unwrap_or("")
}

fn begins_item(line: &Line) -> bool {
    line.code.starts_with('@') || ITEMS.contains(&first_word(line))
}

/// Finds the word that a line begins with, where what follows it stands in a column.
fn keyword(line: &Line) -> &str {
    let word = first_word(line);
    let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let stands_alone = line.code.len() == word.len() || begins_item(line) || SENTENCES.contains(&word);
    if is_word && !stands_alone { word } else { "" }
}

/// Finds the width of the keywords of the block that a line stands in; 0 where it has no keyword.
fn width_of(lines: &[Line], number: usize) -> usize {
    let Some(line) = lines.get(number).filter(|l| l.depth > 0 && !keyword(l).is_empty()) else { return 0 };
    let same = |l: &Line| l.depth == line.depth && !l.code.starts_with('}') && !begins_item(l);
    let widths = group(lines, number, same).map(|l| keyword(l).len()).filter(|w| *w <= COLUMN_MAX);
    let width = widths.max().unwrap_or(0);
    if keyword(line).len() > COLUMN_MAX { 0 } else { width }
}

/// Writes a line with its keyword and its `=` in columns.
fn aligned(lines: &[Line], number: usize, keyword_width: usize) -> String {
    let Some(line) = lines.get(number) else { return String::new() };
    let Some((head, rest)) = line.code.split_once(' ') else { return line.code.clone() };
    let rest = match equals(rest) {
        Some(at) if matches!(head, "set" | "attribute") => {
            let same = |l: &Line| l.depth == line.depth && first_word(l) == head;
            let behind = |l: &Line| l.code.split_once(' ').and_then(|(_, rest)| equals(rest));
            let column = group(lines, number, same).filter_map(behind).max().unwrap_or(at);
            let (left, right) = rest.split_at_checked(at).unwrap_or((rest, ""));
            format!("{left:column$}{right}")
        }
        _ => rest.to_owned(),
    };
    let width = if keyword(line).is_empty() { 0 } else { keyword_width };
    format!("{head:width$} {rest}")
}

/// Finds a lone `=` outside of strings.
fn equals(code: &str) -> Option<usize> {
    let at = outside_strings(code)
        .find(|(at, c)| *c == '=' && code.get(*at..*at + 2) == Some("= "))
        .map(|(at, _)| at)?;
    code.get(..at).filter(|before| before.ends_with(' ')).map(|_| at)
}

fn without_space(text: &str) -> String {
    // Line by line, because a line break ends a comment; blank lines say nothing.
    let lines = text.lines().map(|line| {
        let outside: Vec<usize> = outside_strings(line).map(|(at, _)| at).collect();
        let kept =
            line.char_indices().filter(|(at, c)| !c.is_whitespace() || outside.binary_search(at).is_err());
        kept.map(|(_, c)| c).collect::<String>()
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_laid_out() {
        let text = "\n\nservice a {\nhost a.example\n   base   /v1\n\n\n  # about read\nallow read {   # trailing\non GET /x/{id},\n/y\nfor staff\n  when user.mfa and\n(inside or\n  x)\n}\n}\nrole staff\ndeny a2 { when   request.country? in [\"a  b\"]  respond 451 }\n";
        let expected = "service a {\n  host a.example\n  base /v1\n\n  # about read\n  allow read { # trailing\n    on   GET /x/{id},\n         /y\n    for  staff\n    when user.mfa and\n         (inside or\n         x)\n  }\n}\nrole staff\ndeny a2 { when request.country? in [\"a  b\"]  respond 451 }\n";
        assert_eq!(format("policy.gate", text).unwrap(), expected);
        assert_eq!(format("policy.gate", expected).unwrap(), expected);
    }

    #[test]
    fn braces_in_a_line_change_no_column() {
        let text = "issuer a {\n  algorithms RS256\n  roles claim groups {\n    \"x\" -> staff\n  }\n  attribute a: string = claim a\n  attribute bcd: string = claim b\n  personal attribute e: string? = claim e\n}\nallow b {\n  on POST /x/{id}, POST /y/{id}\n  for staff\n  when user.mfa\n}\ntest \"t\" {\n  request GET \"https://x\"\n  as a { sub: \"u\" }\n  expect deny\n}\n";
        let expected = "issuer a {\n  algorithms RS256\n  roles      claim groups {\n    \"x\" -> staff\n  }\n  attribute a: string   = claim a\n  attribute bcd: string = claim b\n  personal attribute e: string? = claim e\n}\nallow b {\n  on   POST /x/{id}, POST /y/{id}\n  for  staff\n  when user.mfa\n}\ntest \"t\" {\n  request GET \"https://x\"\n  as a { sub: \"u\" }\n  expect deny\n}\n";
        assert_eq!(format("policy.gate", text).unwrap(), expected);
        assert_eq!(format("policy.gate", expected).unwrap(), expected);
    }

    #[test]
    fn brackets_have_no_spaces_at_their_ends() {
        let text = "allow x { for anyone  when ( request.host   == \"( a )\" ) and ( request.method in [ \"GET\", \"HEAD\" ] ) }\n";
        let expected = "allow x { for anyone  when (request.host == \"( a )\") and (request.method in [\"GET\", \"HEAD\"]) }\n";
        assert_eq!(format("policy.gate", text).unwrap(), expected);
        assert_eq!(format("policy.gate", expected).unwrap(), expected);
    }

    #[test]
    fn brackets_of_paths_are_characters() {
        let text = "allow x {\n  on GET /a/(  for anyone\n}\n";
        let expected = "allow x {\n  on GET /a/( for anyone\n}\n";
        assert_eq!(format("policy.gate", text).unwrap(), expected);
    }

    #[test]
    fn what_is_no_policy_is_left_alone() {
        assert!(format("policy.gate", "allow x {").is_err());
    }
}
