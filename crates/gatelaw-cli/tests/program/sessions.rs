//! Holds the program to recorded sessions: `tests/sessions/NAME.txt`, run in a copy of the folder `tests/sessions/NAME`.
//!
//! A session is a list of commands, each with what it wrote and its exit code:
//!
//! ```text
//! $ gatelaw check policy
//! 2| error[G0107]: …
//! exit 1
//! ```
//!
//! Digests and figures of plans are masked (`sha256:…`, `N`), and the folder itself (`HERE`). `1|` is stdout, `2|` is stderr, `< FILE` behind a command is its stdin. Comments begin with `#`. To record again after a
//! change, run the test with `GATELAW_BLESS=1` and read the difference.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::Folder;

#[test]
fn every_session_runs_as_recorded() {
    let sessions = sessions();
    assert!(!sessions.is_empty());
    let changed: Vec<String> =
        sessions.iter().filter_map(|path| difference(path, &copy_of(&path.with_extension("")))).collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

fn sessions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let mut sessions: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sessions.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    sessions.sort();
    sessions
}

fn copy_of(files: &Path) -> Folder {
    let folder = Folder::new();
    if files.is_dir() {
        folder.copy(files);
    }
    folder
}

/// Runs one session in a folder; the text says where it is not as recorded.
pub(crate) fn difference(path: &Path, folder: &Folder) -> Option<String> {
    let recorded = fs::read_to_string(path).unwrap();
    let ran = run(&recorded, path, folder);
    if ran == recorded {
        return None;
    }
    if std::env::var_os("GATELAW_BLESS").is_some() {
        fs::write(path, ran).unwrap();
        return None;
    }
    Some(format!("{} is not as recorded. Recorded:\n{recorded}\nRan:\n{ran}", path.display()))
}

fn run(recorded: &str, path: &Path, folder: &Folder) -> String {
    let mut ran = String::new();
    for line in recorded.lines() {
        if line.starts_with('#') || line.is_empty() {
            writeln!(ran, "{line}").unwrap();
        } else if let Some(command) = line.strip_prefix("$ gatelaw") {
            writeln!(ran, "{line}").unwrap();
            run_command(folder, command.trim_start(), &mut ran);
        } else {
            let is_output = line.starts_with("1|") || line.starts_with("2|") || line.starts_with("exit ");
            assert!(is_output, "{}: what is `{line}`?", path.display());
        }
    }
    ran
}

fn run_command(folder: &Folder, command: &str, ran: &mut String) {
    let (command, stdin) = match command.split_once(" < ") {
        Some((command, file)) => (command, fs::read(folder.path(file)).unwrap()),
        None => (command, Vec::new()),
    };
    let arguments: Vec<&str> = command.split_whitespace().collect();
    let run = folder.run_with(&arguments, &stdin);
    let here = folder.path("").canonicalize().unwrap();
    for (prefix, text) in [("1|", &run.stdout), ("2|", &run.stderr)] {
        for line in text.lines() {
            let line = masked(&line.replace(here.to_str().unwrap(), "HERE"));
            writeln!(ran, "{}", format!("{prefix} {line}").trim_end()).unwrap();
        }
    }
    writeln!(ran, "exit {}", run.exit).unwrap();
}

/// Masks what another compiler may build otherwise for the same policy: digests, and figures of the plan.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    for (index, part) in line.split("sha256:").enumerate() {
        let (digest, rest) = part.split_at(if index == 0 { 0 } else { part.len().min(64) });
        let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        masked += if index == 0 { "" } else { "sha256:" };
        masked += if is_digest { "…" } else { digest };
        masked += rest;
    }
    let is_message = masked.starts_with("error[");
    let is_figure =
        ["bytes", "words of", "values and", "classes of", "states of", "values that", "variables"];
    let figure = masked.trim_start_matches(' ').trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
    let in_column =
        masked.starts_with("    ") && !masked.trim_start().starts_with(figure) && figure.starts_with("  ");
    if !is_message && (in_column || is_figure.iter().any(|word| masked.contains(word))) {
        without_digits(&masked)
    } else {
        masked
    }
}

fn without_digits(line: &str) -> String {
    let mut masked = String::new();
    for c in line.chars() {
        match c {
            '0'..='9' if masked.ends_with('N') => {}
            '0'..='9' => masked.push('N'),
            ',' if masked.ends_with('N') && !line.contains('{') => {}
            c => masked.push(c),
        }
    }
    // Figures stand in a column: the masked ones in a column of their own.
    if masked.trim_start().starts_with("N  ") { format!("  {}", masked.trim_start()) } else { masked }
}
