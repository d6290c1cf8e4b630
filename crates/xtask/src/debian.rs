//! Debian's packages, unpacked below the target folder: that needs no rights, and starts no server.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files;
use crate::log::Log;
use crate::project::{Project, Result};

/// Downloads a package, with what the system lacks of those it needs, and unpacks them below `folder` of the target folder.
pub(crate) fn fetch(project: &Project, folder: &str, package: &str, log: &mut Log) -> Result<()> {
    let base = project.made(folder);
    files::make_folder(&base.join("lists/partial"))?;
    let archives = base.join("cache/archives");
    files::make_folder(&archives.join("partial"))?;
    if let Err(error) = log.run(apt_get(&base).arg("update")) {
        // One source that doesn't answer is no reason to stop: the next command tells whether it was needed.
        log.say(&error)?;
    }
    let download = ["install", "--yes", "--no-install-recommends", "--download-only", package];
    log.run(apt_get(&base).args(download))?;
    for archive in
        files::list(&archives)?.iter().filter(|path| path.extension().is_some_and(|end| end == "deb"))
    {
        log.run(Command::new("dpkg").arg("--extract").arg(archive).arg(base.join("root")))?;
    }
    Ok(())
}

fn apt_get(base: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--option").arg(format!("Dir::State::lists={}", base.join("lists").display()));
    command.arg("--option").arg(format!("Dir::Cache={}", base.join("cache").display()));
    command.args(["--option", "Debug::NoLocking=true", "--option", "APT::Sandbox::User="]);
    command
}

/// Names a path of Debian's: below `folder` where a package was unpacked there, else the system's own.
pub(crate) fn at(project: &Project, folder: &str, path: impl AsRef<Path>) -> PathBuf {
    let unpacked = project.made(folder).join("root").join(&path);
    if unpacked.exists() { unpacked } else { Path::new("/").join(path) }
}

/// Lists the folders of unpacked libraries, as `LD_LIBRARY_PATH` has them: usr/lib/TRIPLET, lib/TRIPLET, and those in them.
pub(crate) fn library_path(project: &Project, folder: &str) -> Result<String> {
    let mut folders = Vec::new();
    for above in ["usr/lib", "lib"].map(|path| project.made(folder).join("root").join(path)) {
        for triplet in folders_in(&above)? {
            folders.extend(folders_in(&triplet)?);
            folders.push(triplet);
        }
    }
    Ok(folders.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(":"))
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = if folder.exists() { files::list(folder)? } else { Vec::new() };
    paths.retain(|path| path.is_dir());
    Ok(paths)
}
