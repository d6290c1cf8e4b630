//! Policies on disk: folders, `.gate` files, the files that lists are read from, and artifacts.
//!
//! The core does no I/O; this is the one place that reads policies for it. A policy is one folder, or several paths that
//! together make one policy. Its *root* is that folder, or the deepest folder that holds all the paths. Files are named
//! relative to the root with `/` on every system, so that the same sources give the same bytes everywhere.

mod memory;
mod problems;
#[cfg(test)]
mod tests;
mod walk;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use gatelaw::ast::{Item, ListEntries};
use gatelaw::diagnostic::Diagnostic;
use gatelaw::limits::{ARTIFACT_BYTES_MAX, LIST_FILE_BYTES_MAX, SOURCE_BYTES_MAX};
use gatelaw::source::{ListText, Source, Sources};

pub use memory::from_memory;
use problems::{byte_order_mark, mebibytes, not_utf8, nothing_found, too_large, unreadable};
use walk::Walk;

/// Holds the texts of a policy as they stand on disk.
#[derive(Debug, Clone, Default)]
pub struct PolicyFiles {
    /// Every text that could be read, by name; and what the lists among them are read from.
    pub sources: Sources,
    /// Where each of the `.gate` files is, by [`gatelaw::source::FileId`]: as the user would open it.
    pub paths: Vec<PathBuf>,
    /// The way from the working folder to the policy's root, empty or ending in `/`: before a name of a source, it makes a
    /// path that the user can open.
    pub folder: String,
    /// What could not be read, and why. Where this is not empty, the policy is not whole and must not be compiled.
    pub problems: Vec<Diagnostic>,
}

/// Holds what stands at a path that may be a policy or an artifact.
#[derive(Debug, Clone)]
pub enum PolicyInput {
    /// The texts of a policy.
    Files(PolicyFiles),
    /// The bytes of an artifact, not yet checked, and where they are from.
    Artifact(PathBuf, Vec<u8>),
}

/// Reads a policy, as [`read`] does, or an artifact: one file that is not named `*.gate`.
///
/// # Errors
/// Says with a code why the artifact can't be read. What is wrong with a policy stands in [`PolicyFiles::problems`].
pub fn open(paths: &[PathBuf]) -> Result<PolicyInput, Box<Diagnostic>> {
    match paths {
        [path] if path.is_file() && !is_gate(path) => {
            Ok(PolicyInput::Artifact(path.clone(), read_artifact(path)?))
        }
        _ => Ok(PolicyInput::Files(read(paths))),
    }
}

/// Reads the bytes of an artifact, without checking them.
///
/// # Errors
/// Says with a code why the file can't be read.
pub fn read_artifact(path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
    match read_up_to(path, ARTIFACT_BYTES_MAX) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(too_large(path, ARTIFACT_BYTES_MAX).into()),
        Err(why) => Err(unreadable(path, &why).into()),
    }
}

/// Reads the policy that all of `paths` together make, with the files that its lists name.
///
/// A path is a folder, read with all folders below it, or a `.gate` file. In folders, only names that end in `.gate` are
/// read, and names that begin with `.` are not. Links are followed; what is reached twice is read once.
#[must_use]
pub fn read(paths: &[PathBuf]) -> PolicyFiles {
    let mut files = read_texts(paths);
    if let Some(root) = root_of(paths) {
        read_lists(&root, &mut files.sources);
    }
    files
}

/// Reads the `.gate` files at `paths` as [`read`] does, and no lists.
#[must_use]
pub fn read_texts(paths: &[PathBuf]) -> PolicyFiles {
    let mut walk = Walk::default();
    let root = root_of(paths);
    for path in paths {
        walk.start(path, root.as_deref());
    }
    if walk.found.is_empty() && walk.problems.is_empty() {
        walk.problems.push(nothing_found(paths));
    }
    walk.found.sort();
    let folder = root.as_deref().map_or_else(String::new, |root| folder_shown(paths, root));
    let mut files = PolicyFiles { folder, problems: walk.problems, ..PolicyFiles::default() };
    for (name, path) in walk.found {
        match read_text(&path) {
            Ok(text) => {
                files.sources.files.push(Source { name, text });
                files.paths.push(path);
            }
            Err(problem) => files.problems.push(*problem),
        }
    }
    files
}

