//! Diagnostics as a person reads them, and as programs do. The caret is drawn here and nowhere else.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::{Diagnostic, Severity};
use crate::source::{FileId, Sources, Span};

/// Characters of one source line that are shown: longer lines are cut around the place.
const SHOWN_CHARS_MAX: usize = 140;
/// Characters shown before the place where a long line is cut.
const SHOWN_BEFORE: usize = 60;

/// Renders the diagnostics of one policy. Made once: it knows where the lines of its files begin.
#[derive(Debug, Clone)]
pub struct Renderer<'s> {
    sources: &'s Sources,
    line_starts: Vec<Vec<usize>>,
    list_line_starts: BTreeMap<&'s str, Vec<usize>>,
    folder: String,
    color: bool,
}

/// A diagnostic for programs: serialised, it is one JSON object with members in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The stable code, such as `G0107`.
    pub code: String,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where; absent for what belongs to no text.
    pub place: Option<Place>,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// What to write instead, one way each.
    pub help: Vec<String>,
    /// Where the code is explained, in the documents of gatelaw.
    pub page: String,
}

/// A place in a file. Lines and columns count from 1, columns in characters; the end is behind the last character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line it begins on.
    pub line: usize,
    /// The column it begins at.
    pub column: usize,
    /// The line it ends on.
    pub end_line: usize,
    /// The column it ends before.
    pub end_column: usize,
}

/// Another place that matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// Why it matters.
    pub message: String,
}

/// One place to underline, on one line of a file.
struct Mark<'d> {
    file: FileId,
    line: usize,
    /// In characters of the line, from 0.
    columns: std::ops::Range<usize>,
    is_primary: bool,
    message: &'d str,
}

impl<'s> Renderer<'s> {
    /// Makes a renderer for what is said of `sources`, without colours.
    #[must_use]
    pub fn new(sources: &'s Sources) -> Self {
        let line_starts = sources.files.iter().map(|file| starts_of_lines(file.text.as_bytes())).collect();
        let lists = sources.lists.iter();
        let lists =
            lists.filter_map(|(path, bytes)| Some((path.as_str(), starts_of_lines(bytes.as_ref().ok()?))));
        Self { sources, line_starts, list_line_starts: lists.collect(), folder: String::new(), color: false }
    }

    /// Colours the text for a terminal.
    #[must_use]
    pub fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// Names files as seen from where the user is: `folder` is the way to the policy's root, ending in `/` or empty.
    #[must_use]
    pub fn folder(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// Writes a diagnostic for a person: several lines, the last one ended.
    #[must_use]
    pub fn text(&self, diagnostic: &Diagnostic) -> String {
        let mut out = String::new();
        self.headline(diagnostic, &mut out);
        let width = self.number_width(diagnostic);
        if let Some((path, line)) = &diagnostic.list_line {
            self.list_line(path, *line, width, &mut out);
        }
        self.snippets(&self.marks(diagnostic), diagnostic.list_line.is_some(), width, &mut out);
        let gutter = " ".repeat(width);
        for help in &diagnostic.help {
            self.note(&gutter, "help", help, &mut out);
        }
        self.note(&gutter, "page", &diagnostic.code.page(), &mut out);
        out
    }

    /// Finds what programs want to know of a diagnostic.
    #[must_use]
    pub fn report(&self, diagnostic: &Diagnostic) -> Report {
        let label = |(span, why): &(Span, String)| Label { place: self.place(*span), message: why.clone() };
        let mut labels: Vec<Label> = diagnostic.labels.iter().map(label).collect();
        let mut place = diagnostic.span.map(|span| self.place(span));
        if let Some((path, line)) = &diagnostic.list_line {
            let named = place.replace(self.list_place(path, *line));
            labels
                .extend(named.map(|place| Label { place, message: "the list is read from it here".into() }));
        }
        Report {
            code: diagnostic.code.to_string(),
            severity: diagnostic.code.severity.word(),
            message: diagnostic.message.clone(),
            place,
            labels,
            help: diagnostic.help.clone(),
            page: diagnostic.code.page(),
        }
    }

    /// Finds file, lines and columns of a span.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        let (line, column) = self.line_column(span.file, span.start);
        let (end_line, end_column) = self.line_column(span.file, span.end.max(span.start));
        let file = self.file_name(span.file);
        Place { file, line: line + 1, column: column + 1, end_line: end_line + 1, end_column: end_column + 1 }
    }

