//! What can be wrong with files, in words.

use std::path::{Path, PathBuf};

use gatelaw::artifact::MAGIC;
use gatelaw::codes::files as code;
use gatelaw::diagnostic::{Code, Diagnostic};
use gatelaw::limits::{ARTIFACT_BYTES_MAX, NESTING_MAX};

use super::{is_gate, read_up_to};

fn problem(code: Code, message: String, help: &[&str]) -> Diagnostic {
    let help = help.iter().map(|way| (*way).to_owned()).collect();
    Diagnostic { code, message, span: None, list_line: None, labels: Vec::new(), help }
}

pub(super) fn unreadable(path: &Path, why: &str) -> Diagnostic {
    problem(code::UNREADABLE, format!("can't read `{}`: {why}", path.display()), &[])
}

pub(super) fn nothing_found(paths: &[PathBuf]) -> Diagnostic {
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

pub(super) fn nothing_given() -> Diagnostic {
    let message = "no `.gate` file in the texts that were given".to_owned();
    problem(code::NOTHING_FOUND, message, &["give one text at least under a name such as `policy.gate`"])
}

pub(super) fn cycle(path: &Path, real: &Path) -> Diagnostic {
    let message = format!("a cycle of folders: `{}` leads back to `{}`", path.display(), real.display());
    problem(code::CYCLE, message, &["remove the link: its files are read where they stand"])
}

pub(super) fn too_deep(path: &Path) -> Diagnostic {
    let message = format!("`{}` is more than {NESTING_MAX} folders deep", path.display());
    problem(code::TOO_DEEP, message, &["give the folder that holds the policy itself"])
}

pub(super) fn no_policy(path: &Path) -> Diagnostic {
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

pub(super) fn unnameable(path: &Path) -> Diagnostic {
    let message = format!("`{}` has no name that a policy can carry", path.display());
    problem(code::UNNAMEABLE, message, &["rename what is not UTF-8", "or put all paths below one folder"])
}

pub(super) fn not_utf8(path: &Path, bytes: &[u8], valid_up_to: usize) -> Diagnostic {
    let (before, rest) = bytes.split_at_checked(valid_up_to).unwrap_or((bytes, &[]));
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let found = rest.first().copied().unwrap_or_default();
    let message = format!("`{}` is not UTF-8: byte 0x{found:02X} on line {line}", path.display());
    problem(code::NOT_UTF8, message, &["save the file as UTF-8"])
}

pub(super) fn byte_order_mark(path: &Path) -> Diagnostic {
    let message = format!("`{}` begins with a byte order mark", path.display());
    problem(code::BYTE_ORDER_MARK, message, &["save the file as UTF-8 without BOM"])
}

pub(super) fn too_large(path: &Path, bytes_max: usize) -> Diagnostic {
    let message = format!("`{}` is larger than {}", path.display(), mebibytes(bytes_max));
    let help = [
        "split the policy into several files",
        "or keep long lists in files of their own: `list NAME: ip from \"lists/name.txt\"`",
    ];
    problem(code::TOO_LARGE, message, if is_gate(path) { &help } else { &[] })
}

pub(super) fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}
