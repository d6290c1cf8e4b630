//! Every policy shown in the README and in `docs/` is what it is said to be.
//!
//! A fenced block is marked by its first line:
//!
//! | mark | it must |
//! |---|---|
//! | `gate` | compile without a word, beside the document's prelude if it has one; its tests pass |
//! | `gate prelude` | compile; stands beside every other block of its document |
//! | `gate alone` | compile without a word, without the prelude; its tests pass |
//! | `gate-error G0304`, `gate-warning G0902` | give exactly this code, beside the prelude |
//! | `gate-error-alone G0400`, `gate-warning-alone G0903` | give exactly this code, without the prelude |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use gatelaw::check::RESERVED;
use gatelaw::compile;
use gatelaw::diagnostic::{Diagnostic, Severity};
use gatelaw::parse::parse;
use gatelaw::policy::Policy;
use gatelaw::reference::decide;
use gatelaw::request::RefusalCode;
use gatelaw::source::{FileId, Source, Sources};
use gatelaw::testing::run_tests;

#[test]
fn every_policy_in_the_documents_is_what_it_is_said_to_be() {
    let mut failures = Vec::new();
    let mut count = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let blocks = blocks(&text);
        let prelude = blocks.iter().find(|b| b.mark == "gate prelude").map(|b| b.policy.as_str());
        for block in blocks.iter().filter(|b| b.mark.split([' ', '-']).next() == Some("gate")) {
            count += 1;
            if let Err(why) = block.hold(prelude) {
                failures.push(format!("{}:{}: `{}`: {why}", document.display(), block.line, block.mark));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 25, "{count} policies were found: how are they marked?");
}

#[test]
fn the_documents_list_every_refusal_code() {
    let text = read("docs/request.md");
    let table = text.split_once("| code | what is wrong |").unwrap().1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed: Vec<&str> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    let all: Vec<&str> = RefusalCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(listed, all);
}

#[test]
fn the_documents_list_every_reserved_word() {
    let text = read("docs/language.md");
    let section = text.split_once("\n## Reserved words\n").unwrap().1.split_once("\n## ").unwrap().0;
    let listed: Vec<&str> = section.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, RESERVED);
}

#[test]
fn the_documents_explain_every_code() {
    let text = read("docs/codes.md");
    let explained: Vec<(&str, &str)> = text
        .split("\n### ")
        .skip(1)
        .map(|section| {
            let (code, rest) = section.split_once("\n\n**").unwrap();
            (code, rest.split_once(".**").unwrap().0)
        })
        .collect();
    let all = gatelaw::codes::all();
    let wanted: Vec<_> = all.iter().map(|c| (format!("G{:04}", c.number), capitalised(c.title))).collect();
    let explained: Vec<_> =
        explained.into_iter().map(|(c, title)| (c.to_owned(), title.to_owned())).collect();
    assert_eq!(explained, wanted);
}

fn capitalised(title: &str) -> String {
    let (first, rest) = title.split_at(1);
    first.to_uppercase() + rest
}

/// One fenced block.
struct Block {
    line: usize,
    mark: String,
    policy: String,
}

impl Block {
    fn hold(&self, prelude: Option<&str>) -> Result<(), String> {
        let alone = ["alone", "prelude"].into_iter().any(|word| self.mark.contains(word));
        let beside = if alone { None } else { prelude };
        let (policy, found) = diagnose(&self.policy, beside);
        policy.iter().try_for_each(run)?;
        match self.mark.split_once(' ').unwrap_or((&self.mark, "")) {
            // What the prelude declares is used by the blocks that stand beside it.
            ("gate", "prelude") => none(found.iter().filter(|d| d.code.severity == Severity::Error)),
            ("gate", "" | "alone") => none(found.iter()),
            ("gate-error" | "gate-error-alone", code) => exactly(&found, Severity::Error, code),
            ("gate-warning" | "gate-warning-alone", code) => exactly(&found, Severity::Warning, code),
            _ => Err("no known mark".into()),
        }
    }
}

fn none<'a>(found: impl Iterator<Item = &'a Diagnostic>) -> Result<(), String> {
    let found: Vec<String> = found.map(|d| format!("{}: {}", name(d), d.message)).collect();
    if found.is_empty() { Ok(()) } else { Err(found.join("; ")) }
}

fn exactly(found: &[Diagnostic], severity: Severity, code: &str) -> Result<(), String> {
    let [only] = found else {
        return Err(format!("{} diagnostics: {:?}", found.len(), none(found.iter())));
    };
    let right = name(only) == code && only.code.severity == severity;
    if right { Ok(()) } else { Err(format!("found {}: {}", name(only), only.message)) }
}

fn name(diagnostic: &Diagnostic) -> String {
    format!("G{:04}", diagnostic.code.number)
}

/// Runs the tests of a policy.
fn run(policy: &Policy) -> Result<(), String> {
    let outcomes = run_tests(policy, |request, caller| decide(policy, "", request, caller));
    let failed: Vec<_> = outcomes.iter().filter(|o| !o.passed()).map(|o| (&o.name, &o.mismatches)).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("{failed:?}")) }
}

/// Compiles a policy, and says what the compiler says of it, but not of the prelude beside it.
fn diagnose(policy: &str, prelude: Option<&str>) -> (Option<Policy>, Vec<Diagnostic>) {
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let mut sources = Sources { files: vec![source("sample.gate", policy)], ..Sources::default() };
    sources.files.extend(prelude.map(|text| source("prelude.gate", text)));
    // What the grammar refuses is not yet a policy: what else is said of it is a guess.
    let (_, parsed) = parse(&sources);
    if !parsed.is_empty() {
        return (None, parsed);
    }
    let (policy, mut found) = match compile(&sources) {
        Ok(compiled) => (Some(compiled.policy), compiled.warnings),
        Err(found) => (None, found),
    };
    found.retain(|d| d.code.severity == Severity::Error || d.span.is_none_or(|s| s.file == FileId(0)));
    (policy, found)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn documents() -> Vec<PathBuf> {
    let folders = ["docs", "docs/providers"].into_iter().map(|folder| root().join(folder));
    let docs = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|end| end == "md"));
    docs.chain([root().join("README.md")]).collect()
}

/// Finds every fenced block, with the line where it begins.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(mark) = line.strip_prefix("```") {
            let policy = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            let policy = policy.fold(String::new(), |text, line| text + line + "\n");
            blocks.push(Block { line: index + 1, mark: mark.into(), policy });
        }
    }
    blocks
}
