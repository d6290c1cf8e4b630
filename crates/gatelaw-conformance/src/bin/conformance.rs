//! The commands of the corpus.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gatelaw_conformance::answers::{Forms, answer};
use gatelaw_conformance::corpus::{self, CASES, Topic};
use gatelaw_conformance::mutants::{Fate, Trial, mutants};
use gatelaw_conformance::{authzen, features, stream};
use serde_json::Value;

const USAGE: &str = "\
Commands of the conformance corpus, in policies/conformance.

  check [TOPIC…]     answers every request anew and compares
  refresh [TOPIC…]   writes the answers, where plan, reference and expectations agree
  coverage           tells which case covers which feature
  authzen            decides the published rows of the AuthZEN gateway scenario
  stream FOLDER      writes the corpus as one stream of questions; its artifacts into FOLDER
  generate FOLDER POLICIES REQUESTS [FIRST]
                     writes a stream of generated policies and requests, from the seed FIRST on
  answer             answers a stream: from standard input, to standard output
  mutants [WORD]     makes each mistake of mutants.txt that has the WORD, and tells whether the tests catch it

A TOPIC is the name of a folder, or how it begins, such as `05`.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, topics) = match arguments.split_first() {
        Some((command, topics)) => (command.as_str(), topics),
        None => ("", arguments.as_slice()),
    };
    let done = match command {
        "check" => check(topics),
        "refresh" => refresh(topics),
        "coverage" => coverage(),
        "authzen" => authzen_rows(),
        "stream" => stream_of_corpus(topics),
        "generate" => stream_of_generated(topics),
        "answer" => answer_stream(),
        "mutants" => try_mutants(topics.first().map_or("", String::as_str)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(said) => {
            if !said.is_empty() {
                println!("{said}");
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

/// What to say at the end, or all that is wrong.
type Done = Result<String, String>;

fn try_mutants(word: &str) -> Done {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let trial = Trial::new(&root, &target.join("mutants"))?;
    println!("building the tests");
    if trial.fate(None)? != Fate::Survived {
        return Err("the tests fail without a mutant".to_owned());
    }
    let (mut caught, mut others) = (0, Vec::new());
    for mutant in mutants()?.iter().filter(|m| m.file.contains(word) || m.breaks.contains(word)) {
        let fate = trial.fate(Some(mutant))?;
        let said = format!("{:9} {}: {}", format!("{fate:?}").to_lowercase(), mutant.file, mutant.breaks);
        println!("{said}");
        if fate == Fate::Caught { caught += 1 } else { others.push(said) }
    }
    match others.is_empty() {
        true => Ok(format!("{caught} mutants, each caught")),
        false => Err(format!("{caught} caught, and not:\n{}", others.join("\n"))),
    }
}

fn check(names: &[String]) -> Done {
    let topics = read(names)?;
    let mut problems = Vec::new();
    for topic in &topics {
        match answer(topic) {
            Err(found) => problems.extend(found),
            Ok(answers) => problems.extend(stale(topic, &answers)),
        }
    }
    told(&topics, &problems)
}

/// Names the cases whose written answer isn't the one that is given now.
fn stale(topic: &Topic, answers: &[String]) -> Vec<String> {
    let pairs = topic.cases.iter().zip(answers);
    let changed = pairs.filter(|(case, answer)| case.decision.as_ref() != Some(answer));
    let tell = |(case, answer): (&corpus::Case, &String)| {
        let written = case.decision.as_deref().unwrap_or("nothing");
        format!("{}:{}: now {answer}\n  written {written}", topic.name, case.line)
    };
    changed.map(tell).collect()
}

fn refresh(names: &[String]) -> Done {
    let topics = read(names)?;
    let mut problems = Vec::new();
    for topic in &topics {
        match answer(topic) {
            Err(found) => problems.extend(found),
            Ok(answers) => {
                let path = topic.folder.join(CASES);
                fs::write(&path, topic.with_decisions(&answers))
                    .map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
    }
    told(&topics, &problems)
}

fn told(topics: &[Topic], problems: &[String]) -> Done {
    let cases: usize = topics.iter().map(|topic| topic.cases.len()).sum();
    let sum = format!("{} policies, {cases} requests", topics.len());
    if problems.is_empty() {
        return Ok(format!("{sum}: every answer stands"));
    }
    Err(format!("{}\n{sum}, {} problems", problems.join("\n"), problems.len()))
}

fn coverage() -> Done {
    let covered = covered()?;
    let all = features::all();
    let missing: Vec<&String> = all.iter().filter(|feature| !covered.contains_key(*feature)).collect();
    for feature in &all {
        println!("{feature:<45} {}", covered.get(feature).map_or("-", String::as_str));
    }
    if missing.is_empty() {
        Ok(format!("{} features, all covered", all.len()))
    } else {
        Err(format!("missing: {missing:?}"))
    }
}

fn covered() -> Result<features::Covered, String> {
    let mut covered = features::Covered::new();
    for topic in read(&[])? {
        features::cover(&topic, &Forms::read(&topic.folder)?.ast, &mut covered);
    }
    Ok(covered)
}

fn authzen_rows() -> Done {
    let folder = policies().join("authzen-gateway");
    let forms = Forms::read(&folder)?;
    let rows = authzen::read(&folder)?;
    let mut wrong = 0;
    for row in &rows {
        let answer: Value = serde_json::from_str(&forms.by_plan(&row.request)).unwrap_or_default();
        let allowed = answer.get("effect").and_then(Value::as_str) == Some("allow");
        wrong += usize::from(allowed != row.expected);
        let effect = if allowed { "allow" } else { "deny" };
        let mark = if allowed == row.expected { "as published" } else { "WRONG" };
        let rule = answer.get("rule").and_then(Value::as_str).unwrap_or("-");
        let roles = row.roles.join(", ");
        println!(
            "{:<13} {roles:<19} {:<7} {:<16} {effect:<6} {rule:<16} {mark}",
            row.name, row.method, row.route
        );
    }
    let sum = format!("{} of {} decisions as published", rows.len() - wrong, rows.len());
    if wrong == 0 { Ok(sum) } else { Err(sum) }
}

fn stream_of_corpus(arguments: &[String]) -> Done {
    let [folder] = arguments else { return Err("`stream` takes a folder".to_owned()) };
    let topics = read(&[])?;
    let written = stream::of_corpus(&topics, Path::new(folder), std::io::stdout().lock());
    written.map(|_| String::new()).map_err(|e| e.to_string())
}

fn stream_of_generated(arguments: &[String]) -> Done {
    let wrong = || "`generate` takes a folder, and how many policies and requests each".to_owned();
    let (folder, numbers) = arguments.split_first().ok_or_else(wrong)?;
    let numbers: Vec<u64> = numbers.iter().map_while(|number| number.parse().ok()).collect();
    let (policies, requests, first) = match (numbers.as_slice(), arguments.len()) {
        ([policies, requests], 3) => (*policies, *requests, 0),
        ([policies, requests, first], 4) => (*policies, *requests, *first),
        _ => return Err(wrong()),
    };
    let out = std::io::stdout().lock();
    let written = stream::of_generated(first, policies, requests, Path::new(folder), out);
    written.map(|()| String::new()).map_err(|e| e.to_string())
}

fn answer_stream() -> Done {
    let answered = stream::answer(std::io::stdin().lock(), std::io::stdout().lock());
    answered.map(|()| String::new()).map_err(|e| e.to_string())
}

/// Reads the topics whose names begin with one of these; all where there is none.
fn read(names: &[String]) -> Result<Vec<Topic>, String> {
    let mut topics = corpus::read(&policies().join("conformance")).map_err(|e| e.to_string())?;
    if let Some(unknown) = names.iter().find(|name| !topics.iter().any(|t| t.name.starts_with(name.as_str())))
    {
        return Err(format!("there is no topic `{unknown}`"));
    }
    topics.retain(|topic| names.is_empty() || names.iter().any(|name| topic.name.starts_with(name.as_str())));
    Ok(topics)
}

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}
