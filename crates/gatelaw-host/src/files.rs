//! Policies on disk: folders, `.gate` files, the files that lists are read from, and artifacts.
//!
//! The core does no I/O; this is the one place that reads policies for it. A policy is one folder, or several paths that
//! together make one policy. Its *root* is that folder, or the deepest folder that holds all the paths. Files are named
//! relative to the root with `/` on every system, so that the same sources give the same bytes everywhere.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use gatelaw::artifact::MAGIC;
use gatelaw::ast::{Item, ListEntries};
use gatelaw::diagnostic::{Code, Diagnostic};
use gatelaw::limits::{ARTIFACT_BYTES_MAX, LIST_FILE_BYTES_MAX, NESTING_MAX, SOURCE_BYTES_MAX};
use gatelaw::source::{ListText, Source, Sources};

use gatelaw::codes::files as code;

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

/// What a walk over folders has found so far.
#[derive(Default)]
struct Walk {
    /// Files by the name they have in the policy, each with its path.
    found: Vec<(String, PathBuf)>,
    /// Files and folders that were reached, without links.
    seen: BTreeSet<PathBuf>,
    /// The folders that are being read, from the outermost in, without links.
    open: Vec<PathBuf>,
    problems: Vec<Diagnostic>,
}

impl Walk {
    /// Walks one path that the user gave.
    fn start(&mut self, path: &Path, root: Option<&Path>) {
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

fn problem(code: Code, message: String, help: &[&str]) -> Diagnostic {
    let help = help.iter().map(|way| (*way).to_owned()).collect();
    Diagnostic { code, message, span: None, list_line: None, labels: Vec::new(), help }
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    problem(code::UNREADABLE, format!("can't read `{}`: {why}", path.display()), &[])
}

fn nothing_found(paths: &[PathBuf]) -> Diagnostic {
    let paths = paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ");
    let message = format!("no `.gate` file in {paths}");
    problem(
        code::NOTHING_FOUND,
        message,
        &[
            "give the folder your policy is in; names that begin with `.` are not looked at",
            "or make a first policy: `gatelaw init DIR`",
        ],
    )
}

fn cycle(path: &Path, real: &Path) -> Diagnostic {
    let message = format!("a cycle of folders: `{}` leads back to `{}`", path.display(), real.display());
    problem(code::CYCLE, message, &["remove the link: its files are read where they stand"])
}

fn too_deep(path: &Path) -> Diagnostic {
    let message = format!("`{}` is more than {NESTING_MAX} folders deep", path.display());
    problem(code::TOO_DEEP, message, &["give the folder that holds the policy itself"])
}

fn no_policy(path: &Path) -> Diagnostic {
    let is_artifact =
        matches!(read_up_to(path, ARTIFACT_BYTES_MAX), Ok(Some(bytes)) if bytes.starts_with(&MAGIC));
    if is_artifact {
        let message =
            format!("`{}` is an artifact: it was compiled, and holds no policy text", path.display());
        return problem(
            code::NO_POLICY,
            message,
            &["give the policy it was compiled from", "or look into it: `gatelaw inspect`"],
        );
    }
    let message =
        format!("`{}` is no policy: it is no folder, and its name does not end in `.gate`", path.display());
    problem(code::NO_POLICY, message, &["give a folder or `.gate` files"])
}

fn unnameable(path: &Path) -> Diagnostic {
    let message = format!("`{}` has no name that a policy can carry", path.display());
    problem(code::UNNAMEABLE, message, &["rename what is not UTF-8", "or put all paths below one folder"])
}

fn not_utf8(path: &Path, bytes: &[u8], valid_up_to: usize) -> Diagnostic {
    let (before, rest) = bytes.split_at_checked(valid_up_to).unwrap_or((bytes, &[]));
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let found = rest.first().copied().unwrap_or_default();
    let message = format!("`{}` is not UTF-8: byte 0x{found:02X} on line {line}", path.display());
    problem(code::NOT_UTF8, message, &["save the file as UTF-8"])
}

fn byte_order_mark(path: &Path) -> Diagnostic {
    let message = format!("`{}` begins with a byte order mark", path.display());
    problem(code::BYTE_ORDER_MARK, message, &["save the file as UTF-8 without BOM"])
}

fn too_large(path: &Path, bytes_max: usize) -> Diagnostic {
    let message = format!("`{}` is larger than {}", path.display(), mebibytes(bytes_max));
    let help = [
        "split the policy into several files",
        "or keep long lists in files of their own: `list NAME: ip from \"lists/name.txt\"`",
    ];
    problem(code::TOO_LARGE, message, if is_gate(path) { &help } else { &[] })
}

fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder for one test, with these files in it.
    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn read_one(path: &Path) -> PolicyFiles {
        read(&[path.to_owned()])
    }

    fn names(files: &PolicyFiles) -> Vec<&str> {
        files.sources.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[track_caller]
    fn check_problem(paths: &[PathBuf], code: Code, says: &str) {
        let files = read(paths);
        let [problem] = files.problems.as_slice() else { panic!("{:?}", files.problems) };
        assert_eq!(problem.code, code);
        assert!(problem.message.contains(says), "{}", problem.message);
    }

    #[test]
    fn a_folder_is_read_with_all_below_it_and_names_are_sorted() {
        let files: [(&str, &[u8]); 6] = [
            ("b.gate", b"role b"),
            ("a.gate", b"role a"),
            ("teams/orders/z.gate", b"role z"),
            ("notes.txt", b"\xFF"),
            (".hidden.gate", b"\xFF"),
            (".git/x.gate", b"\xFF"),
        ];
        let folder = folder(&files);
        let read = read_one(folder.path());
        assert_eq!(read.problems, []);
        assert_eq!(names(&read), ["a.gate", "b.gate", "teams/orders/z.gate"]);
        assert_eq!(read.paths[2], folder.path().join("teams/orders/z.gate"));
        assert_eq!(read.sources.files[2].text, "role z");
    }

    #[test]
    fn several_paths_are_one_policy_and_nothing_is_read_twice() {
        let folder = folder(&[("a/x.gate", b""), ("a/y.gate", b""), ("b/x.gate", b"")]);
        let at = |name: &str| folder.path().join(name);
        assert_eq!(names(&read(&[at("b"), at("a/y.gate"), at("a")])), ["a/x.gate", "a/y.gate", "b/x.gate"]);
        assert_eq!(names(&read(&[at("a/y.gate"), at("a/x.gate")])), ["x.gate", "y.gate"]);
    }

    #[test]
    fn each_unreadable_thing_is_named_and_the_others_are_read() {
        let folder = folder(&[
            ("a.gate", b"role a"),
            ("b.gate", b"role \xE9"),
            ("c.gate/x", b""),
            ("d.gate", b"\xEF\xBB\xBFrole d"),
        ]);
        fs::write(folder.path().join("e.gate"), vec![b'#'; SOURCE_BYTES_MAX + 1]).unwrap();
        let read = read_one(folder.path());
        assert_eq!(names(&read), ["a.gate"]);
        let codes: Vec<Code> = read.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code::NOT_UTF8, code::UNREADABLE, code::BYTE_ORDER_MARK, code::TOO_LARGE]);
    }

