//! Tries all mutants that cargo-mutants lists, from one build: see `docs/mutants.md`.

mod config;
mod list;
mod suite;
mod switch;
mod tree;
mod trial;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use list::Mutant;
use suite::Suite;
use tree::{Tree, Unfit};

const USAGE: &str = "\
usage: gatelaw-mutants [--config FILE] [--lanes COUNT] [--again | --whole] [WORD]

Tries the mutants that cargo-mutants lists and whose name has the WORD, COUNT at a time, and writes what came of each
to fates.tsv below target/switched. What a run before has written is kept: take the file away to try all anew.
--again tries those that lived on by the tests that weren't tried before, of all packages;
--whole by all tests of all packages, with all cases that they make, however long that takes.";

/// Which mutants are tried, and by which tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// All that have no fate, by the tests that the configuration names, with few cases.
    First,
    /// Those that lived on, by the tests of all packages that weren't tried before, with few cases.
    Again,
    /// Those that lived on, by all tests of all packages, with all cases.
    Whole,
}

#[derive(Debug)]
struct Args {
    config: PathBuf,
    lanes: usize,
    pass: Pass,
    word: String,
}

fn main() -> ExitCode {
    let Some(args) = args() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn args() -> Option<Args> {
    let mut args =
        Args { config: ".cargo/mutants.toml".into(), lanes: 1, pass: Pass::First, word: String::new() };
    let mut given = std::env::args().skip(1);
    while let Some(arg) = given.next() {
        match arg.as_str() {
            "--config" => args.config = given.next()?.into(),
            "--lanes" => args.lanes = given.next()?.parse().ok()?,
            "--again" => args.pass = Pass::Again,
            "--whole" => args.pass = Pass::Whole,
            word if word.starts_with('-') => return None,
            word => word.clone_into(&mut args.word),
        }
    }
    Some(args)
}

fn run(args: &Args) -> Result<(), String> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("the repository has no folder")?;
    let config_path = root.join(&args.config);
    let name = args.config.file_stem().and_then(|stem| stem.to_str()).unwrap_or("mutants");
    let folder = root.join("target").join("switched").join(name);
    let config = config::read(&config_path)?;
    let mutants = list::list(root, &config_path)?;
    println!("{} mutants", mutants.len());
    let mut tree = Tree::copied(root, &folder)?;
    tree.switched(&mutants, &config)?;
    let first = args.pass == Pass::First;
    let tried = folder.join("tried.txt");
    let known = if args.pass == Pass::Again { fs::read_to_string(&tried) } else { Ok(String::new()) };
    let built = tree.tests(&config, !first)?;
    let suite = Suite::watched(built, args.pass != Pass::Whole, &folder, &known.unwrap_or_default())?;
    let seconds: f64 = suite.tests.iter().map(|test| test.seconds).sum();
    println!("{} tests, {seconds:.0} s one after the other", suite.tests.len());
    try_all(args, &mutants, &tree.unfit, &suite, &folder.join("fates.tsv"))?;
    suite.note(&tried)
}

/// What is written of each mutant, by name: `caught`, its test, and so on.
fn known(path: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, fate)| (name.to_owned(), fate.to_owned()))
        .collect()
}

fn try_all(
    args: &Args,
    mutants: &[Mutant],
    unfit: &BTreeMap<u32, Unfit>,
    suite: &Suite,
    path: &Path,
) -> Result<(), String> {
    let before = known(path);
    let open = |mutant: &&Mutant| match before.get(&mutant.name) {
        Some(fate) => {
            args.pass != Pass::First && (fate.starts_with("lived") || fate.starts_with("unreached"))
        }
        None => args.pass == Pass::First,
    };
    let waiting: Vec<&Mutant> =
        mutants.iter().filter(|mutant| mutant.name.contains(&args.word)).filter(open).collect();
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let (file, next, start) = (Mutex::new(file), AtomicUsize::new(0), Instant::now());
    let record = trial::Record::default();
    let lane = || -> Result<(), String> {
        while let Some(mutant) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let fate = match unfit.get(&mutant.number) {
                Some(Unfit::Unbuilt(error)) => format!("unbuilt\t{error}"),
                Some(Unfit::Switchless(why)) => format!("switchless\t{why}"),
                None => trial::fate(suite, mutant, args.pass != Pass::Whole, &record)?.to_string(),
            };
            let line = format!("{}\t{}\n", mutant.name, fate.replace('\n', " "));
            if !fate.starts_with("caught") && !fate.starts_with("unbuilt") {
                print!("{:.0} s {line}", start.elapsed().as_secs_f64());
            }
            let mut file = file.lock().map_err(|_| "a lane stopped")?;
            file.write_all(line.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..args.lanes.max(1)).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().map_err(|_| "a lane stopped".to_owned())?)
    })?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for fate in known(path).into_values() {
        *counts.entry(fate.split('\t').next().unwrap_or("").to_owned()).or_default() += 1;
    }
    println!("{counts:?}");
    Ok(())
}
