//! Holds every code to a bad policy with exactly what the program says of it: `policies/errors/GNNNN-…/`.
//!
//! `expected.txt` is a session, as in [`crate::sessions`], run in a copy of its folder. What git can't hold is made before, by
//! the lines of `make.txt`:
//!
//! | line | makes |
//! |---|---|
//! | `repeat FILE COUNT TEXT` | a file of the text so many times, `{n}` being the number and `\n` a line break |
//! | `bytes FILE HEX` | a file of bytes |
//! | `name HEX` | an empty file of which the name is these bytes |
//! | `link NAME TARGET` | a symbolic link |

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::sessions;

#[test]
fn every_error_is_told_as_recorded() {
    let changed: Vec<String> = folders().iter().filter_map(|folder| difference(folder)).collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn every_code_has_a_folder_and_no_folder_lacks_a_code() {
    let all: BTreeSet<String> =
        gatelaw::codes::all().iter().map(|code| format!("G{:04}", code.number)).collect();
    let found: Vec<String> = folders().iter().map(|folder| code_of(folder)).collect();
    assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), all);
    assert_eq!(found.len(), all.len(), "a code has two folders");
}

/// One mistake, one error: else a reader can't tell which is the cause.
#[test]
fn every_folder_shows_its_own_code_alone() {
    for folder in folders() {
        let told = fs::read_to_string(folder.join("expected.txt")).unwrap();
        let marks = ["2| error[", "2| warning["];
        let codes: BTreeSet<&str> = told
            .lines()
            .filter_map(|line| marks.iter().find_map(|mark| line.strip_prefix(mark)))
            .filter_map(|line| line.split(']').next())
            .collect();
        assert_eq!(codes, BTreeSet::from([code_of(&folder).as_str()]), "{}", folder.display());
    }
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/errors");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The code with which the name of a folder begins.
fn code_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned()
}

fn difference(folder: &Path) -> Option<String> {
    let copy = Folder::new();
    copy.copy(folder);
    if let Ok(lines) = fs::read_to_string(folder.join("make.txt")) {
        lines.lines().for_each(|line| make(&copy, line));
    }
    sessions::difference(&folder.join("expected.txt"), &copy)
}

fn make(folder: &Folder, line: &str) {
    let words: Vec<&str> = line.splitn(4, ' ').collect();
    match words.as_slice() {
        ["repeat", file, count, text] => {
            let text = text.replace("\\n", "\n");
            let times = 0..count.parse().unwrap();
            folder.write(file, times.map(|n: u32| text.replace("{n}", &n.to_string())).collect::<String>());
        }
        ["bytes", file, hex] => folder.write(file, bytes(hex)),
        ["name", hex] => name(folder, &bytes(hex)),
        ["link", name, target] => link(target, &folder.path(name)),
        _ => panic!("what is `{line}`?"),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[cfg(unix)]
fn name(folder: &Folder, bytes: &[u8]) {
    use std::os::unix::ffi::OsStrExt;
    fs::write(folder.path("").join(std::ffi::OsStr::from_bytes(bytes)), "").unwrap();
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(target, path).unwrap();
}
