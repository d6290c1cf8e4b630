//! Lists: entries of one type, written or from a file.

use super::names::Names;
use crate::address::IpNet;
use crate::ast::{self, LiteralKind, Type};
use crate::codes::lists as codes;
use crate::diagnostic::Diagnostic;
use crate::limits::{LIST_ENTRIES_MAX, LIST_FAULTS_SHOWN_MAX};
use crate::policy::{List, ListEntries};
use crate::source::Sources;

/// Checks all lists, in the order of their names.
pub(crate) fn lists(names: &Names<'_>, sources: &Sources, out: &mut Vec<Diagnostic>) -> Vec<List> {
    names.lists.iter().map(|list| check(list, sources, out)).collect()
}

fn check(list: &ast::List, sources: &Sources, out: &mut Vec<Diagnostic>) -> List {
    let ty = list.ty.node;
    if !matches!(ty, Type::String | Type::Int | Type::Ip) {
        let message = format!("there are no lists of `{}`", ty.word());
        out.push(
            Diagnostic::at(codes::TYPE_UNFIT, list.ty.span, message)
                .help("lists hold `string`, `int` or `ip`"),
        );
    }
    let faults = out.len();
    let mut values: Vec<LiteralKind> = match &list.entries {
        ast::ListEntries::Written(literals) => written(literals, ty, out),
        ast::ListEntries::File(path) => from_file(path, ty, sources, out),
    };
    if values.len() > LIST_ENTRIES_MAX {
        let message = format!("the list has {} entries; at most {LIST_ENTRIES_MAX} stand", values.len());
        out.push(Diagnostic::at(codes::TOO_LONG, list.span, message));
    }
    if values.is_empty() && !list.may_be_empty && out.len() == faults {
        let message = format!("`{}` is empty, so no test of it is ever true", list.name.node);
        out.push(
            Diagnostic::at(codes::EMPTY, list.span, message)
                .help("put values in it, or say `may be empty` behind it"),
        );
    }
    values.sort();
    values.dedup();
    List { name: list.name.node.clone(), entries: entries(ty, values), span: list.span }
}

fn entries(ty: Type, values: Vec<LiteralKind>) -> ListEntries {
    match ty {
        Type::Int => ListEntries::Ints(
            values
                .into_iter()
                .filter_map(|v| if let LiteralKind::Int(n) = v { Some(n) } else { None })
                .collect(),
        ),
        Type::Ip => ListEntries::Nets(
            values
                .into_iter()
                .filter_map(|v| if let LiteralKind::Ip(n) = v { Some(n) } else { None })
                .collect(),
        ),
        _ => ListEntries::Strings(
            values
                .into_iter()
                .filter_map(|v| if let LiteralKind::String(s) = v { Some(s) } else { None })
                .collect(),
        ),
    }
}

fn written(literals: &[ast::Literal], ty: Type, out: &mut Vec<Diagnostic>) -> Vec<LiteralKind> {
    for literal in literals.iter().filter(|l| l.node.ty() != ty) {
        let message = format!("this is a `{}`, in a list of `{}`", literal.node.ty().word(), ty.word());
        out.push(
            Diagnostic::at(codes::ENTRY_UNFIT, literal.span, message)
                .help("the entries of a list have one type"),
        );
    }
    literals.iter().map(|l| l.node.clone()).collect()
}

