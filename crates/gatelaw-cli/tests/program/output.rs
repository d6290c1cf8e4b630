//! What is written, where, and that it is whole or not there.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::folder::Folder;

const WRONG: &str = "roel a\n";

#[test]
fn an_artifact_is_the_same_bytes_wherever_it_is_made() {
    let folder = Folder::new().with_project();
    let first = fs::read(folder.path("policy.gatelaw")).unwrap();
    let mut inside = folder.command(&["compile", ".", "-o", "-"]);
    let output = inside.current_dir(folder.path("project/policy")).output().unwrap();
    assert_eq!(output.stdout, first);
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("wrote stdout: "));
    assert_eq!(
        folder.run(&["compile", "project/policy/tests.gate", "project/policy/api.gate", "-o", "again"]).exit,
        0
    );
    assert_eq!(fs::read(folder.path("again")).unwrap(), first);
}

#[test]
fn formatting_changes_no_digest_of_the_policy() {
    let folder = Folder::new().with_project();
    let policy = |folder: &Folder| {
        let run = folder.run(&["compile", "project/policy", "-o", "out", "--format", "json"]);
        run.stdout.split('"').nth(5).unwrap().to_owned()
    };
    let first = policy(&folder);
    assert!(first.starts_with("sha256:"), "{first}");
    let text = folder.read("project/policy/api.gate");
    folder.write("project/policy/api.gate", format!("\n\n# more words\n{}", text.replace("  ", "    ")));
    assert_eq!(policy(&folder), first);
    folder.write("project/policy/lists/blocked.txt", "198.51.100.0/25\n");
    assert_ne!(policy(&folder), first);
}

#[test]
fn nothing_is_written_where_the_policy_is_wrong() {
    let folder = Folder::new().with("p.gate", WRONG).with("out", "mine");
    let run = folder.run(&["compile", "p.gate", "-o", "out"]);
    assert_eq!((run.exit, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.ends_with("nothing was written: 1 error\n"), "{}", run.stderr);
    assert_eq!(folder.run(&["decide", "--policy", "p.gate", "-o", "out"]).exit, 1);
    assert_eq!(folder.read("out"), "mine");
    assert_eq!(folder.files(), ["out", "p.gate"]);
}

#[test]
fn nothing_is_left_behind_where_writing_fails() {
    let folder = Folder::new().with("p.gate", "allow a { for anyone }").with("folder/x", "");
    for target in ["folder", "missing/out"] {
        let run = folder.run(&["compile", "p.gate", "-o", target]);
        assert_eq!((run.exit, run.stdout.as_str()), (3, ""));
        assert!(run.stderr.starts_with(&format!("error[G0019]: can't write `{target}`: ")), "{}", run.stderr);
    }
    // The requests can't be read to their end, so the answers to the first ones are not there either.
    assert_eq!(folder.run(&["decide", "--policy", "p.gate", "folder", "-o", "out"]).exit, 3);
    assert_eq!(folder.files(), ["folder/x", "p.gate"]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new().with("p.gate", "allow a { for anyone }").with("real", "old");
    fs::set_permissions(folder.path("real"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real", folder.path("link")).unwrap();
    assert_eq!(folder.run(&["compile", "p.gate", "-o", "link"]).exit, 0);
    assert!(folder.path("link").is_symlink());
    assert!(fs::read(folder.path("real")).unwrap().starts_with(b"GATELAW\0"));
    assert_eq!(fs::metadata(folder.path("real")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.files(), ["link", "p.gate", "real"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let folder = Folder::new().with("p.gate", "allow a { for anyone }");
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for verb in [&["check", "p.gate"][..], &["compile", "p.gate", "-o", "-"]] {
        let output = folder.command(verb).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{verb:?}");
        assert!(
            String::from_utf8(output.stderr).unwrap().starts_with("error[G0019]: can't write `stdout`: ")
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new().with_project();
    let line = folder.read("project/requests.jsonl").lines().next().unwrap().to_owned() + "\n";
    folder.write("many.jsonl", line.repeat(20_000));
    let mut child = folder.command(&["decide", "--policy", "policy.gatelaw", "many.jsonl"]).spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn answers_do_not_wait_for_the_end_of_the_requests() {
    use std::io::{BufRead, BufReader, Write};
    let folder = Folder::new().with_project();
    let requests = folder.read("project/requests.jsonl");
    let mut child = folder.command(&["decide", "--policy", "policy.gatelaw"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for request in requests.lines() {
        writeln!(stdin, "{request}").unwrap();
        assert!(answers.next().unwrap().unwrap().starts_with(r#"{"v":1,"#));
    }
    drop(stdin);
    assert!(answers.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let folder = Folder::new().with("p.gate", WRONG);
    let colored = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = folder.command(arguments);
        command.envs(variable);
        String::from_utf8(command.output().unwrap().stderr).unwrap().contains("\x1b[")
    };
    assert!(!colored(&["check", "p.gate"], None));
    assert!(!colored(&["check", "--color", "auto", "p.gate"], None));
    assert!(!colored(&["check", "--color=never", "p.gate"], None));
    assert!(colored(&["check", "--color", "always", "p.gate"], None));
    assert!(colored(&["check", "--color=always", "p.gate"], Some(("NO_COLOR", "1"))));
    assert!(colored(&["check", "--color=always"], None));
    assert!(!colored(&["check", "--color=never"], None));
}

#[test]
fn json_is_one_object_a_line() {
    let folder = Folder::new().with_project().with("p.gate", "roel a\nrole b\n");
    let verbs: [&[&str]; 6] = [
        &["check", "p.gate"],
        &["check", "project/policy"],
        &["test", "project/policy"],
        &["inspect", "policy.gatelaw"],
        &["decide", "--policy", "policy.gatelaw", "project/requests.jsonl"],
        &["explain", "--policy", "policy.gatelaw", "project/requests.jsonl"],
    ];
    for verb in verbs {
        let run = folder.run(&[verb, &["--format", "json"]].concat());
        assert!(!run.stdout.is_empty(), "{verb:?}");
        for line in run.stdout.lines().chain(run.stderr.lines()) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(value.is_object(), "{line}");
        }
    }
}
