//! Questions to many policies in one stream, so that one process of a runtime answers them all.
//!
//! A line `@PATH` names an artifact; each other line is a request put to it. The answer has a line for each request, and
//! nothing else: streams of answers are compared byte for byte.
//!
//! Tokens are verified: a line `%ISSUER PATH` gives an issuer of the artifact the key set in a file, `!NOW TOKEN` is a request that
//! carries a token, at a time, and `?NOW TOKEN` asks why that is accepted or refused. A line `#` asks what was counted of all of them,
//! as JSON, a space, and for Prometheus, with `|` for each end of a line.

use std::io::{self, BufRead, Write};
use std::path::Path;

use gatelaw::artifact::load_unsigned;
use gatelaw::request::{Token, TokenSource};
use gatelaw::{Plan, RawRequest};
use gatelaw_host::keys::KeySet;
use gatelaw_host::{Gate, decide_line, decision_line};

use crate::answers::Forms;
use crate::corpus::Topic;
use crate::generate::requests::Questions;
use crate::generate::{Rng, Size, generate};

/// Marks the lines that name an artifact.
pub const ARTIFACT: char = '@';
/// Marks the lines that give an issuer its keys.
pub const KEYS: char = '%';
/// Marks the lines whose token a request carries.
pub const CARRIED: char = '!';
/// Marks the lines whose token is explained.
pub const EXPLAINED: char = '?';
/// Is the line that asks for counters.
pub const COUNTED: &str = "#";

/// Answers a stream.
///
/// # Errors
/// What can't be read or written, an artifact that doesn't load, keys that are none, a request before any artifact.
pub fn answer(questions: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let mut gate: Option<Gate> = None;
    for line in questions.lines() {
        let line = line?;
        if let Some(path) = line.strip_prefix(ARTIFACT) {
            let plan = load_unsigned(&std::fs::read(path)?).map_err(io::Error::other)?;
            gate = Some(Gate::new(plan));
            continue;
        }
        let gate = gate.as_mut().ok_or_else(|| io::Error::other("a request before any artifact"))?;
        if let Some(keys) = line.strip_prefix(KEYS) {
            give_keys(gate, keys)?;
            continue;
        }
        writeln!(answers, "{}", answer_line(gate, &line)?)?;
    }
    Ok(())
}

fn give_keys(gate: &mut Gate, line: &str) -> io::Result<()> {
    let (issuer, path) = line.split_once(' ').ok_or_else(|| io::Error::other("keys of nobody"))?;
    let set = KeySet::parse(&std::fs::read(path)?).map_err(io::Error::other)?;
    if gate.set_keys(issuer, set) {
        Ok(())
    } else {
        Err(io::Error::other("keys of an issuer that isn't there"))
    }
}

fn answer_line(gate: &mut Gate, line: &str) -> io::Result<String> {
    if let Some(carried) = line.strip_prefix(CARRIED) {
        let (now, token) = token(carried)?;
        let value = format!("Bearer {token}");
        let headers: [(&[u8], &[u8]); 1] = [(b"authorization", value.as_bytes())];
        gate.decide(&RawRequest { headers: &headers, now, ..RawRequest::new(b"GET", b"api.example", b"/") });
        return Ok(decision_line(&gate.session().to_decision()));
    }
    if let Some(explained) = line.strip_prefix(EXPLAINED) {
        let (now, token) = token(explained)?;
        let given = Token { source: TokenSource::Authorization, value: token };
        return Ok(gate.explain_token(given, None, now, None).to_line());
    }
    if line == COUNTED {
        let counters = gate.counters();
        return Ok(format!("{} {}", counters.to_line(), counters.to_prometheus().replace('\n', "|")));
    }
    Ok(decide_line(gate.session(), line, None))
}

fn token(line: &str) -> io::Result<(i64, &str)> {
    let (now, token) = line.split_once(' ').ok_or_else(|| io::Error::other("a token without a time"))?;
    Ok((now.parse().map_err(io::Error::other)?, token))
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
    use gatelaw::Session;

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
    fn a_token_is_judged_by_the_keys_of_its_issuer() {
        let folder = std::env::temp_dir().join(format!("gatelaw-stream-tokens-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let text = r#"
issuer a { url "https://a.example"  audience "api"  algorithms EdDSA }
allow x { for authenticated }
"#;
        let plan = gatelaw::compile(&gatelaw::Sources::from_text("policy.gate", text)).unwrap().plan;
        let mut stream = Vec::new();
        begin(&plan, &folder, "tokens", &mut stream).unwrap();
        let keys = folder.join("keys.json");
        std::fs::write(&keys, r#"{"keys":[]}"#).unwrap();
        write!(stream, "%a {}\n!7 e30.e30.e30\n?7 e30.e30.e30\n#\n", keys.display()).unwrap();
        let mut answers = Vec::new();
        answer(stream.as_slice(), &mut answers).unwrap();
        assert!(answer(&b"%a keys.json\n"[..], Vec::new()).is_err(), "no artifact");
        std::fs::remove_dir_all(&folder).unwrap();
        let answers = String::from_utf8(answers).unwrap();
        let [decided, explained, counted] = answers.lines().collect::<Vec<_>>()[..] else {
            panic!("{answers}")
        };
        assert!(decided.contains(r#""reason":"token:header""#), "{decided}");
        assert!(explained.contains(r#""code":"token:header""#), "{explained}");
        assert!(counted.contains(r#""token:header":2,"#), "{counted}");
        assert!(counted.contains(r#"|gatelaw_token_refusals_total{code="token:header"} 2|"#), "{counted}");
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
