//! The corpus on disk: one folder a topic, with a policy and a file of cases.
//!
//! `cases.txt` is made to be read by people, and by `grep`:
//!
//! ```text
//! # a member of another tenant
//! expect deny 403 no_rule
//! > {"method":"GET","scheme":"https",…}
//! < {"v":1,"effect":"deny","status":403,…}
//! ```
//!
//! What follows `expect` is written by hand ([`crate::expect`]). The line behind `>` is a request as `gatelaw decide` reads
//! it, the line behind `<` its whole answer, byte for byte; `refresh` writes it. Cases are separated by empty lines.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::expect::{ExpectError, Expectation};

/// The name of the file of cases in a topic's folder.
pub const CASES: &str = "cases.txt";

/// Holds one topic: a small policy and its cases.
#[derive(Debug, Clone)]
pub struct Topic {
    /// The folder's name, such as `05-captures`.
    pub name: String,
    /// The folder, which is the policy.
    pub folder: PathBuf,
    /// The cases, in the order of the file.
    pub cases: Vec<Case>,
    text: String,
}

/// Holds one request and what it must be answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The line number of the request in `cases.txt`, from 1.
    pub line: usize,
    /// What must hold of the answer, written by hand; the first one names effect, status and why.
    pub expect: Vec<Expectation>,
    /// The request, one line of JSON.
    pub request: String,
    /// The whole answer; `None` until it is first refreshed.
    pub decision: Option<String>,
}

/// Says why the corpus can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or folder that can't be read.
    #[error("{}: {source}", .path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line that has no meaning where it stands.
    #[error("{}:{line}: {problem}", .path.display())]
    Line {
        /// The file of cases.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Reads every topic below a folder, sorted by name.
///
/// # Errors
/// The first file that can't be read or line that has no meaning.
pub fn read(root: &Path) -> Result<Vec<Topic>, CorpusError> {
    let unreadable = |source| CorpusError::Unreadable { path: root.to_owned(), source };
    let mut folders = Vec::new();
    for entry in fs::read_dir(root).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.join(CASES).is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    folders.into_iter().map(|folder| Topic::read(&folder)).collect()
}

impl Topic {
    /// Reads one topic.
    ///
    /// # Errors
    /// A file of cases that can't be read, or a line of it that has no meaning.
    pub fn read(folder: &Path) -> Result<Self, CorpusError> {
        let path = folder.join(CASES);
        let text = fs::read_to_string(&path)
            .map_err(|source| CorpusError::Unreadable { path: path.clone(), source })?;
        let cases = parse(&text).map_err(|(line, problem)| CorpusError::Line { path, line, problem })?;
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, folder: folder.to_owned(), cases, text })
    }

    /// Writes the file of cases with these answers, one for each case; all else stays as it is.
    #[must_use]
    pub fn with_decisions(&self, decisions: &[String]) -> String {
        let mut answers = decisions.iter();
        let mut text = String::new();
        for line in self.text.lines().filter(|line| !line.starts_with(ANSWER)) {
            text.push_str(line);
            text.push('\n');
            if line.starts_with(REQUEST) {
                let answer = answers.next().map_or("", String::as_str);
                text.push_str(&format!("{ANSWER}{answer}\n"));
            }
        }
        text
    }
}

const EXPECT: &str = "expect ";
const REQUEST: &str = "> ";
const ANSWER: &str = "< ";

type Problem = (usize, String);

/// Reads the cases of one file. A problem comes with its line.
fn parse(text: &str) -> Result<Vec<Case>, Problem> {
    let mut cases = Vec::new();
    let mut block = Block::default();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if line.is_empty() {
            cases.extend(std::mem::take(&mut block).finish()?);
        } else if !line.starts_with('#') {
            block.add(number, line).map_err(|problem| (number, problem))?;
        }
    }
    cases.extend(block.finish()?);
    Ok(cases)
}

/// What was read of one case.
#[derive(Default)]
struct Block {
    start: usize,
    expect: Vec<Expectation>,
    request: Option<(usize, String)>,
    decision: Option<String>,
}

impl Block {
    fn add(&mut self, number: usize, line: &str) -> Result<(), String> {
        if self.start == 0 {
            self.start = number;
        }
        if let Some(expected) = line.strip_prefix(EXPECT) {
            if self.request.is_some() {
                return Err("an `expect` stands before its request".into());
            }
            let expectation = Expectation::parse(expected).map_err(|e: ExpectError| e.to_string())?;
            self.expect.push(expectation);
        } else if let Some(request) = line.strip_prefix(REQUEST) {
            if self.request.replace((number, request.to_owned())).is_some() {
                return Err("a case has one request".into());
            }
        } else if let Some(answer) = line.strip_prefix(ANSWER) {
            if self.request.is_none() || self.decision.replace(answer.to_owned()).is_some() {
                return Err("a case has one answer, behind its request".into());
            }
        } else {
            return Err("a line begins with `#`, `expect `, `> ` or `< `".into());
        }
        Ok(())
    }

    /// Ends the case; `None` where nothing but comments was read.
    fn finish(self) -> Result<Option<Case>, Problem> {
        let Some((line, request)) = self.request else {
            let nothing = self.expect.is_empty();
            return if nothing { Ok(None) } else { Err((self.start, "a case has a request".into())) };
        };
        let answers = self.expect.iter().filter(|e| e.is_answer()).count();
        if answers != 1 || !self.expect.first().is_some_and(Expectation::is_answer) {
            let problem = "a case expects one answer first: `allow`, `deny` or `error`";
            return Err((self.start, problem.into()));
        }
        Ok(Some(Case { line, expect: self.expect, request, decision: self.decision }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "# ── a part ──\n\n# a note\nexpect allow 200 by a\nexpect no text\n> {}\n\nexpect deny 403 no_rule\n> {1}\n< old\n";

    fn problem(text: &str) -> String {
        match parse(text) {
            Err((line, problem)) => format!("{line}: {problem}"),
            Ok(cases) => format!("{cases:?}"),
        }
    }

    #[test]
    fn cases_are_read_with_their_lines() {
        let cases = parse(TWO).unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].line, cases[0].request.as_str(), &cases[0].decision), (6, "{}", &None));
        assert_eq!((cases[0].expect.len(), cases[1].decision.as_deref()), (2, Some("old")));
    }

    #[test]
    fn answers_are_replaced_and_all_else_is_kept() {
        let topic = Topic {
            name: String::new(),
            folder: PathBuf::new(),
            cases: parse(TWO).unwrap(),
            text: TWO.into(),
        };
        let text = topic.with_decisions(&["one".into(), "two".into()]);
        let wanted = TWO.replace("> {}\n", "> {}\n< one\n").replace("< old", "< two");
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_line_out_of_place_is_named() {
        assert_eq!(problem("hello\n"), "1: a line begins with `#`, `expect `, `> ` or `< `");
        assert_eq!(problem("\nexpect allow 200 by a\n"), "2: a case has a request");
        assert_eq!(problem("> {}\n"), "1: a case expects one answer first: `allow`, `deny` or `error`");
        assert_eq!(problem("expect no text\nexpect allow 200 by a\n> {}\n").split(':').next(), Some("1"));
        assert_eq!(problem("expect allow 200 by a\n> {}\n> {}\n"), "3: a case has one request");
        assert_eq!(
            problem("expect allow 200 by a\n< {}\n> {}\n"),
            "2: a case has one answer, behind its request"
        );
        assert_eq!(
            problem("expect allow 200 by a\n> {}\nexpect no text\n"),
            "3: an `expect` stands before its request"
        );
    }
}
