//! A copy of the repository with all mutants in it, built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::config::Config;
use crate::list::Mutant;
use crate::switch::{MODULE, Switched, switch};

/// Rounds of building and leaving out what doesn't compile; rustc tells of types first, and of borrows when all types fit.
const ROUNDS_MAX: usize = 30;

/// A package whose tests see the core from outside, beside those of the configuration: what explanations and figures say.
const PROGRAM: &str = "--package=gatelaw-cli";

/// Why a mutant can't be tried here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It doesn't compile, and says nothing of the tests: the error's code, and its message.
    Unbuilt(String),
    /// It may compile alone, but has no switch: why.
    Switchless(String),
}

/// The copy, and what has no place in it.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    copy: PathBuf,
    target: PathBuf,
    pub(crate) unfit: BTreeMap<u32, Unfit>,
    kept_const: BTreeSet<String>,
    /// Mutants that take an arm away from a `match` that lacked one with them all.
    lacking: BTreeSet<u32>,
}

impl Tree {
    /// Copies what git knows of `root` into `folder`.
    pub(crate) fn copied(root: &Path, folder: &Path) -> Result<Self, String> {
        let (copy, target) = (folder.join("copy"), folder.join("target"));
        for name in tracked(root)? {
            let text = fs::read(root.join(&name)).map_err(|error| format!("{name}: {error}"))?;
            write(&copy.join(&name), &text)?;
        }
        Ok(Self {
            root: root.to_owned(),
            copy,
            target,
            unfit: BTreeMap::new(),
            kept_const: BTreeSet::new(),
            lacking: BTreeSet::new(),
        })
    }

    /// Puts all mutants into the copy, and leaves out those that don't compile, until what is left does.
    pub(crate) fn switched(&mut self, mutants: &[Mutant], config: &Config) -> Result<(), String> {
        for round in 1..=ROUNDS_MAX {
            let files = self.written(mutants)?;
            let errors = self.errors(config)?;
            eprintln!("round {round}: {} errors, {} mutants left out", errors.len(), self.unfit.len());
            if errors.is_empty() {
                return Ok(());
            }
            let before = (self.unfit.len(), self.kept_const.len());
            for error in &errors {
                self.blame(error, &files);
            }
            if before == (self.unfit.len(), self.kept_const.len()) {
                let told: Vec<_> = errors.iter().map(|error| error.rendered.as_str()).collect();
                return Err(format!("these errors are of no mutant:\n{}", told.concat()));
            }
        }
        Err(format!("it doesn't compile after {ROUNDS_MAX} rounds"))
    }

    fn written(&mut self, mutants: &[Mutant]) -> Result<BTreeMap<String, Switched>, String> {
        let mut by_file: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
        for mutant in mutants {
            // A file of which no mutant is left is written too: without any.
            let fit = by_file.entry(&mutant.file).or_default();
            if !self.unfit.contains_key(&mutant.number) {
                fit.push(mutant);
            }
        }
        let mut files = BTreeMap::new();
        for (name, mutants) in by_file {
            let failed = |error: String| format!("{name}: {error}");
            let text = fs::read_to_string(self.root.join(name)).map_err(|error| failed(error.to_string()))?;
            let switched = switch(&text, &mutants, &self.kept_const).map_err(failed)?;
            write(&self.copy.join(name), switched.text.as_bytes())?;
            for (number, why) in &switched.without {
                let unfit = match *why {
                    crate::switch::BESIDE_LET => Unfit::Unbuilt((*why).to_owned()),
                    why => Unfit::Switchless(why.to_owned()),
                };
                self.unfit.insert(*number, unfit);
            }
            files.insert(name.to_owned(), switched);
        }
        let packages: BTreeSet<&str> = mutants.iter().filter_map(Mutant::package).collect();
        for package in packages {
            self.add_module(package)?;
        }
        Ok(files)
    }

    fn add_module(&self, package: &str) -> Result<(), String> {
        let sources = Path::new(package).join("src");
        write(&self.copy.join(&sources).join(format!("{MODULE}.rs")), include_bytes!("mutation_switch.rs"))?;
        let root = sources.join("lib.rs");
        let text = fs::read_to_string(self.root.join(&root))
            .map_err(|error| format!("{}: {error}", root.display()))?;
        write(&self.copy.join(root), format!("{text}#[doc(hidden)]\npub mod {MODULE};\n").as_bytes())
    }

