//! The files of one backup: a manifest, the copy, and the checksums of both in the form of `sha256sum`.
use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
};

use chrono::Utc;
use kernel::files;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{
    Failure, Result, at,
    facts::Facts,
    manifest::{FORMAT, Manifest},
    postgres, refused, sqlite,
};

pub const MANIFEST: &str = "manifest.json";
/// It is written last: a backup without it is unfinished.
pub const SUMS: &str = "SHA256SUMS";
pub const PREFIX: &str = "atoll-";
/// The end of the name of a folder that is being written.
const PART: &str = ".part";
/// The end of the name of an encrypted copy.
const ENCRYPTED: &str = ".age";
/// The file that is locked while a backup is made in its folder.
const LOCK: &str = ".lock";

/// A complete backup.
#[derive(Debug, Clone)]
pub struct Archive {
    pub name: String,
    /// The path of its folder, or its URL in a store.
    pub place: String,
    pub manifest: Manifest,
}

impl Archive {
    pub(super) fn damaged(&self, what: impl Into<String>) -> Failure {
        damaged(&self.name, what)
    }
}

pub fn damaged(name: &str, what: impl Into<String>) -> Failure {
    Failure::Damaged {
        name: name.to_owned(),
        what: what.into(),
    }
}

/// Lists the names of the backups in a folder, the newest first. Unfinished ones are left out.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = entries(folder)?;
    names.retain(|name| name.starts_with(PREFIX) && !name.ends_with(PART));
    // The names contain the time.
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}

fn entries(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder)(error)),
    };
    let names = entries.map(|entry| {
        let name = entry.map_err(at(folder))?.file_name();
        Ok(name.to_string_lossy().into_owned())
    });
    names.collect()
}

/// Fails unless this can be the name of a backup. A name is a part of a path.
pub fn require_name(name: &str) -> Result<()> {
    if name.starts_with(PREFIX) && !name.contains(['/', '\\']) {
        return Ok(());
    }
    Err(refused(format!(
        "`{name}` is not the name of a backup; `atoll backup list` prints the names"
    )))
}

/// Reads a manifest after its checksum.
pub fn read_manifest(name: &str, text: &[u8], sums: &str) -> Result<Manifest> {
    let mut content = text;
    compare(MANIFEST, &mut content, sums).map_err(|what| damaged(name, what))?;
    let manifest: Manifest = serde_json::from_slice(text)
        .map_err(|error| damaged(name, format!("{MANIFEST}: {error}")))?;
    if manifest.format != FORMAT {
        return Err(refused(format!(
            "the backup {name} has the format {}; this program reads {FORMAT}",
            manifest.format
        )));
    }
    // The name becomes a path on this machine.
    let file = manifest.file.strip_suffix(ENCRYPTED);
    if ![sqlite::FILE, postgres::FILE].contains(&file.unwrap_or(&manifest.file)) {
        return Err(damaged(
            name,
            format!("{MANIFEST} names an unknown file as the copy"),
        ));
    }
    Ok(manifest)
}

/// Describes a copy that has another size than the manifest says.
pub fn wrong_size(manifest: &Manifest, bytes: u64) -> Option<String> {
    let Manifest {
        file,
        bytes: expected,
        ..
    } = manifest;
    let how = match bytes.cmp(expected) {
        std::cmp::Ordering::Less => "truncated",
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Greater => "too long",
    };
    Some(format!(
        "{file} is {how}: {bytes} bytes instead of {expected}"
    ))
}

/// The files of a backup on this machine.
pub struct Files {
    pub archive: Archive,
    folder: PathBuf,
    /// They were downloaded, and are removed when this is dropped.
    _download: Option<TempDir>,
}

impl Files {
    /// Opens a backup in a folder. Only the manifest is read and checked.
    pub fn open(folder: &Path, name: &str) -> Result<Self> {
        Self::read(folder, name, None)
    }

    /// Opens a backup that was downloaded into a temporary folder, in a folder with its name.
    pub fn downloaded(download: TempDir, name: &str) -> Result<Self> {
        let folder = download.path().to_owned();
        Self::read(&folder, name, Some(download))
    }

    fn read(folder: &Path, name: &str, download: Option<TempDir>) -> Result<Self> {
        require_name(name)?;
        let folder = folder.join(name);
        if !folder.is_dir() {
            return Err(refused(format!("there is no backup {}", folder.display())));
        }
        let sums = read_sums(&folder).map_err(|what| damaged(name, what))?;
        let text = fs::read(folder.join(MANIFEST));
        let text = text.map_err(|error| damaged(name, format!("{MANIFEST}: {error}")))?;
        Ok(Self {
            archive: Archive {
                name: name.to_owned(),
                place: folder.display().to_string(),
                manifest: read_manifest(name, &text, &sums)?,
            },
            folder,
            _download: download,
        })
    }

    /// Returns the path of the copy.
    pub fn copy(&self) -> PathBuf {
        self.folder.join(&self.archive.manifest.file)
    }

