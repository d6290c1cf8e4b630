//! Questions to many policies in one stream, so that one process of a runtime answers them all.
//!
//! A line `@PATH` names an artifact; each other line is a request put to it. The answer has a line for each request, and
//! nothing else: streams of answers are compared byte for byte.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use gatelaw::artifact::load_unsigned;
use gatelaw::{Plan, Session};
use gatelaw_host::decide_line;

use crate::answers::Forms;
use crate::corpus::Topic;
use crate::generate::requests::Questions;
use crate::generate::{Rng, Size, generate};

/// Marks the lines that name an artifact.
pub const ARTIFACT: char = '@';

/// Answers a stream.
///
/// # Errors
/// What can't be read or written, an artifact that doesn't load, a request before any artifact.
pub fn answer(questions: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let mut session: Option<Session<Arc<Plan>>> = None;
    for line in questions.lines() {
        let line = line?;
        if let Some(path) = line.strip_prefix(ARTIFACT) {
            let plan = load_unsigned(&std::fs::read(path)?).map_err(io::Error::other)?;
            session = Some(Session::new(Arc::new(plan)));
            continue;
        }
        let session = session.as_mut().ok_or_else(|| io::Error::other("a request before any artifact"))?;
        writeln!(answers, "{}", decide_line(session, &line, None))?;
    }
    Ok(())
}

/// Writes the corpus as a stream: artifacts into a folder, questions to `stream`. Answers how many questions there are.
///
/// # Errors
/// What can't be written, a policy that doesn't compile.
pub fn of_corpus(topics: &[Topic], folder: &Path, mut stream: impl Write) -> io::Result<usize> {
    let mut asked = 0;
    for topic in topics {
        let forms = Forms::read(&topic.folder).map_err(io::Error::other)?;
        begin(&forms.plan, folder, &topic.name, &mut stream)?;
        for case in &topic.cases {
            writeln!(stream, "{}", case.request)?;
        }
        asked += topic.cases.len();
    }
    Ok(asked)
}

/// Writes generated policies and questions as a stream, those of the seeds from `first` on.
///
/// # Errors
/// What can't be written, a policy that doesn't compile.
pub fn of_generated(
    first: u64,
    policies: u64,
    requests: u64,
    folder: &Path,
    mut stream: impl Write,
) -> io::Result<()> {
    for seed in first..first + policies {
        let mut rng = Rng::new(seed);
        let generated = generate(Size::any(&mut rng), &mut rng);
        let compiled = gatelaw::compile(&generated.sources())
            .map_err(|_| io::Error::other(format!("the policy of seed {seed} doesn't compile")))?;
        begin(&compiled.plan, folder, &format!("generated-{seed}"), &mut stream)?;
        let questions = Questions::new(&compiled.policy);
        for _ in 0..requests {
            writeln!(stream, "{}", questions.question(&mut rng).line())?;
        }
    }
    Ok(())
}

fn begin(plan: &Plan, folder: &Path, name: &str, stream: &mut impl Write) -> io::Result<()> {
    let path = folder.join(name).with_extension("gatelaw");
    std::fs::write(&path, plan.to_bytes())?;
    writeln!(stream, "{ARTIFACT}{}", path.display())
}

#[cfg(test)]
mod tests {
    use gatelaw_host::decision_line;

    use super::*;

    #[test]
    fn a_stream_is_answered_line_for_line() {
        let folder = std::env::temp_dir().join(format!("gatelaw-stream-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut stream = Vec::new();
        of_generated(7, 3, 5, &folder, &mut stream).unwrap();
        let mut answers = Vec::new();
        answer(stream.as_slice(), &mut answers).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(String::from_utf8(answers).unwrap().lines().count(), 15);
    }

    #[test]
    fn a_request_needs_an_artifact() {
        assert!(answer("{}\n".as_bytes(), Vec::new()).is_err());
    }

    #[test]
    fn lines_say_what_the_questions_say() {
        for seed in 0..40 {
            let mut rng = Rng::new(seed);
            let generated = generate(Size::any(&mut rng), &mut rng);
            let compiled = gatelaw::compile(&generated.sources()).unwrap();
            let questions = Questions::new(&compiled.policy);
            let mut session = Session::new(&compiled.plan);
            for _ in 0..20 {
                let question = questions.question(&mut rng);
                let by_line = decide_line(&mut session, &question.line(), None);
                // A line without an address is none where the policy reads it.
                if by_line != r#"{"v":1,"error":"missing-member","at":"ip"}"# {
                    let asked = question.ask(|raw, caller| decision_line(&session.decision(raw, caller)));
                    assert_eq!(by_line, asked, "seed {seed}: {}", question.line());
                }
            }
        }
    }
}
