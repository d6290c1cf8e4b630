//! One evaluator in every runtime: the same questions, and the answers compared byte for byte.
//!
//! A runtime takes a stream of questions (`crates/gatelaw-conformance/src/stream.rs`) and gives a line for each.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::log::Log;
use crate::preflight;
use crate::project::{Project, Result};
use crate::{chromium, files, nginx, npm, python, rust, setup};

/// Policies and requests each that a step generates; `GENERATED` asks for more policies.
const GENERATED: (u64, u64) = (100, 20);

/// Answers streams.
struct Runtime {
    name: &'static str,
    /// Makes what it runs, where the steps before haven't.
    build: fn(&Project, &mut Log) -> Result<()>,
    /// Answers the first file into the second.
    answer: fn(&Project, &mut Log, &Path, &Path) -> Result<()>,
    /// Whether it has what explains tokens.
    explains: bool,
}

const RUNTIMES: &[Runtime] = &[
    Runtime { name: "rust", build: rust::build_programs, answer: by_rust, explains: true },
    Runtime { name: "python", build: python::build, answer: by_python, explains: true },
    Runtime { name: "node", build: npm::build, answer: by_node, explains: true },
    Runtime { name: "workerd", build: npm::build, answer: by_workerd, explains: false },
    Runtime { name: "chromium", build: npm::build, answer: by_chromium, explains: true },
    Runtime {
        name: "luajit",
        build: |project, log| rust::build_c_library(project, log).map(drop),
        answer: nginx::answer,
        explains: false,
    },
];

/// Compares the answers of all runtimes: to the corpus, to generated questions, and to questions with tokens.
pub(crate) fn compare(project: &Project, log: &mut Log) -> Result<()> {
    rust::build_programs(project, log)?;
    let folder = project.made("parity");
    files::remove_folder(&folder)?;
    files::make_folder(&folder)?;
    let policies = std::env::var("GENERATED").ok().and_then(|text| text.parse().ok()).unwrap_or(GENERATED.0);
    let generate = [policies, GENERATED.1].map(|number| number.to_string());
    let streams: [(&str, Vec<String>); 2] = [
        ("corpus", vec!["stream".to_owned()]),
        ("generated", std::iter::once("generate".to_owned()).chain(generate).collect()),
    ];
    let mut failed = Vec::new();
    for (name, arguments) in streams {
        let questions = folder.join(name).with_extension("txt");
        let mut write = rust::conformance(project);
        let (verb, numbers) = arguments.split_first().ok_or("no verb")?;
        write.arg(verb).arg(&folder).args(numbers);
        log.run_into(&mut write, None, &questions)?;
        failed.extend(compare_on(project, log, name, &questions, RUNTIMES.iter())?);
    }
    failed.extend(compare_tokens(project, log, &folder)?);
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// Compares what tokens are judged and mapped to, and how that is explained.
fn compare_tokens(project: &Project, log: &mut Log, folder: &Path) -> Result<Vec<String>> {
    npm::build(project, log)?;
    let mut failed = Vec::new();
    for (name, mark) in [("tokens", "!"), ("tokens explained", "?")] {
        let made = folder.join(name.replace(' ', "-"));
        files::make_folder(&made)?;
        let questions = made.with_extension("txt");
        let mut write = npm::script(project, "token-questions.js");
        write.arg(&made).arg(mark).env("GATELAW_REPOSITORY", &project.root);
        log.run_into(&mut write, None, &questions)?;
        let asked = RUNTIMES.iter().filter(|runtime| mark == "!" || runtime.explains);
        failed.extend(compare_on(project, log, name, &questions, asked)?);
    }
    Ok(failed)
}

/// Compares the answers to one stream with those of the first runtime; says where they differ.
fn compare_on<'r>(
    project: &Project,
    log: &mut Log,
    name: &str,
    questions: &Path,
    runtimes: impl Iterator<Item = &'r Runtime>,
) -> Result<Vec<String>> {
    let mut failed = Vec::new();
    let mut expected: Option<PathBuf> = None;
    for runtime in runtimes {
        let answers = questions.with_extension(format!("{}.txt", runtime.name));
        let problem = match (runtime.answer)(project, log, questions, &answers) {
            Err(error) => Some(error),
            Ok(()) => difference(expected.as_deref().unwrap_or(&answers), &answers)?,
        };
        let answered = if problem.is_none() { lines(&answers)? } else { 0 };
        let verdict = if problem.is_none() { "ok" } else { "not ok" };
        log.say(&format!("{verdict} - {name}: {answered} equal answers in {}", runtime.name))?;
        failed.extend(problem.map(|problem| format!("{name} in {}: {problem}", runtime.name)));
        expected.get_or_insert(answers);
    }
    Ok(failed)
}

/// Finds the first line in which two files differ, to the byte.
fn difference(expected: &Path, found: &Path) -> Result<Option<String>> {
    let (mut expected, mut found) = (open(expected)?, open(found)?);
    for number in 1_u64.. {
        let [a, b] = [&mut expected, &mut found].map(|file| {
            let mut line = Vec::new();
            file.read_until(b'\n', &mut line).map(|_| line)
        });
        let (a, b) = (a.map_err(|e| format!("answers: {e}"))?, b.map_err(|e| format!("answers: {e}"))?);
        if a != b {
            let [a, b] = [a, b].map(|line| String::from_utf8_lossy(&line).trim_end().to_owned());
            return Ok(Some(format!("answer {number} is\n  {b}\nin place of\n  {a}")));
        }
        if a.is_empty() {
            break;
        }
    }
    Ok(None)
}

