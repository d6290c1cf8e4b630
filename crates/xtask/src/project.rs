//! Where things are: the repository, and below its target folder all that the commands make.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a step of a command answers; the text is for a person.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// Knows the folders of this repository.
#[derive(Debug)]
pub(crate) struct Project {
    /// The repository.
    pub(crate) root: PathBuf,
    /// Cargo's target folder: everything made stands below it.
    pub(crate) target: PathBuf,
}

impl Project {
    /// Finds the repository from where this program was built.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        // Cargo put this program at target/PROFILE/xtask, whatever its settings call the target folder.
        let program = std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
        match (root, program.ancestors().nth(2)) {
            (Some(root), Some(target)) => Ok(Self { root: root.to_owned(), target: target.to_owned() }),
            _ => {
                Err("this program doesn't stand in a target folder of cargo: run it as `cargo xtask`"
                    .to_owned())
            }
        }
    }

    /// Names a path of the repository.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Names a path below the target folder.
    pub(crate) fn made(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// Starts a command line of cargo, for this repository and this target folder.
    pub(crate) fn cargo<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(args).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }
}
