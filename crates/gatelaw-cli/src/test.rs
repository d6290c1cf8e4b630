//! `gatelaw test`: runs the tests that stand in a policy, as the gates would decide.

use gatelaw::diagnostic::Renderer;
use gatelaw::testing::{Mismatch, Question, TestOutcome, run_tests};
use gatelaw::{Compiled, Explanation, Plan, Session};
use gatelaw_host::files::PolicyFiles;
use gatelaw_host::{Paint, rules_in_words};
use serde::Serialize;

use crate::answer::{Answer, Failure};
use crate::args::PolicyArguments;
use crate::policy;
use crate::terminal::{Terminal, count, json_line};

pub(crate) fn run(arguments: &PolicyArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let checked = policy::compile(&arguments.paths)?;
    terminal.diagnostics(&checked.files, &checked.diagnostics);
    let Some(compiled) = &checked.compiled else { return Ok(Answer::No) };
    let mut session = Session::new(&compiled.plan);
    let outcomes = run_tests(&compiled.policy, |raw, caller| session.decision(raw, caller));
    let renderer = Renderer::new(&checked.files.sources).folder(&checked.files.folder);
    let mut text = String::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        if terminal.is_json(false) {
            text += &json_line(&TestLine::of(outcome, &renderer));
        } else {
            text += &in_words(outcome, &renderer, terminal.paint());
            if !outcome.passed() {
                let explanation = explanation(compiled, &mut session, index);
                text += &explanation.map_or_else(String::new, |e| {
                    indented(&rules_in_words(&e, &checked.files.folder, terminal.paint()))
                });
            }
        }
    }
    text += &summary(&outcomes, &checked.files, terminal);
    terminal.say(&text)?;
    Ok(if outcomes.iter().all(TestOutcome::passed) { Answer::Yes } else { Answer::No })
}

/// Asks once more, and why.
fn explanation(compiled: &Compiled, session: &mut Session<&Plan>, index: usize) -> Option<Explanation> {
    let test = compiled.policy.tests.get(index)?;
    let mut found = None;
    Question::of(&compiled.policy, test).ask(|raw, caller| {
        let explanation = session.explain(raw, caller);
        let decision = explanation.decision.clone();
        found = Some(explanation);
        decision
    });
    found
}

fn in_words(outcome: &TestOutcome, renderer: &Renderer<'_>, paint: Paint) -> String {
    if outcome.passed() {
        return format!("{}    {}\n", paint.green("ok"), outcome.name);
    }
    let mut text = format!("{}  {}\n", paint.red("FAIL"), outcome.name);
    for Mismatch { span, expected, found } in &outcome.mismatches {
        let place = renderer.place(*span);
        text += &format!("      {}:{}:{}\n", place.file, place.line, place.column);
        text += &format!("      expected {expected}\n      found    {found}\n");
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}").trim_end().to_owned() + "\n").collect()
}

fn summary(outcomes: &[TestOutcome], files: &PolicyFiles, terminal: &Terminal) -> String {
    let passed = outcomes.iter().filter(|outcome| outcome.passed()).count();
    let failed = outcomes.len() - passed;
    if terminal.is_json(false) {
        return json_line(&Summary { v: 1, tests: outcomes.len(), passed, failed });
    }
    if outcomes.is_empty() {
        let files = count(files.sources.files.len(), "file");
        return format!(
            "no tests in {files}: write `test \"…\" {{ request … expect … }}` beside the rules\n"
        );
    }
    format!("{}: {passed} passed, {failed} failed\n", count(outcomes.len(), "test"))
}

/// The last line for programs.
#[derive(Serialize)]
struct Summary {
    v: u32,
    tests: usize,
    passed: usize,
    failed: usize,
}

/// One test for programs.
#[derive(Serialize)]
struct TestLine<'t> {
    test: &'t str,
    file: String,
    line: usize,
    passed: bool,
    mismatches: Vec<MismatchLine<'t>>,
}

/// One expectation that did not hold, for programs.
#[derive(Serialize)]
struct MismatchLine<'t> {
    line: usize,
    expected: &'t str,
    found: &'t str,
}

impl<'t> TestLine<'t> {
    fn of(outcome: &'t TestOutcome, renderer: &Renderer<'_>) -> Self {
        let place = renderer.place(outcome.span);
        let mismatch = |m: &'t Mismatch| MismatchLine {
            line: renderer.place(m.span).line,
            expected: &m.expected,
            found: &m.found,
        };
        let mismatches = outcome.mismatches.iter().map(mismatch).collect();
        Self { test: &outcome.name, file: place.file, line: place.line, passed: outcome.passed(), mismatches }
    }
}
