//! Files, with errors that name them.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use crate::project::Result;

/// Reads a text.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{} can't be read: {error}", path.display()))
}

/// Computes a number that tells whether a file changed since another run of this program.
pub(crate) fn digest(path: &Path) -> Result<u64> {
    let bytes = fs::read(path).map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Ok(hasher.finish())
}

/// Writes a text, making the folder it stands in.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    fs::write(path, text).map_err(|error| format!("{} can't be written: {error}", path.display()))
}

/// Makes a folder and those it stands in, where they aren't there.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| format!("{} can't be made: {error}", path.display()))
}

/// Removes a folder with all in it, where it is there.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} can't be removed: {error}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Copies a file, making the folder it goes to.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        make_folder(folder)?;
    }
    match fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{} can't be copied to {}: {error}", from.display(), to.display())),
    }
}

/// Copies a folder with all in it over another.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for path in list(from)? {
        let Some(name) = path.file_name() else { continue };
        match path.is_dir() {
            true => copy_folder(&path, &to.join(name))?,
            false => copy(&path, &to.join(name))?,
        }
    }
    Ok(())
}

/// Makes a folder stand in another place too, in place of what stood there as a link.
pub(crate) fn link_folder(folder: &Path, link: &Path) -> Result<()> {
    if let Some(above) = link.parent() {
        make_folder(above)?;
    }
    // What can't be removed is told by what comes next.
    let _ = fs::remove_file(link);
    std::os::unix::fs::symlink(folder, link)
        .map_err(|error| format!("{} can't be linked as {}: {error}", folder.display(), link.display()))
}

/// Lists what stands in a folder, in the order of the names.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error| format!("{} can't be read: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>();
    if let Ok(paths) = &mut paths {
        paths.sort();
    }
    paths.map_err(unreadable)
}
