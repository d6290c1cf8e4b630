//! Formatting changes no digest, and what is formatted stays.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use gatelaw::source::Sources;

fn policies() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut folders: Vec<PathBuf> = ["", "conformance"]
        .iter()
        .flat_map(|below| std::fs::read_dir(root.join(below)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("errors") && !path.ends_with("conformance"))
        .collect();
    folders.sort();
    folders
}

#[test]
fn formatting_keeps_every_policy() {
    let mut changed = 0;
    for folder in policies() {
        let sources = gatelaw_host::files::read(std::slice::from_ref(&folder)).sources;
        let before = gatelaw::compile(&sources).unwrap().plan;
        let mut laid = Sources { lists: sources.lists.clone(), ..Sources::default() };
        for mut file in sources.files {
            let once = gatelaw::format::format(&file.name, &file.text).unwrap();
            let twice = gatelaw::format::format(&file.name, &once).unwrap();
            assert_eq!(once, twice, "{}: {} is laid out twice differently", folder.display(), file.name);
            changed += u32::from(once != file.text);
            file.text = once;
            laid.files.push(file);
        }
        assert_eq!(gatelaw::compile(&laid).unwrap().plan.digest(), before.digest(), "{}", folder.display());
    }
    println!("{changed} files would be laid out otherwise");
}
