//! `gatelaw init`: a small tested project to start from.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use gatelaw::codes::files as code;
use gatelaw::diagnostic::Diagnostic;

use crate::answer::{Answer, Failure};
use crate::args::InitArguments;
use crate::output::write_whole;
use crate::terminal::Terminal;

/// The files of the project, by their paths in it.
const FILES: [(&str, &str); 5] = [
    ("README.md", include_str!("starter/README.md")),
    ("policy/api.gate", include_str!("starter/policy/api.gate")),
    ("policy/tests.gate", include_str!("starter/policy/tests.gate")),
    ("policy/lists/blocked.txt", include_str!("starter/policy/lists/blocked.txt")),
    ("requests.jsonl", include_str!("starter/requests.jsonl")),
];

/// Makes the project, or refuses and leaves the folder as it is.
pub(crate) fn run(arguments: &InitArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let folder = &arguments.folder;
    let was_there = match holds(folder) {
        Ok(None) => folder.exists(),
        Ok(Some(name)) => return Err(not_empty(folder, &name)),
        Err(error) => return Err(Failure::writing(folder, &error)),
    };
    if let Err(error) = write_files(folder) {
        remove_files(folder, was_there);
        return Err(Failure::writing(folder, &error));
    }
    terminal.say(&welcome(folder))?;
    Ok(Answer::Yes)
}

/// Names something that the folder already holds, other than `.git`: a repository made for the policy is empty still.
fn holds(folder: &Path) -> io::Result<Option<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let names =
        entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<BTreeSet<_>>>()?;
    Ok(names.iter().find(|name| *name != ".git").map(|name| name.to_string_lossy().into_owned()))
}

fn not_empty(folder: &Path, name: &str) -> Failure {
    let message = format!("`{}` is not empty: it holds `{name}`; nothing was written", folder.display());
    Diagnostic::nowhere(code::NOT_EMPTY, message).help("name a folder that is new or empty").into()
}

fn write_files(folder: &Path) -> io::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        write_whole(&path, text.as_bytes())?;
    }
    Ok(())
}

/// Takes back what [`write_files`] made before it failed: the folder held nothing else.
fn remove_files(folder: &Path, was_there: bool) {
    for (name, _) in FILES {
        let _ = fs::remove_file(folder.join(name));
    }
    for name in ["policy/lists", "policy"] {
        let _ = fs::remove_dir(folder.join(name));
    }
    if !was_there {
        let _ = fs::remove_dir(folder);
    }
}

fn welcome(folder: &Path) -> String {
    let mut text = format!("made a project in {}\n", folder.display());
    for (name, _) in FILES {
        text += &format!("  {name}\n");
    }
    let policy = folder.join("policy");
    text + &format!("\nNext: gatelaw test {}\n", policy.display())
}
