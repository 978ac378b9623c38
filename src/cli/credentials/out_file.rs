//! New files for their owner only. The one file here that knows about modes.

use crate::cli::trouble::Trouble;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file in the making. It goes again unless it is kept.
pub(super) struct OutFile {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl OutFile {
    /// Makes it, with mode 0600. Nothing that exists is written to, not even through a link.
    pub(super) fn create(path: &Path) -> Result<Self, Trouble> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| refused(path, &error))?;
        Ok(Self { path: path.to_owned(), file, kept: false })
    }

    /// Writes it to the disk, whole, and keeps it.
    pub(super) fn write(mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_all());
        written.map_err(|error| Trouble::failure(format!("{}: {error}", self.path.display())))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if !self.kept {
            // It is ours and incomplete; if it cannot go, the next attempt will be told that it exists.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Makes a folder with mode 0700.
pub(super) fn create_folder(path: &Path) -> Result<(), Trouble> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> Trouble {
    if error.kind() == ErrorKind::AlreadyExists {
        return Trouble::failure(format!(
            "{} exists already, and is left as it is; nothing was taken",
            path.display()
        ))
        .hint("name another file, or remove that one");
    }
    Trouble::failure(format!("{} cannot be made: {error}; nothing was taken", path.display()))
}
