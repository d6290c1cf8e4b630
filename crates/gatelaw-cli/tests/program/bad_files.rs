//! Files that are no policy: a message with a code says what, where and what to do; the exit code says it to scripts.

use std::fs;

use crate::folder::{Folder, Run};

/// The codes of all diagnostics, in the order they were said.
fn codes(run: &Run) -> Vec<&str> {
    let codes = run.stderr.lines().filter_map(|line| line.strip_prefix("error[")?.split_once(']'));
    codes.map(|(code, _)| code).collect()
}

#[track_caller]
fn check(folder: &Folder, exit: i32, expected: &[&str], says: &str) {
    for verb in [&["check", "policy"][..], &["test", "policy"], &["compile", "policy", "-o", "out.gatelaw"]] {
        let run = folder.run(verb);
        assert_eq!((run.exit, codes(&run)), (exit, expected.to_vec()), "{}", run.stderr);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
    assert!(!folder.path("out.gatelaw").exists(), "something was written");
    for verb in ["decide", "explain"] {
        let run = folder.run(&[verb, "--policy", "policy"]);
        assert_eq!((run.exit, codes(&run), run.stdout.as_str()), (exit, expected.to_vec(), ""));
    }
}

#[test]
fn a_missing_path() {
    check(&Folder::new(), 3, &["G0010"], "can't read `policy`: there is no such file or folder");
}

#[test]
fn an_empty_folder() {
    let folder = Folder::new().with("policy/notes.txt", "").with("policy/.hidden.gate", "");
    check(&folder, 3, &["G0011"], "no `.gate` file in `policy`");
}

#[test]
fn a_folder_that_is_named_like_a_file() {
    let folder = Folder::new().with("policy/a.gate/x", "").with("policy/b.gate", "role b");
    check(&folder, 3, &["G0010"], "can't read `policy/a.gate`: it is a folder");
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere() {
    let folder = Folder::new().with("policy/b.gate", "");
    std::os::unix::fs::symlink("nowhere.gate", folder.path("policy/a.gate")).unwrap();
    check(&folder, 3, &["G0010"], "can't read `policy/a.gate`: there is no such file or folder");
}

#[cfg(unix)]
#[test]
fn a_cycle_of_folders() {
    let folder = Folder::new().with("policy/a/x.gate", "");
    std::os::unix::fs::symlink("..", folder.path("policy/a/loop")).unwrap();
    check(&folder, 3, &["G0012"], "a cycle of folders: `policy/a/loop` leads back to `");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = Folder::new().with("policy/x.txt", "");
    let made = std::process::Command::new("mkfifo").arg(folder.path("policy/a.gate")).status();
    if made.is_ok_and(|status| status.success()) {
        check(&folder, 3, &["G0010"], "can't read `policy/a.gate`: it is no regular file");
    }
}

#[test]
fn a_file_that_is_no_policy() {
    let folder = Folder::new().with("notes.txt", "role a");
    for verb in ["check", "test"] {
        let run = folder.run(&[verb, "notes.txt"]);
        assert_eq!((run.exit, codes(&run)), (3, vec!["G0014"]));
    }
}

#[test]
fn bytes_that_are_not_utf8_with_the_mistakes_of_other_files() {
    let folder =
        Folder::new().with("policy/a.gate", b"role a\nrole \xE9\n").with("policy/b.gate", "roel b\n");
    check(&folder, 1, &["G0016", "G0106"], "`policy/a.gate` is not UTF-8: byte 0xE9 on line 2");
}

#[test]
fn a_byte_order_mark() {
    let folder = Folder::new().with("policy/a.gate", b"\xEF\xBB\xBFrole a\n");
    check(&folder, 1, &["G0017"], "`policy/a.gate` begins with a byte order mark");
}

#[test]
fn a_file_over_4_mib() {
    let folder = Folder::new().with("policy/a.gate", vec![b'#'; 4 * 1024 * 1024 + 1]);
    check(&folder, 1, &["G0018"], "`policy/a.gate` is larger than 4 MiB");
}

const LISTED: &str = "list burned: ip from \"lists/burned.txt\"\ndeny burned { when request.ip in burned }\n";

#[test]
fn a_list_with_a_bad_line_names_the_line() {
    let mut lines: Vec<String> = (0..10_000).map(|n| format!("10.0.{}.{}", n / 256, n % 256)).collect();
    lines[4_016] = "10.0.0.300".into();
    let folder =
        Folder::new().with("policy/a.gate", LISTED).with("policy/lists/burned.txt", lines.join("\n"));
    check(&folder, 1, &["G0701"], " --> policy/lists/burned.txt:4017\n");
    let run = folder.run(&["check", "policy"]);
    assert!(run.stderr.contains("`10.0.0.300` is no address or network"), "{}", run.stderr);
    assert!(run.stderr.contains(" ::: policy/a.gate:1:22\n"), "{}", run.stderr);
}

#[test]
fn a_list_file_that_is_missing_or_outside() {
    let folder = Folder::new().with("policy/a.gate", LISTED).with("secret.txt", "10.0.0.1");
    check(&folder, 1, &["G0703"], "there is no such file or folder");
    folder.write("policy/a.gate", LISTED.replace("lists/burned.txt", "../secret.txt"));
    check(&folder, 1, &["G0703"], "`../secret.txt` is no path below the policy's folder");
}

#[cfg(unix)]
#[test]
fn a_list_file_that_a_link_takes_outside() {
    let folder = Folder::new().with("policy/a.gate", LISTED).with("secret.txt", "10.0.0.1");
    fs::create_dir(folder.path("policy/lists")).unwrap();
    std::os::unix::fs::symlink("../../secret.txt", folder.path("policy/lists/burned.txt")).unwrap();
    check(&folder, 1, &["G0703"], "a link leads out of it");
    assert!(!folder.run(&["check", "policy"]).stderr.contains("10.0.0.1"), "its content was shown");
}

#[test]
fn paths_in_messages_are_as_the_user_gave_them() {
    let folder = Folder::new().with("deep/policy/a.gate", "roel a\n").with("deep/other/b.gate", "roel b\n");
    for (paths, names) in [
        (&["deep/policy"][..], &["deep/policy/a.gate:1"][..]),
        (&["./deep/policy"], &["deep/policy/a.gate:1"]),
        (&["deep/policy/"], &["deep/policy/a.gate:1"]),
        (&["deep/policy/a.gate"], &["deep/policy/a.gate:1"]),
        (&["deep/policy", "deep/other/b.gate"], &["deep/other/b.gate:1", "deep/policy/a.gate:1"]),
    ] {
        let run = folder.run(&[&["check"], paths].concat());
        assert_eq!(run.exit, 1);
        for name in names {
            assert!(run.stderr.contains(&format!("--> {name}")), "{paths:?}: {}", run.stderr);
        }
    }
    let mut inside = folder.command(&["check", "."]);
    let output = inside.current_dir(folder.path("deep/policy")).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("--> a.gate:1"));
}
