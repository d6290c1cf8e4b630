//! Artifacts that are none, or of another gatelaw, or changed on the way.

use std::fs;

use crate::folder::Folder;

/// Holds that no verb takes these bytes, and that each says the same code.
#[track_caller]
fn check(bytes: &[u8], code: &str) {
    let folder = Folder::new().with("bad.gatelaw", bytes);
    for verb in [
        &["inspect", "bad.gatelaw"][..],
        &["decide", "--policy", "bad.gatelaw"],
        &["explain", "--policy", "bad.gatelaw"],
    ] {
        let run = folder.run(verb);
        assert_eq!((run.exit, run.stdout.as_str()), (3, ""), "{verb:?}: {}", run.stderr);
        assert!(
            run.stderr.starts_with(&format!("error[{code}]: can't load `bad.gatelaw`: ")),
            "{}",
            run.stderr
        );
        let json = folder.run(&[verb, &["--format", "json"]].concat());
        assert!(
            json.stderr.starts_with(&format!(r#"{{"code":"{code}","severity":"error","message":"#)),
            "{}",
            json.stderr
        );
    }
    let run = folder.run(&["check", "bad.gatelaw"]);
    assert_eq!(run.exit, 3);
    assert!(run.stderr.starts_with("error[G0014]: `bad.gatelaw` is "), "{}", run.stderr);
    let documents = include_str!("../../../../docs/program.md");
    assert!(documents.contains(&format!("| `{code}` |")), "`{code}` is not documented");
}

fn artifact() -> Vec<u8> {
    fs::read(Folder::new().with_project().path("policy.gatelaw")).unwrap()
}

#[test]
fn arbitrary_bytes() {
    check(b"allow health { for anyone }", "artifact:magic");
    check(b"\x7FELF\x02\x01\x01\0\0\0\0\0", "artifact:magic");
    check(b"", "artifact:truncated");
}

#[test]
fn a_part_of_an_artifact() {
    let bytes = artifact();
    check(&bytes[..9], "artifact:truncated");
    check(&bytes[..bytes.len() / 2], "artifact:truncated");
}

#[test]
fn another_version_of_the_format() {
    let mut bytes = artifact();
    bytes[8] += 1;
    check(&bytes, "artifact:version");
}

#[test]
fn another_version_of_the_language() {
    let mut bytes = artifact();
    bytes[10] += 1;
    check(&bytes, "artifact:meaning");
}

#[test]
fn a_changed_byte() {
    let mut bytes = artifact();
    // What decides begins behind the header.
    bytes[120] ^= 1;
    check(&bytes, "artifact:digest");
}

/// The notes stand at the end, and decide nothing.
#[test]
fn a_changed_byte_of_the_notes_is_told_by_what_reads_them() {
    let mut bytes = artifact();
    *bytes.last_mut().unwrap() ^= 1;
    let folder = Folder::new().with("bad.gatelaw", &bytes);
    let run = folder.run(&["inspect", "bad.gatelaw"]);
    assert_eq!((run.exit, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.starts_with("error[artifact:digest]: can't load `bad.gatelaw`: "), "{}", run.stderr);
    let run = folder.run(&["decide", "--policy", "bad.gatelaw"]);
    assert_eq!((run.exit, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
}

#[test]
fn a_missing_file_and_a_folder() {
    let folder = Folder::new().with("folder/x", "");
    for (path, says) in [("missing.gatelaw", "there is no such file or folder"), ("folder", "it is a folder")]
    {
        let run = folder.run(&["inspect", path]);
        assert_eq!((run.exit, run.stdout.as_str()), (3, ""));
        assert!(
            run.stderr.starts_with(&format!("error[G0010]: can't read `{path}`: {says}")),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn an_artifact_and_a_policy_beside_it_are_not_mixed() {
    let folder = Folder::new().with_project();
    let run = folder.run(&["decide", "--policy", "policy.gatelaw", "--policy", "project/policy"]);
    assert_eq!(run.exit, 3);
    assert!(run.stderr.starts_with("error[G0014]: `policy.gatelaw` is an artifact"), "{}", run.stderr);
}

#[test]
fn an_artifact_decides_as_its_policy_does() {
    let folder = Folder::new().with_project();
    let by = |policy: &str| folder.run(&["decide", "--policy", policy, "project/requests.jsonl"]);
    let (artifact, policy) = (by("policy.gatelaw"), by("project/policy"));
    assert_eq!((artifact.exit, artifact.stderr.as_str()), (0, ""));
    assert_eq!(artifact.stdout.lines().count(), 4);
    assert_eq!(artifact.stdout, policy.stdout);
}