    fn cargo(&self, command: &str, config: &Config) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([command, "--message-format=json", "--profile", &config.profile]);
        cargo.args(config.packages.iter().map(|package| format!("--package={package}")));
        cargo.current_dir(&self.copy).env("CARGO_TARGET_DIR", &self.target).stderr(Stdio::null());
        // What the project's lints refuse compiles in a mutant too.
        cargo.env("RUSTFLAGS", "--cap-lints=allow");
        cargo
    }

    fn errors(&self, config: &Config) -> Result<Vec<Fault>, String> {
        let output =
            self.cargo("check", config).arg("--lib").output().map_err(|error| format!("cargo: {error}"))?;
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let messages = lines
            .lines()
            .filter_map(|line| serde_json::from_str::<Line>(line).ok())
            .filter_map(|line| line.message);
        // A count of the errors has no place.
        let errors: Vec<_> =
            messages.filter(|fault| fault.level == "error" && !fault.spans.is_empty()).collect();
        match errors.is_empty() && !output.status.success() {
            true => Err("the copy doesn't build, without an error that has a place".to_owned()),
            false => Ok(errors),
        }
    }

    /// Leaves out the mutant that an error is of, or gives a function its `const` back.
    fn blame(&mut self, fault: &Fault, files: &BTreeMap<String, Switched>) {
        let code = fault.code.as_ref().map_or("", |code| code.code.as_str());
        let primary_first = fault.spans.iter().filter(|span| span.is_primary).chain(&fault.spans);
        let found = primary_first.flat_map(FaultSpan::calls).find_map(|span| {
            let bytes = Range { start: span.byte_start, end: span.byte_end };
            files.get(&span.file_name)?.mutant_at(&bytes)
        });
        match found {
            // A switch is no constant.
            Some(number) if code == "E0015" => {
                self.unfit.insert(number, Unfit::Switchless("it is in a constant".to_owned()));
            }
            Some(number) => {
                self.unfit
                    .entry(number)
                    .or_insert_with(|| Unfit::Unbuilt(format!("{code} {}", fault.message)));
            }
            None if code == "E0015" => {
                let path = fault.message.split('`').nth(1).unwrap_or("");
                self.kept_const.insert(path.rsplit("::").next().unwrap_or(path).to_owned());
            }
            // A `match` that lacks an arm, of which any may be the one: the last may be for all the rest.
            None if code == "E0004" => {
                let primary = fault.spans.iter().find(|span| span.is_primary);
                let arms =
                    primary.and_then(|span| Some(files.get(&span.file_name)?.arms_at(span.byte_start)));
                let arms = arms.unwrap_or(&[]);
                let again = arms.iter().any(|arm| self.lacking.contains(arm));
                let blamed = if again { arms } else { arms.split_at(arms.len().saturating_sub(1)).1 };
                self.lacking.extend(arms);
                for number in blamed {
                    self.unfit.insert(*number, Unfit::Unbuilt(format!("{code} {}", fault.message)));
                }
            }
            None => {}
        }
    }

    /// Builds the tests that the configuration names, or all of its packages, and gives each program with the folder that it is run in.
    pub(crate) fn tests(&self, config: &Config, all: bool) -> Result<Vec<(PathBuf, PathBuf)>, String> {
        let mut command = self.cargo("test", config);
        if all {
            command.arg(PROGRAM).args(["--lib", "--bins", "--tests"]);
        } else {
            command.args(&config.targets);
        }
        let output = command.arg("--no-run").output();
        let output = output.map_err(|error| format!("cargo: {error}"))?;
        if !output.status.success() {
            return Err("the tests of the copy don't build".to_owned());
        }
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let built = lines.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        Ok(built
            .filter_map(|line| Some((line.executable?, line.manifest_path?.parent()?.to_owned())))
            .collect())
    }
}

/// A line of what cargo says as JSON.
#[derive(Debug, Deserialize)]
struct Line {
    message: Option<Fault>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<FaultSpan>,
    #[serde(default)]
    rendered: String,
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

#[derive(Debug, Deserialize)]
struct FaultSpan {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

/// Where the macro is called that a span is in.
#[derive(Debug, Deserialize)]
struct Expansion {
    span: FaultSpan,
}

impl FaultSpan {
    /// The span, and the calls of macros that it came from.
    fn calls(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |span| span.expansion.as_ref().map(|expansion| &expansion.span))
    }
}

fn tracked(root: &Path) -> Result<Vec<String>, String> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git: {error}"))?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(names.split_terminator('\0').filter(|name| root.join(name).is_file()).map(str::to_owned).collect())
}

/// Leaves a file alone that has these bytes already: cargo goes by its time.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if fs::read(path).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    fs::write(path, bytes).map_err(failed)
}
