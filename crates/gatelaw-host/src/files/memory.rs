//! Policies that a program holds in memory: the same names, limits and order as on disk.

use std::path::{Path, PathBuf};

use gatelaw::diagnostic::Diagnostic;
use gatelaw::limits::{LIST_FILE_BYTES_MAX, SOURCE_BYTES_MAX};
use gatelaw::source::Source;

use super::problems::{mebibytes, nothing_given, too_large, unnameable};
use super::{PolicyFiles, is_gate, text_of};

/// Takes the texts of a policy from memory, by name: `.gate` files, and under any other name what lists are read from.
///
/// Names are relative to the policy's root, with `/` on every system. Equal texts make equal artifacts, in whatever order
/// they are given, and whether from memory or by [`read`](super::read) from a folder.
#[must_use]
pub fn from_memory(texts: impl IntoIterator<Item = (String, Vec<u8>)>) -> PolicyFiles {
    let mut texts: Vec<(String, Vec<u8>)> = texts.into_iter().collect();
    texts.sort();
    let mut files = PolicyFiles::default();
    for (name, bytes) in texts {
        if let Err(problem) = add(&mut files, name, bytes) {
            files.problems.push(*problem);
        }
    }
    if files.sources.files.is_empty() && files.problems.is_empty() {
        files.problems.push(nothing_given());
    }
    files
}

fn add(files: &mut PolicyFiles, name: String, bytes: Vec<u8>) -> Result<(), Box<Diagnostic>> {
    let path = PathBuf::from(&name);
    if !is_relative(&name) {
        return Err(unnameable(&path).into());
    }
    if !is_gate(&path) {
        let text = match bytes.len() <= LIST_FILE_BYTES_MAX {
            true => Ok(bytes),
            false => Err(format!("it is larger than {}", mebibytes(LIST_FILE_BYTES_MAX))),
        };
        files.sources.lists.insert(name, text);
        return Ok(());
    }
    let text = source_text(&path, bytes)?;
    files.sources.files.push(Source { name, text });
    files.paths.push(path);
    Ok(())
}

fn source_text(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Diagnostic>> {
    match bytes.len() <= SOURCE_BYTES_MAX {
        true => text_of(path, bytes),
        false => Err(too_large(path, SOURCE_BYTES_MAX).into()),
    }
}

/// Says whether a name leads below the root, by parts that every system reads alike.
fn is_relative(name: &str) -> bool {
    !name.contains('\\') && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use gatelaw::codes::files as code;
    use gatelaw::diagnostic::Code;

    use super::*;

    const LIST: &str =
        "list ips: ip from \"lists/ips.txt\"\nallow a { on GET /a  for anyone  when request.ip in ips }";

    fn given(texts: &[(&str, &[u8])]) -> PolicyFiles {
        from_memory(texts.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())))
    }

    #[test]
    fn texts_compile_to_the_bytes_of_the_same_files_on_disk() {
        let texts: [(&str, &[u8]); 3] =
            [("b.gate", b"role b"), ("a.gate", LIST.as_bytes()), ("lists/ips.txt", b"10.0.0.1\n")];
        let folder = super::super::tests::folder(&texts);
        let on_disk = super::super::read(&[folder.path().to_owned()]);
        let bytes = |files: &PolicyFiles| gatelaw::compile(&files.sources).unwrap().plan.to_bytes();
        assert_eq!(bytes(&given(&texts)), bytes(&on_disk));
    }

    #[test]
    fn what_is_no_policy_is_told() {
        let check = |texts: &[(&str, &[u8])], code: Code, says: &str| {
            let files = given(texts);
            let [problem] = files.problems.as_slice() else { panic!("{:?}", files.problems) };
            assert_eq!(problem.code, code);
            assert!(problem.message.contains(says), "{}", problem.message);
        };
        check(&[], code::NOTHING_FOUND, "no `.gate` file");
        check(&[("ips.txt", b"10.0.0.1")], code::NOTHING_FOUND, "no `.gate` file");
        check(&[("a.gate", b"\xEF\xBB\xBFrole a")], code::BYTE_ORDER_MARK, "`a.gate`");
        check(&[("a.gate", b"role \xE9")], code::NOT_UTF8, "byte 0xE9 on line 1");
        check(&[("a.gate", &vec![b'#'; SOURCE_BYTES_MAX + 1])], code::TOO_LARGE, "larger than 4 MiB");
        for name in ["", "/a.gate", "../a.gate", "a//b.gate", "./a.gate", "a\\b.gate", "a/"] {
            check(&[(name, b"role a")], code::UNNAMEABLE, "has no name");
        }
    }
}
