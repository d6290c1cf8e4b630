//! Where results go: stdout or a file. A file is written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::path::{Path, PathBuf};

/// Takes the result of a verb: stdout as it comes, or a file that stands there once [`Output::finish`] was called.
pub(crate) enum Output {
    /// `-`
    Stdout(BufWriter<Stdout>),
    /// A pipe or a device, which nothing can be renamed onto.
    Device(BufWriter<File>),
    /// A regular file.
    Staged(BufWriter<File>, Staged),
}

/// A new file beside the one that it will replace. It is removed if it is dropped before.
pub(crate) struct Staged {
    target: PathBuf,
    temporary: PathBuf,
}

impl Output {
    /// Opens the output that `path` names.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if is_stdio(path) {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        }
        // Through a link, the file behind it is replaced, and the link stays.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let found = fs::metadata(&target).ok();
        if found.as_ref().is_some_and(|found| !found.is_file() && !found.is_dir()) {
            return Ok(Self::Device(BufWriter::new(OpenOptions::new().write(true).open(&target)?)));
        }
        if found.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(ErrorKind::IsADirectory.into());
        }
        let temporary = beside(&target)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        let staged = Staged { target, temporary };
        if let Some(found) = found {
            file.set_permissions(found.permissions())?;
        }
        Ok(Self::Staged(BufWriter::new(file), staged))
    }

    /// Ends the output: a file stands there only now.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        if let Self::Staged(file, staged) = self {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&staged.temporary, &staged.target)?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Device(out) | Self::Staged(out, _) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Device(out) | Self::Staged(out, _) => out.flush(),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Writes `bytes` to the output that `path` names.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = Output::open(path)?;
    output.write_all(bytes)?;
    output.finish()
}

/// Whether `path` is `-`: stdin or stdout.
pub(crate) fn is_stdio(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Names a file in the same folder, so that a rename stays on one file system. Hidden: no policy is read from it.
fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or(ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    Ok(target.with_file_name(hidden))
}