    /// Fails unless the copy is complete and has its checksum.
    pub fn check(&self) -> Result<()> {
        let damaged = |what: String| self.archive.damaged(what);
        let file = &self.archive.manifest.file;
        let unreadable = |error: io::Error| damaged(format!("{file}: {error}"));
        let mut copy = File::open(self.copy()).map_err(unreadable)?;
        let bytes = copy.metadata().map_err(unreadable)?.len();
        if let Some(what) = wrong_size(&self.archive.manifest, bytes) {
            return Err(damaged(what));
        }
        let sums = read_sums(&self.folder).map_err(damaged)?;
        compare(file, &mut copy, &sums).map_err(damaged)
    }

    /// Removes the backup.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.folder).map_err(at(&self.folder))
    }
}

/// A backup that is being written. Its folder is removed unless it is finished.
pub struct Draft {
    pub name: String,
    parent: PathBuf,
    folder: PathBuf,
    is_finished: bool,
    /// Only one backup is made in a folder at a time. The lock ends with the process.
    _lock: File,
}

impl Draft {
    /// Returns `None` while another process makes a backup in the folder.
    pub fn begin(parent: &Path) -> Result<Option<Self>> {
        files::make_folder(parent).map_err(at(parent))?;
        let lock = parent.join(LOCK);
        files::make_file(&lock).map_err(at(&lock))?;
        let file = File::options().write(true).open(&lock).map_err(at(&lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(at(&lock)(error)),
        }
        remove_unfinished(parent)?;
        let name = format!("{PREFIX}{}", Utc::now().format("%Y%m%dT%H%M%S%.3fZ"));
        let folder = parent.join(format!("{name}{PART}"));
        files::make_folder(&folder).map_err(at(&folder))?;
        Ok(Some(Self {
            name,
            parent: parent.to_owned(),
            folder,
            is_finished: false,
            _lock: file,
        }))
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the manifest and the checksums.
    pub fn seal(&self, copy: &Path, facts: Facts, program: &str) -> Result<Manifest> {
        let file = copy.file_name().unwrap_or_default();
        let file = file.to_string_lossy().into_owned();
        let written = File::open(copy).map_err(at(copy))?;
        written.sync_all().map_err(at(copy))?;
        let manifest = Manifest {
            format: FORMAT,
            created_at: Utc::now(),
            program: program.to_owned(),
            database: facts.database,
            server_version: facts.server_version,
            bytes: written.metadata().map_err(at(copy))?.len(),
            is_encrypted: file.ends_with(ENCRYPTED),
            file: file.clone(),
            migrations: facts.migrations,
            rows: facts.rows,
            audit_receipt: facts.audit_receipt,
        };
        let text =
            serde_json::to_vec_pretty(&manifest).map_err(|error| refused(error.to_string()))?;
        let path = self.folder.join(MANIFEST);
        files::write_file(&path, &text).map_err(at(&path))?;
        let line = |name: &str| {
            let path = self.folder.join(name);
            let sum = File::open(&path).and_then(|mut file| sum(&mut file));
            Ok(format!("{}  {name}\n", sum.map_err(at(&path))?))
        };
        let sums = [MANIFEST, &file].map(line);
        let sums = sums.into_iter().collect::<Result<String>>()?;
        let path = self.folder.join(SUMS);
        files::write_file(&path, sums.as_bytes()).map_err(at(&path))?;
        Ok(manifest)
    }

    /// Gives the folder its name, so that it is a backup. Returns its path.
    pub fn finish(mut self) -> Result<PathBuf> {
        let folder = self.parent.join(&self.name);
        fs::rename(&self.folder, &folder).map_err(at(&folder))?;
        self.is_finished = true;
        Ok(folder)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left has a name that no list shows, and the next backup removes it.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Removes what processes left that were killed. The caller has the lock of the folder.
fn remove_unfinished(parent: &Path) -> Result<()> {
    for name in entries(parent)? {
        if name.starts_with(PREFIX) && name.ends_with(PART) {
            let folder = parent.join(&name);
            tracing::warn!(folder = %folder.display(), "removing a backup that was never finished");
            fs::remove_dir_all(&folder).map_err(at(&folder))?;
        }
    }
    Ok(())
}

fn read_sums(folder: &Path) -> std::result::Result<String, String> {
    fs::read_to_string(folder.join(SUMS)).map_err(|error| format!("{SUMS}: {error}"))
}

/// Compares the content of a file with its line among the checksums.
fn compare(name: &str, content: &mut impl Read, sums: &str) -> std::result::Result<(), String> {
    let line = sums.lines().find_map(|line| line.strip_suffix(name));
    let expected = line
        .map(str::trim_end)
        .ok_or(format!("{SUMS} lacks {name}"))?;
    let found = sum(content).map_err(|error| format!("{name}: {error}"))?;
    if found == expected {
        return Ok(());
    }
    Err(format!("{name} differs from its checksum"))
}

fn sum(content: &mut impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match content.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    let hex = |text: String, byte: &u8| format!("{text}{byte:02x}");
    Ok(hash.finalize().iter().fold(String::new(), hex))
}
