use std::fs;
use std::path::{Path, PathBuf};

use gatelaw::codes::files as code;
use gatelaw::diagnostic::Code;
use gatelaw::limits::SOURCE_BYTES_MAX;

use super::*;

/// A folder for one test, with these files in it.
pub(super) fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
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
    let folder = folder(&[("p.gatelaw", b"GATELAW\0\x03\x00")]);
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
    let folder =
        folder(&[("policy/a.gate", b""), ("policy/lists/ips.txt", b"10.0.0.1\n"), ("secret.txt", b"secret")]);
    let root = folder.path().join("policy").canonicalize().unwrap();
    assert_eq!(read_list(&root, "lists/ips.txt"), Ok(b"10.0.0.1\n".to_vec()));
    let outside = |name: &str| read_list(&root, name).unwrap_err().contains("not below the policy's folder");
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