    #[test]
    fn a_file_of_4_mib_is_read() {
        let folder = folder(&[("a.gate", &vec![b'#'; SOURCE_BYTES_MAX])]);
        assert_eq!(read_one(folder.path()).problems, []);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_with_their_line() {
        let folder = folder(&[("a.gate", b"role a\n\nrole \xE9\n")]);
        check_problem(&[folder.path().into()], code::NOT_UTF8, "byte 0xE9 on line 3");
    }

    #[test]
    fn nothing_to_read_is_a_problem() {
        let folder = folder(&[("notes.txt", b""), (".hidden.gate", b"")]);
        check_problem(&[folder.path().into()], code::NOTHING_FOUND, "no `.gate` file in");
        check_problem(&[folder.path().join("missing")], code::UNREADABLE, "there is no such file or folder");
        check_problem(&[folder.path().join("notes.txt")], code::NO_POLICY, "is no policy");
    }

    #[test]
    fn an_artifact_is_no_policy_text() {
        let folder = folder(&[("p.gatelaw", b"GATELAW\0\x01\x00")]);
        let path = folder.path().join("p.gatelaw");
        check_problem(std::slice::from_ref(&path), code::NO_POLICY, "is an artifact");
        assert!(matches!(open(&[path]), Ok(PolicyInput::Artifact(_, bytes)) if bytes.len() == 10));
    }

    #[cfg(unix)]
    #[test]
    fn a_cycle_of_folders_is_a_problem_and_a_second_way_to_a_folder_is_not() {
        use std::os::unix::fs::symlink;
        let folder = folder(&[("a/x.gate", b""), ("b/y.gate", b"")]);
        symlink("../b", folder.path().join("a/other")).unwrap();
        assert_eq!(names(&read_one(folder.path())), ["a/other/y.gate", "a/x.gate"]);
        symlink("../a", folder.path().join("b/back")).unwrap();
        check_problem(&[folder.path().into()], code::CYCLE, "a/other/back` leads back to");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_a_problem() {
        let folder = folder(&[("x.gate", b"")]);
        std::os::unix::fs::symlink("nowhere", folder.path().join("denies")).unwrap();
        check_problem(&[folder.path().into()], code::UNREADABLE, "denies`: there is no such file or folder");
    }

    #[test]
    fn folders_are_read_to_a_counted_depth() {
        let deep = "d/".repeat(63) + "x.gate";
        let folder = folder(&[(&deep, b"")]);
        assert_eq!(read_one(folder.path()).problems, []);
        fs::create_dir(folder.path().join("d/".repeat(64))).unwrap();
        check_problem(&[folder.path().into()], code::TOO_DEEP, "64 folders deep");
    }

    #[test]
    fn lists_are_read_below_the_root_and_nowhere_else() {
        let folder = folder(&[
            ("policy/a.gate", b""),
            ("policy/lists/ips.txt", b"10.0.0.1\n"),
            ("secret.txt", b"secret"),
        ]);
        let root = folder.path().join("policy").canonicalize().unwrap();
        assert_eq!(read_list(&root, "lists/ips.txt"), Ok(b"10.0.0.1\n".to_vec()));
        let outside =
            |name: &str| read_list(&root, name).unwrap_err().contains("not below the policy's folder");
        assert!(outside("../secret.txt"));
        assert!(outside("lists/../../secret.txt"));
        assert!(outside(root.join("lists/ips.txt").to_str().unwrap()));
        assert_eq!(read_list(&root, "lists"), Err("it is a folder".into()));
        assert_eq!(read_list(&root, "lists/no.txt"), Err("there is no such file or folder".into()));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../../secret.txt", root.join("lists/linked.txt")).unwrap();
            assert!(outside("lists/linked.txt"));
        }
    }
}