/// Finds the folder that names and lists are relative to: the deepest one that holds every path.
fn root_of(paths: &[PathBuf]) -> Option<PathBuf> {
    let mut folders = paths.iter().filter_map(|path| folder_of(path));
    let first = folders.next()?;
    Some(folders.fold(first, |root, folder| {
        let shared = root.components().zip(folder.components()).take_while(|(a, b)| a == b);
        shared.map(|(component, _)| component).collect()
    }))
}

/// Finds the folder of one path, without links: the path itself, or where the file is.
fn folder_of(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return path.canonicalize().ok();
    }
    match path.parent()? {
        here if here.as_os_str().is_empty() => Path::new(".").canonicalize().ok(),
        folder => folder.canonicalize().ok(),
    }
}

/// Names the root as the user did, where one path was given; else from the working folder, where it is below that.
fn folder_shown(paths: &[PathBuf], root: &Path) -> String {
    let shown = match paths {
        [path] if path.is_dir() => path.clone(),
        [path] => path.parent().unwrap_or(Path::new("")).to_owned(),
        _ => {
            let here = Path::new(".").canonicalize().unwrap_or_default();
            root.strip_prefix(&here).unwrap_or(root).to_owned()
        }
    };
    let mut shown = shown.strip_prefix(".").unwrap_or(&shown).display().to_string();
    if !shown.is_empty() && !shown.ends_with('/') {
        shown.push('/');
    }
    shown
}

fn is_gate(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gate")
}

/// Reads the text of one `.gate` file.
fn read_text(path: &Path) -> Result<String, Box<Diagnostic>> {
    let bytes = match read_up_to(path, SOURCE_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(too_large(path, SOURCE_BYTES_MAX).into()),
        Err(why) => return Err(unreadable(path, &why).into()),
    };
    text_of(path, bytes)
}

/// Takes the bytes of a `.gate` file as its text; `path` names them in what is said.
///
/// # Errors
/// Where they are not UTF-8, or begin with a byte order mark.
pub fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Diagnostic>> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(byte_order_mark(path).into());
    }
    String::from_utf8(bytes)
        .map_err(|error| not_utf8(path, error.as_bytes(), error.utf8_error().valid_up_to()).into())
}

/// Reads a file whole; `None` where it is larger than `bytes_max`. The error says why not, in words.
fn read_up_to(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, String> {
    // Asked before opening: opening a pipe would wait for someone to write to it.
    let found = fs::metadata(path).map_err(|error| reason(&error))?;
    if found.is_dir() {
        return Err("it is a folder".into());
    }
    if !found.is_file() {
        return Err("it is no regular file".into());
    }
    let one_too_many = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(one_too_many).read_to_end(&mut bytes));
    read.map_err(|error| reason(&error))?;
    Ok((bytes.len() <= bytes_max).then_some(bytes))
}

/// Reads every file that a list of the policy names.
fn read_lists(root: &Path, sources: &mut Sources) {
    let (ast, _) = gatelaw::parse::parse(sources);
    for item in ast.items {
        if let Item::List(list) = item
            && let ListEntries::File(name) = list.entries
        {
            sources.lists.entry(name.node).or_insert_with_key(|name| read_list(root, name));
        }
    }
}

/// Reads the file of one list: below the root, also once links are followed.
fn read_list(root: &Path, name: &str) -> ListText {
    let outside = || format!("`{name}` is not below the policy's folder");
    if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(outside());
    }
    let path = root.join(name).canonicalize().map_err(|error| reason(&error))?;
    if !path.starts_with(root) {
        return Err(format!("{}: a link leads out of it", outside()));
    }
    read_up_to(&path, LIST_FILE_BYTES_MAX)?
        .ok_or_else(|| format!("it is larger than {}", mebibytes(LIST_FILE_BYTES_MAX)))
}

/// Says why the system refused to read or write, in words and without its error number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission is denied".into(),
        _ => {
            let text = error.to_string();
            let words = text.split(" (os error").next().unwrap_or(&text);
            words.to_lowercase()
        }
    }
}
