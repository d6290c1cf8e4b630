//! What is said of a token never holds the token, its signature, or a secret of its claims.

use std::fs;
use std::path::Path;

use crate::folder::Folder;

#[test]
fn no_answer_holds_a_token_its_signature_or_a_secret() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions/token");
    let folder = Folder::new();
    folder.copy(&files);
    let mut asked = 0;
    for name in folder.files().iter().filter(|name| name.ends_with(".jwt")) {
        let token = fs::read(files.join(name)).unwrap();
        for format in ["text", "json"] {
            let run = folder.run_with(
                &["token", "check", "--policy", "policy.gate", "--keys", "keys.json"]
                    .into_iter()
                    .chain(["--now", "1800000000", "--format", format, "-"])
                    .collect::<Vec<_>>(),
                &token,
            );
            assert_eq!(run.exit, i32::from(name != "good.jwt"), "{name}: {}", run.stderr);
            let said = run.stdout + &run.stderr;
            let text = String::from_utf8_lossy(&token);
            // Every part: header and payload too, of which a reader could put the token together again.
            for part in text.trim().split('.').filter(|part| part.len() > 16) {
                assert!(!said.contains(part), "{name} shows {part}");
            }
            assert!(!said.contains("canary"), "{name} shows a secret:\n{said}");
            asked += 1;
        }
    }
    assert!(asked >= 20, "{asked}");
}