fn from_file(path: &ast::Text, ty: Type, sources: &Sources, out: &mut Vec<Diagnostic>) -> Vec<LiteralKind> {
    if path.node.is_empty()
        || path.node.starts_with('/')
        || path.node.contains('\\')
        || path.node.split('/').any(|part| matches!(part, "" | "." | ".."))
    {
        let message = format!("`{}` is no path below the policy's folder", path.node);
        out.push(
            Diagnostic::at(codes::FILE_UNREAD, path.span, message)
                .help("write the path from the policy's folder, with `/`, and without `.` and `..`"),
        );
        return Vec::new();
    }
    let bytes = match sources.lists.get(&path.node) {
        Some(Ok(bytes)) => bytes,
        Some(Err(why)) => {
            let message = format!("the file `{}` could not be read: {why}", path.node);
            out.push(
                Diagnostic::at(codes::FILE_UNREAD, path.span, message)
                    .help("paths are from the policy's folder"),
            );
            return Vec::new();
        }
        None => {
            let message = format!("the file `{}` was not given", path.node);
            out.push(Diagnostic::at(codes::FILE_UNREAD, path.span, message).help("paths are from the policy's folder; whoever compiles a policy from memory gives its list files too"));
            return Vec::new();
        }
    };
    let (mut values, mut unfit, mut last) = (Vec::new(), 0_usize, None);
    let at = |number, message| {
        let mut diagnostic = Diagnostic::at(codes::ENTRY_UNFIT, path.span, message);
        diagnostic.list_line = Some((path.node.clone(), number));
        diagnostic.help("a list file has one value a line; `#` begins a comment")
    };
    for (number, line) in (1_u32..).zip(bytes.split(|b| *b == b'\n')) {
        match entry(line, ty) {
            Ok(value) => values.extend(value),
            Err(message) => {
                unfit += 1;
                if unfit <= LIST_FAULTS_SHOWN_MAX {
                    out.push(at(number, message));
                } else {
                    last = Some(number);
                }
            }
        }
    }
    if let Some(last) = last {
        let more = unfit - LIST_FAULTS_SHOWN_MAX;
        let noun = if more == 1 { "line" } else { "lines" };
        out.push(at(last, format!("{more} more {noun} of `{}` can't be read, this one the last", path.node)));
    }
    values
}

/// Reads one line of a list file; `None` where it is empty or a comment.
fn entry(line: &[u8], ty: Type) -> Result<Option<LiteralKind>, String> {
    let text = std::str::from_utf8(line).map_err(|_| "this line is not UTF-8".to_owned())?;
    // A `#` inside a value belongs to it; a comment stands at the start or behind white space.
    let comment = text.char_indices().find(|(at, c)| {
        *c == '#' && text.get(..*at).is_some_and(|t| t.is_empty() || t.ends_with([' ', '\t']))
    });
    let text = comment.and_then(|(at, _)| text.get(..at)).unwrap_or(text).trim_matches([' ', '\t', '\r']);
    if text.is_empty() {
        return Ok(None);
    }
    let read = match ty {
        Type::Ip => IpNet::parse(text).map(LiteralKind::Ip),
        Type::Int => text.parse().ok().filter(|n: &i64| n.to_string() == text).map(LiteralKind::Int),
        _ => (!text.chars().any(char::is_control)).then(|| LiteralKind::String(text.to_owned())),
    };
    let kind = match ty {
        Type::Ip => "address or network",
        Type::Int => "integer",
        _ => "text without control characters",
    };
    let short: String = text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    read.map(Some).ok_or_else(|| format!("`{short}` is no {kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_wrong_file_the_first_lines_are_told_and_the_others_counted() {
        let text = "list x: ip from \"x.txt\"\nallow a { for anyone }\ndeny b { when request.ip in x }\n";
        let told = |lines: usize| {
            let mut sources = Sources::from_text("policy.gate", text);
            sources.lists.insert("x.txt".to_owned(), Ok("no address\n".repeat(lines).into_bytes()));
            let (ast, parsed) = crate::parse::parse(&sources);
            assert_eq!(parsed, []);
            let (_, found) = crate::check::check(&ast, &sources);
            found.into_iter().filter(|d| d.code == codes::ENTRY_UNFIT).collect::<Vec<_>>()
        };
        assert_eq!(told(LIST_FAULTS_SHOWN_MAX).len(), LIST_FAULTS_SHOWN_MAX);
        let found = told(1_000);
        assert_eq!(found.len(), LIST_FAULTS_SHOWN_MAX + 1);
        let last = found.last().unwrap();
        assert_eq!(last.message, "980 more lines of `x.txt` can't be read, this one the last");
        assert_eq!(last.list_line, Some(("x.txt".to_owned(), 1_000)));
    }
}
