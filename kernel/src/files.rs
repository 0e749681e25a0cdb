//! Creates files and folders that only the user of this process can read, independently of the umask.
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;

/// The permissions of the group and of others.
const OTHERS: u32 = 0o077;

/// Creates a folder and its parents if they are absent. An existing one stays unchanged.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER)
        .create(folder)
}

/// Creates an empty file if it is absent. An existing one stays unchanged; a warning is logged if others can read it.
pub fn make_file(file: &Path) -> io::Result<()> {
    let new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(file);
    match new {
        Ok(_made) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            warn_if_readable_by_others(file);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Writes a new file under a temporary name, and renames it when it is complete.
pub fn write_file(file: &Path, content: &[u8]) -> io::Result<()> {
    let part = file.with_extension("part");
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(&part)?;
    new.write_all(content)?;
    std::fs::rename(part, file)
}

fn warn_if_readable_by_others(file: &Path) {
    let mode = file.metadata().map(|about| about.permissions().mode());
    if let Ok(mode) = mode
        && mode & OTHERS != 0
    {
        let mode = format!("{:03o}", mode & 0o777);
        tracing::warn!(file = %file.display(), mode, "other users of this machine can read this file; run chmod 600 on it");
    }
}
