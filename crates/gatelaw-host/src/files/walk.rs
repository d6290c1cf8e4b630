//! Finds the `.gate` files of a policy.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gatelaw::diagnostic::Diagnostic;
use gatelaw::limits::NESTING_MAX;

use super::problems::{cycle, no_policy, too_deep, unnameable, unreadable};
use super::{folder_of, is_gate, reason};

/// What a walk over folders has found so far.
#[derive(Default)]
pub(super) struct Walk {
    /// Files by the name they have in the policy, each with its path.
    pub(super) found: Vec<(String, PathBuf)>,
    /// Files and folders that were reached, without links.
    seen: BTreeSet<PathBuf>,
    /// The folders that are being read, from the outermost in, without links.
    open: Vec<PathBuf>,
    /// What could not be read.
    pub(super) problems: Vec<Diagnostic>,
}

impl Walk {
    /// Walks one path that the user gave.
    pub(super) fn start(&mut self, path: &Path, root: Option<&Path>) {
        let is_folder = match fs::metadata(path) {
            Ok(found) => found.is_dir(),
            Err(error) => return self.problems.push(unreadable(path, &reason(&error))),
        };
        let Some(prefix) = folder_of(path).and_then(|folder| name_below(root?, &folder)) else {
            return self.problems.push(unnameable(path));
        };
        if is_gate(path) {
            self.file(path, &prefix);
        } else if is_folder {
            self.folder(path, &prefix);
        } else {
            self.problems.push(no_policy(path));
        }
    }

    /// Reads what stands in a folder, in the order of names, and follows the folders in it.
    fn folder(&mut self, path: &Path, prefix: &str) {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.problems.push(unreadable(path, &reason(&error))),
        };
        if self.open.contains(&real) {
            return self.problems.push(cycle(path, &real));
        }
        if self.open.len() >= usize::try_from(NESTING_MAX).unwrap_or(usize::MAX) {
            return self.problems.push(too_deep(path));
        }
        if !self.seen.insert(real.clone()) {
            return;
        }
        self.open.push(real);
        match names_in(path) {
            Ok(names) => names.iter().for_each(|name| self.entry(&path.join(name), prefix)),
            Err(error) => self.problems.push(unreadable(path, &reason(&error))),
        }
        self.open.pop();
    }

    /// Looks at one thing in a folder.
    fn entry(&mut self, path: &Path, prefix: &str) {
        if is_gate(path) {
            return self.file(path, prefix);
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => match path.file_name().and_then(|name| name.to_str()) {
                Some(name) => self.folder(path, &format!("{prefix}{name}/")),
                None => self.problems.push(unnameable(path)),
            },
            Ok(_) => {}
            // A link to nowhere may have been a folder of denies: leaving it out could allow what they forbid.
            Err(error) => self.problems.push(unreadable(path, &reason(&error))),
        }
    }

    /// Notes one `.gate` file.
    fn file(&mut self, path: &Path, prefix: &str) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return self.problems.push(unnameable(path));
        };
        match path.canonicalize() {
            Ok(real) => {
                if self.seen.insert(real) {
                    self.found.push((format!("{prefix}{name}"), path.into()));
                }
            }
            Err(error) => self.problems.push(unreadable(path, &reason(&error))),
        }
    }
}

/// Lists the names in a folder that are not hidden, sorted.
fn names_in(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .filter(|name| !matches!(name, Ok(name) if name.as_encoded_bytes().starts_with(b".")))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Writes the way from the root to a folder, with `/` behind every part: `` or `teams/orders/`.
fn name_below(root: &Path, folder: &Path) -> Option<String> {
    let mut name = String::new();
    for component in folder.strip_prefix(root).ok()?.components() {
        name.push_str(component.as_os_str().to_str()?);
        name.push('/');
    }
    Some(name)
}