fn lines(path: &Path) -> Result<usize> {
    Ok(open(path)?.lines().count())
}

fn open(path: &Path) -> Result<BufReader<File>> {
    File::open(path).map(BufReader::new).map_err(|error| format!("{} can't be read: {error}", path.display()))
}

/// Puts requests to a policy in one runtime: `cargo xtask decide --runtime R --policy P FILE`.
pub(crate) fn decide(project: &Project, runtime: &str, policy: &Path, requests: &Path) -> Result<bool> {
    let known = RUNTIMES.iter().find(|known| known.name == runtime);
    let runtime = known.ok_or_else(|| {
        let names: Vec<&str> = RUNTIMES.iter().map(|runtime| runtime.name).collect();
        format!("no runtime is named `{runtime}`: there are {}", names.join(", "))
    })?;
    if !preflight::preflight(project) {
        return Ok(false);
    }
    setup::setup(project)?;
    let mut log = Log::begin(project, "decide")?;
    let answers = answers(project, &mut log, runtime, policy, requests);
    let answers = files::read(&answers.map_err(|error| format!("{error}\n{}", log.tail()))?)?;
    match std::io::stdout().write_all(answers.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("no answer can be written: {error}"))
        }
        _ => Ok(true),
    }
}

/// Puts requests to a policy in every runtime: the artifact, and the answers of each runtime in a file.
pub(crate) fn answers_of_all(
    project: &Project,
    log: &mut Log,
    policy: &Path,
    requests: &Path,
) -> Result<(PathBuf, Vec<(&'static str, PathBuf)>)> {
    let answers =
        RUNTIMES.iter().map(|runtime| Ok((runtime.name, answers(project, log, runtime, policy, requests)?)));
    let answers = answers.collect::<Result<_>>()?;
    Ok((artifact(project), answers))
}

fn answers(
    project: &Project,
    log: &mut Log,
    runtime: &Runtime,
    policy: &Path,
    requests: &Path,
) -> Result<PathBuf> {
    let made = |name: &str| project.made(&format!("parity/decide.{name}"));
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| format!("{} is no path: {error}", path.display()))
    };
    rust::build_programs(project, log)?;
    (runtime.build)(project, log)?;
    files::make_folder(&project.made("parity"))?;
    let compile = &mut rust::gatelaw(project);
    log.run(compile.arg("compile").arg(absolute(policy)?).arg("-o").arg(artifact(project)))?;
    let text = files::read(&absolute(requests)?)?;
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    files::write(&made("txt"), &format!("@{}\n{text}{end}", artifact(project).display()))?;
    let answers = made(&format!("{}.txt", runtime.name));
    (runtime.answer)(project, log, &made("txt"), &answers)?;
    Ok(answers)
}

fn artifact(project: &Project) -> PathBuf {
    project.made("parity/decide.gatelaw")
}

fn by_rust(project: &Project, log: &mut Log, questions: &Path, answers: &Path) -> Result<()> {
    log.run_into(rust::conformance(project).arg("answer"), Some(questions), answers)
}

fn by_python(project: &Project, log: &mut Log, questions: &Path, answers: &Path) -> Result<()> {
    log.run_into(&mut python::python(project, &["tests/decide_lines.py"]), Some(questions), answers)
}

fn by_node(project: &Project, log: &mut Log, questions: &Path, answers: &Path) -> Result<()> {
    log.run_into(&mut npm::script(project, "decide-lines.js"), Some(questions), answers)
}

fn by_workerd(project: &Project, log: &mut Log, questions: &Path, answers: &Path) -> Result<()> {
    log.run_into(&mut npm::script(project, "workerd-lines.js"), Some(questions), answers)
}

fn by_chromium(project: &Project, log: &mut Log, questions: &Path, answers: &Path) -> Result<()> {
    let mut node = npm::script(project, "chromium-lines.js");
    log.run_into(node.envs(chromium::variables(project)?), Some(questions), answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_or_a_line_is_a_difference() {
        let folder = std::env::temp_dir().join(format!("gatelaw-parity-{}", std::process::id()));
        files::make_folder(&folder).unwrap();
        let compared = |one: &[u8], other: &[u8]| {
            let [a, b] = [("a", one), ("b", other)].map(|(name, bytes)| {
                std::fs::write(folder.join(name), bytes).unwrap();
                folder.join(name)
            });
            difference(&a, &b).unwrap()
        };
        assert_eq!(compared(b"", b""), None);
        assert_eq!(compared(b"x\ny\n", b"x\ny\n"), None);
        assert_eq!(compared(b"x\ny\n", b"x\nz\n").as_deref(), Some("answer 2 is\n  z\nin place of\n  y"));
        for (one, other) in [(&b"x\n"[..], &b"x\ny\n"[..]), (b"x\n", b""), (b"x\n", b"x"), (b"x\n", b"x\r\n")]
        {
            assert!(compared(one, other).is_some());
            assert!(compared(other, one).is_some());
        }
        files::remove_folder(&folder).unwrap();
    }
}