    fn headline(&self, diagnostic: &Diagnostic, out: &mut String) {
        let severity = diagnostic.code.severity;
        let kind = format!("{}[{}]", severity.word(), diagnostic.code);
        let message = printable(&diagnostic.message);
        let color = match severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
        };
        let _ = writeln!(out, "{}{}", self.paint(color, &kind), self.paint(BOLD, &format!(": {message}")));
    }

    /// Shows a line of a list file.
    fn list_line(&self, path: &str, line: u32, width: usize, out: &mut String) {
        let gutter = " ".repeat(width);
        let _ = writeln!(out, "{gutter}{} {}{path}:{line}", self.paint(BLUE, "-->"), self.folder);
        let (text, _) = shown(&self.list_text(path, line), 0);
        let bar = self.paint(BLUE, "|");
        let number = self.paint(BLUE, &format!("{line:>width$}"));
        let carets = self.paint(RED, &"^".repeat(text.chars().count().max(1)));
        let _ = writeln!(out, "{gutter} {bar}\n{number} {bar} {text}\n{gutter} {bar} {carets}");
    }

    /// Shows every marked line, one block for each file.
    fn snippets(&self, marks: &[Mark<'_>], is_continued: bool, width: usize, out: &mut String) {
        let gutter = " ".repeat(width);
        let bar = self.paint(BLUE, "|");
        for (block, marks) in by_file(marks).into_iter().enumerate() {
            let Some(first) = marks.iter().find(|mark| mark.is_primary).or(marks.first()) else { continue };
            let arrow = if block == 0 && !is_continued { "-->" } else { ":::" };
            let (line, column) = (first.line + 1, first.columns.start + 1);
            let name = self.file_name(first.file);
            let _ =
                writeln!(out, "{gutter}{} {name}:{line}:{column}\n{gutter} {bar}", self.paint(BLUE, arrow));
            let mut before: Option<(usize, String, usize)> = None;
            for mark in &marks {
                if before.as_ref().is_some_and(|(line, ..)| line + 1 < mark.line) {
                    let _ = writeln!(out, "{}", self.paint(BLUE, "..."));
                }
                // A long line is shown again where what was cut of it is to be underlined.
                let seen = before.take().filter(|(line, text, cut)| {
                    let columns = *cut..cut.saturating_add(text.chars().count());
                    *line == mark.line && columns.contains(&mark.columns.start)
                });
                let (_, text, cut) = seen.unwrap_or_else(|| {
                    let (text, cut) = shown(self.line(mark.file, mark.line), mark.columns.start);
                    let number = self.paint(BLUE, &format!("{:>width$}", mark.line + 1));
                    let _ = writeln!(out, "{}", format!("{number} {bar} {text}").trim_end());
                    (mark.line, text, cut)
                });
                let _ = writeln!(out, "{gutter} {bar} {}", self.underline(mark, &text, cut));
                before = Some((mark.line, text, cut));
            }
        }
    }

    /// Draws the carets below a line of which `cut` characters are not shown, and the word on why.
    fn underline(&self, mark: &Mark<'_>, text: &str, cut: usize) -> String {
        let start = mark.columns.start.saturating_sub(cut);
        let room = text.chars().count().saturating_sub(start).max(1);
        let length = mark.columns.end.saturating_sub(mark.columns.start).clamp(1, room);
        let (sign, color) = if mark.is_primary { ("^", RED) } else { ("-", BLUE) };
        let spaces = " ".repeat(start);
        let drawn = format!("{} {}", sign.repeat(length), printable(mark.message));
        format!("{spaces}{}", self.paint(color, drawn.trim_end()))
    }

    fn note(&self, gutter: &str, word: &str, text: &str, out: &mut String) {
        let text = printable(text);
        let _ = writeln!(out, "{gutter} {} {}: {text}", self.paint(BLUE, "="), self.paint(BOLD, word));
    }

    fn marks<'d>(&self, diagnostic: &'d Diagnostic) -> Vec<Mark<'d>> {
        let from_list = diagnostic.list_line.is_some();
        let why = if from_list { "the list is read from it here" } else { "" };
        let primary = diagnostic.span.map(|span| self.mark(span, !from_list, why));
        let labels = diagnostic.labels.iter().map(|(span, why)| self.mark(*span, false, why));
        primary.into_iter().chain(labels).collect()
    }

    /// Marks a span; of several lines the first.
    fn mark<'d>(&self, span: Span, is_primary: bool, message: &'d str) -> Mark<'d> {
        let (line, start) = self.line_column(span.file, span.start);
        let (end_line, end) = self.line_column(span.file, span.end);
        let end = if end_line == line { end } else { self.line(span.file, line).chars().count() };
        Mark { file: span.file, line, columns: start..end.max(start), is_primary, message }
    }

    /// Finds line and column of a byte, both from 0.
    fn line_column(&self, file: FileId, offset: u32) -> (usize, usize) {
        let text = self.sources.file(file).map_or("", |file| file.text.as_str());
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        let starts = self.starts(file);
        let line = starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = starts.get(line).copied().unwrap_or(0);
        let before = text.get(start..offset).unwrap_or("");
        (line, before.chars().count())
    }

    fn starts(&self, file: FileId) -> &[usize] {
        let index = usize::try_from(file.0).unwrap_or(usize::MAX);
        self.line_starts.get(index).map_or(&[], Vec::as_slice)
    }

    /// Reads a line, counted from 0, without its end.
    fn line(&self, file: FileId, line: usize) -> &str {
        let text = self.sources.file(file).map_or("", |file| file.text.as_str());
        let start = self.starts(file).get(line).copied().unwrap_or(text.len());
        let rest = text.get(start..).unwrap_or("");
        rest.split('\n').next().unwrap_or("").trim_end_matches('\r')
    }

    fn list_text(&self, path: &str, line: u32) -> String {
        let Some(Ok(bytes)) = self.sources.lists.get(path) else { return String::new() };
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let start = self.list_line_starts.get(path).and_then(|starts| starts.get(index));
        let rest = start.and_then(|start| bytes.get(*start..)).unwrap_or(b"");
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(b"");
        String::from_utf8_lossy(line).trim_end().to_owned()
    }

    fn list_place(&self, path: &str, line: u32) -> Place {
        let end_column = self.list_text(path, line).chars().count() + 1;
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        Place { file: format!("{}{path}", self.folder), line, column: 1, end_line: line, end_column }
    }

    fn file_name(&self, file: FileId) -> String {
        let name = self.sources.file(file).map_or("", |file| file.name.as_str());
        printable(&format!("{}{name}", self.folder))
    }

    /// Counts the digits of the greatest line number that is shown.
    fn number_width(&self, diagnostic: &Diagnostic) -> usize {
        let spans = diagnostic.span.iter().chain(diagnostic.labels.iter().map(|(span, _)| span));
        let lines = spans.map(|span| self.line_column(span.file, span.start).0 + 1);
        let list_line = diagnostic.list_line.as_ref().and_then(|(_, line)| usize::try_from(*line).ok());
        lines.chain(list_line).max().map_or(1, |line| line.to_string().len())
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

const BOLD: &str = "1";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";

impl Severity {
    /// Names the severity: `error` or `warning`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

fn starts_of_lines(text: &[u8]) -> Vec<usize> {
    let feeds = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    std::iter::once(0).chain(feeds.map(|(at, _)| at + 1)).collect()
}

/// Sorts marks into files, that of the first mark first, and by lines; a primary mark comes before others on its line.
fn by_file<'m, 'd>(marks: &'m [Mark<'d>]) -> Vec<Vec<&'m Mark<'d>>> {
    let mut files: BTreeMap<(bool, FileId), Vec<&Mark<'_>>> = BTreeMap::new();
    let first = marks.first().map(|mark| mark.file);
    for mark in marks {
        files.entry((Some(mark.file) != first, mark.file)).or_default().push(mark);
    }
    for marks in files.values_mut() {
        marks.sort_by_key(|mark| (mark.line, !mark.is_primary));
    }
    files.into_values().collect()
}

/// Makes a source line fit to be shown, and counts the characters that were cut from its start. Each character stays one.
fn shown(line: &str, column: usize) -> (String, usize) {
    if line.chars().nth(SHOWN_CHARS_MAX).is_none() {
        return (printable(line), 0);
    }
    let cut = column.saturating_sub(SHOWN_BEFORE);
    let mut rest = line.chars().skip(cut);
    let mut text = printable(&rest.by_ref().take(SHOWN_CHARS_MAX).collect::<String>());
    if cut > 0 {
        text.replace_range(..text.chars().next().map_or(0, char::len_utf8), "…");
    }
    if rest.next().is_some() {
        text.push('…');
    }
    (text, cut)
}

/// Replaces what a terminal would obey and not show: control characters, and those that turn the order of text round
/// (CVE-2021-42574). A tab becomes a space, so that carets stand where they belong.
fn printable(text: &str) -> String {
    let show = |c: char| match c {
        '\t' => ' ',
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::Source;

    const WRONG: Code = Code::error(107, "an example");
    const ODD: Code = Code::warning(7, "an example");

    fn span(file: u32, start: u32, end: u32) -> Span {
        Span { file: FileId(file), start, end }
    }

    fn sources(texts: &[&str]) -> Sources {
        let files = texts.iter().zip(["a.gate", "b.gate"]);
        let files = files.map(|(text, name)| Source { name: name.into(), text: (*text).into() }).collect();
        Sources { files, ..Sources::default() }
    }

    #[track_caller]
    fn check(sources: &Sources, diagnostic: &Diagnostic, expected: &str) {
        assert_eq!(Renderer::new(sources).text(diagnostic), expected);
    }

    #[test]
    fn the_place_is_underlined() {
        let diagnostic =
            Diagnostic::at(WRONG, span(0, 12, 15), "`bee` is unknown").help("did you mean `be`?");
        check(
            &sources(&["role a\nrole bee\n"]),
            &diagnostic,
            "error[G0107]: `bee` is unknown\n --> a.gate:2:6\n  |\n2 | role bee\n  |      ^^^\n  = help: did you mean `be`?\n  = page: docs/codes.md#g0107\n",
        );
    }

    #[test]
    fn labels_stand_at_their_lines_and_files() {
        let text = "role a\n\n\nrole a\nrole a\n";
        let diagnostic = Diagnostic::at(ODD, span(0, 14, 15), "twice")
            .label(span(0, 5, 6), "first")
            .label(span(0, 9, 13), "this one")
            .label(span(1, 0, 1), "and there");
        check(
            &sources(&[text, "x"]),
            &diagnostic,
            "warning[G0007]: twice\n --> a.gate:4:6\n  |\n1 | role a\n  |      - first\n...\n4 | role a\n  |      ^\n  | ---- this one\n ::: b.gate:1:1\n  |\n1 | x\n  | - and there\n  = page: docs/codes.md#g0007\n",
        );
    }

    #[test]
    fn two_places_of_a_long_line_are_underlined_where_they_are() {
        let text = format!("{}first {}second {}", "x".repeat(200), "y".repeat(40), "z".repeat(100));
        let at = |name: &str| {
            let start = u32::try_from(text.find(name).unwrap()).unwrap();
            span(0, start, start + u32::try_from(name.len()).unwrap())
        };
        let text_of = |primary, label| {
            let diagnostic = Diagnostic::at(WRONG, at(primary), "twice").label(at(label), "here");
            Renderer::new(&sources(&[&text])).text(&diagnostic)
        };
        let near = text_of("second", "first");
        let far = text_of("first", "xx");
        for shown in [near, far] {
            let lines: Vec<&str> = shown.lines().collect();
            for (number, line) in lines.iter().enumerate() {
                let Some(at) = line.find(['^', '-']).filter(|_| line.starts_with("  | ")) else { continue };
                let width = line.chars().filter(|c| matches!(c, '^' | '-')).count();
                let above = lines[..number].iter().rev().find(|l| l.starts_with("1 | ")).unwrap();
                let marked: String = above.chars().skip(at).take(width).collect();
                assert!(["first", "second", "xx"].contains(&marked.as_str()), "{marked} in\n{shown}");
            }
        }
    }

    #[test]
    fn a_line_of_a_list_file_is_shown_with_the_list() {
        let mut sources = sources(&["list l: ip from \"l.txt\"\n"]);
        sources.lists.insert("l.txt".into(), Ok(b"10.0.0.1\nten\n".to_vec()));
        let mut diagnostic = Diagnostic::at(WRONG, span(0, 16, 23), "`ten` is no address");
        diagnostic.list_line = Some(("l.txt".into(), 2));
        check(
            &sources,
            &diagnostic,
            "error[G0107]: `ten` is no address\n --> l.txt:2\n  |\n2 | ten\n  | ^^^\n ::: a.gate:1:17\n  |\n1 | list l: ip from \"l.txt\"\n  |                 ------- the list is read from it here\n  = page: docs/codes.md#g0107\n",
        );
    }

    #[test]
    fn what_has_no_place_has_no_snippet() {
        let diagnostic = Diagnostic { span: None, ..Diagnostic::at(WRONG, span(0, 0, 0), "empty") };
        check(&sources(&[]), &diagnostic, "error[G0107]: empty\n  = page: docs/codes.md#g0107\n");
    }

    #[test]
    fn the_end_of_a_text_and_several_lines_can_be_underlined() {
        let caret = |text: &str, start, end| {
            let sources = sources(&[text]);
            let text = Renderer::new(&sources).text(&Diagnostic::at(WRONG, span(0, start, end), "x"));
            text.lines().rev().nth(1).unwrap().to_owned()
        };
        assert_eq!(caret("role", 4, 4), "  |     ^");
        assert_eq!(caret("role\n", 5, 5), "  | ^");
        assert_eq!(caret("", 0, 0), "  | ^");
        assert_eq!(caret("role {\n}\n", 5, 8), "  |      ^");
        assert_eq!(caret("\u{e9}\u{e9}\trole", 5, 9), "  |    ^^^^");
        assert_eq!(caret("role", 900, 1000), "  |     ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}here{}", "x".repeat(1000), "y".repeat(1000));
        let sources = sources(&[&text]);
        let text = Renderer::new(&sources).text(&Diagnostic::at(WRONG, span(0, 1000, 1004), "x"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[3].find("here"), lines[4].find('^').map(|at| at + "…".len() - 1));
        assert!(lines[3].chars().count() < 160, "{}", lines[3]);
    }

    #[test]
    fn nothing_in_a_text_commands_the_terminal() {
        let sources = sources(&["role \u{1b}[2J\u{202e}a"]);
        let text = Renderer::new(&sources).text(&Diagnostic::at(WRONG, span(0, 0, 4), "bad `\u{1b}`"));
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn programs_get_the_places() {
        let sources = sources(&["role a\nrole b\n"]);
        let diagnostic = Diagnostic::at(WRONG, span(0, 12, 13), "x").label(span(0, 5, 6), "first");
        let report = Renderer::new(&sources).folder("policy/").report(&diagnostic);
        let place =
            |line| Place { file: "policy/a.gate".into(), line, column: 6, end_line: line, end_column: 7 };
        assert_eq!(report.place, Some(place(2)));
        assert_eq!(report.labels, [Label { place: place(1), message: "first".into() }]);
        assert_eq!((report.code.as_str(), report.severity), ("G0107", "error"));
    }

    #[test]
    fn colours_are_the_only_difference() {
        let sources = sources(&["role a"]);
        let diagnostic = Diagnostic::at(WRONG, span(0, 5, 6), "x").help("y");
        let colored = Renderer::new(&sources).color(true).text(&diagnostic);
        let mut plain = String::new();
        for (index, part) in colored.split("\x1b[").enumerate() {
            plain += if index == 0 { part } else { part.split_once('m').unwrap().1 };
        }
        assert_eq!(plain, Renderer::new(&sources).text(&diagnostic));
        assert_ne!(plain, colored);
    }
}
