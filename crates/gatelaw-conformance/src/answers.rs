//! What a policy answers: by its compiled plan, out of an artifact's bytes, and by the reference interpreter.

use std::path::Path;

use gatelaw::artifact::load_unsigned;
use gatelaw::ast::Ast;
use gatelaw::diagnostic::Diagnostic;
use gatelaw::policy::Policy;
use gatelaw::source::Sources;
use gatelaw::{Plan, Session, reference};
use gatelaw_host::{RequestLine, decide_line, decision_line, files};

use crate::corpus::{Case, Topic};

/// Holds a policy in its three forms.
#[derive(Debug)]
pub struct Forms {
    /// As written.
    pub ast: Ast,
    /// Checked: what the reference interpreter reads.
    pub policy: Policy,
    /// Compiled, saved as an artifact, and loaded again.
    pub plan: Plan,
}

impl Forms {
    /// Reads and compiles the policy in a folder.
    ///
    /// # Errors
    /// What is wrong with its files or texts, or with the artifact that came of them.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let files = files::read(&[folder.to_owned()]);
        if !files.problems.is_empty() {
            return Err(told(&files.problems, &files.sources));
        }
        let (ast, _) = gatelaw::parse::parse(&files.sources);
        let compiled = gatelaw::compile(&files.sources).map_err(|found| told(&found, &files.sources))?;
        let plan = load_unsigned(&compiled.plan.to_bytes()).map_err(|e| format!("its artifact: {e}"))?;
        Ok(Self { ast, policy: compiled.policy, plan })
    }

    /// Answers a line by the plan.
    #[must_use]
    pub fn by_plan(&self, line: &str) -> String {
        decide_line(&mut Session::new(&self.plan), line, None)
    }

    /// Answers a line by the reference interpreter.
    #[must_use]
    pub fn by_reference(&self, line: &str) -> String {
        let read = RequestLine::parse(line, None)
            .and_then(|request| request.require(&self.policy.needs).map(|()| request));
        match read {
            Err(error) => error.to_line(),
            Ok(request) => {
                let caller = request.caller(&self.policy.identity);
                let digest = self.plan.digest();
                decision_line(
                    &request.with(|raw| reference::decide(&self.policy, digest, raw, caller.caller())),
                )
            }
        }
    }
}

/// Answers every case of a topic anew.
///
/// # Errors
/// Everything that keeps an answer from being written down, one a line with its place: plan and reference disagree, or an
/// answer isn't what a person expects.
pub fn answer(topic: &Topic) -> Result<Vec<String>, Vec<String>> {
    let forms = Forms::read(&topic.folder).map_err(|why| vec![format!("{}: {why}", topic.name)])?;
    let mut answers = Vec::new();
    let mut problems = Vec::new();
    for case in &topic.cases {
        let answer = forms.by_plan(&case.request);
        let found = problems_of(case, &answer, &forms.by_reference(&case.request));
        problems.extend(found.into_iter().map(|p| format!("{}:{}: {p}", topic.name, case.line)));
        answers.push(answer);
    }
    if problems.is_empty() { Ok(answers) } else { Err(problems) }
}

/// Says where the answers to a case disagree with one another, or with a person.
fn problems_of(case: &Case, by_plan: &str, by_reference: &str) -> Vec<String> {
    if by_plan != by_reference {
        return vec![format!("the plan answers {by_plan}\n  and the reference {by_reference}")];
    }
    let read = match serde_json::from_str(by_plan) {
        Ok(read) => read,
        Err(why) => return vec![format!("the answer is no JSON: {why}")],
    };
    case.expect.iter().filter_map(|expectation| expectation.disagreement(&read)).collect()
}

/// Tells diagnostics with their places, one a line.
fn told(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let place = |d: &Diagnostic| {
        let span = d.span?;
        let (line, column) = sources.line_column(span.file, span.start);
        Some(format!("{}:{line}:{column}: ", sources.file(span.file)?.name))
    };
    let lines =
        diagnostics.iter().map(|d| format!("{}{} {}", place(d).unwrap_or_default(), d.code, d.message));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::Expectation;

    fn case(expect: &str) -> Case {
        let expect = vec![Expectation::parse(expect).unwrap()];
        Case { line: 1, expect, request: String::new(), decision: None }
    }

    #[test]
    fn answers_that_disagree_are_never_written_down() {
        let allow = r#"{"v":1,"effect":"allow","status":200,"reason":"rule","rule":"a"}"#;
        let deny = r#"{"v":1,"effect":"deny","status":403,"reason":"no_rule","rule":null}"#;
        assert_eq!(problems_of(&case("allow 200 by a"), allow, allow), [""; 0]);
        assert_eq!(
            problems_of(&case("allow 200 by a"), allow, deny),
            [format!("the plan answers {allow}\n  and the reference {deny}")]
        );
        assert_eq!(
            problems_of(&case("allow 200 by a"), deny, deny),
            ["expected `allow 200 by a`, found `deny 403 no_rule`"]
        );
        assert_eq!(problems_of(&case("allow 200 by a"), "", "").len(), 1);
    }
}
