//! `gatelaw init` makes a project that works as it stands, or nothing.

use crate::folder::Folder;

const FILES: [&str; 5] =
    ["README.md", "policy/api.gate", "policy/lists/blocked.txt", "policy/tests.gate", "requests.jsonl"];

#[test]
fn a_new_folder_becomes_a_project() {
    let folder = Folder::new();
    let run = folder.run(&["init", "deep/project"]);
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    assert_eq!(folder.files(), FILES.map(|name| format!("deep/project/{name}")));
    assert!(run.stdout.contains("gatelaw test deep/project/policy"), "{}", run.stdout);
}

#[test]
fn an_empty_folder_becomes_a_project_also_with_a_fresh_repository_in_it() {
    let folder = Folder::new().with(".git/HEAD", "");
    assert_eq!(folder.run(&["init", "."]).exit, 0);
    assert_eq!(folder.files().len(), FILES.len() + 1);
}

#[test]
fn a_folder_that_holds_something_is_left_as_it_is() {
    for name in ["notes.txt", ".hidden", "sub/x"] {
        let folder = Folder::new().with(name, "mine");
        let run = folder.run(&["init", "."]);
        assert_eq!((run.exit, run.stdout.as_str()), (3, ""));
        assert!(run.stderr.starts_with("error[G0020]: `.` is not empty: it holds `"), "{}", run.stderr);
        assert_eq!(folder.files(), [name]);
        assert_eq!(folder.read(name), "mine");
    }
}

#[test]
fn a_file_is_no_folder() {
    let folder = Folder::new().with("file", "mine");
    let run = folder.run(&["init", "file"]);
    assert_eq!((run.exit, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.starts_with("error[G0019]: can't write `file`: "), "{}", run.stderr);
    assert_eq!(folder.files(), ["file"]);
}
