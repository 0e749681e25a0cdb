//! The folder of one backup: a manifest, the copy, and the checksums of both in the form of `sha256sum`.
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use chrono::Utc;
use kernel::files;
use sha2::{Digest, Sha256};

use super::{
    Failure, Result, at,
    facts::Facts,
    manifest::{FORMAT, Manifest},
    refused,
};

const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";
const PREFIX: &str = "atoll-";
/// The end of the name of a folder that is being written.
const PART: &str = ".part";

/// A complete backup.
#[derive(Debug, Clone)]
pub struct Archive {
    pub name: String,
    pub folder: PathBuf,
    pub manifest: Manifest,
}

/// A backup in a list, which may be damaged.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub archive: Result<Archive>,
}

/// Lists the backups in a folder, the newest first. Incomplete ones are left out.
pub fn list(folder: &Path) -> Result<Vec<Listed>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(at(folder))?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.starts_with(PREFIX) && !name.ends_with(PART) {
            names.push(name);
        }
    }
    // The names contain the time.
    names.sort_unstable_by(|a, b| b.cmp(a));
    let listed = names.into_iter().map(|name| Listed {
        archive: Archive::open(folder, &name),
        name,
    });
    Ok(listed.collect())
}

impl Archive {
    /// Opens a backup by its name, or the newest one by the name `latest`. Only the manifest is read and checked.
    pub fn find(folder: &Path, name: &str) -> Result<Self> {
        if name != "latest" {
            return Self::open(folder, name);
        }
        let newest = list(folder)?.into_iter().next();
        let none = || refused(format!("there is no backup in {}", folder.display()));
        newest.ok_or_else(none)?.archive
    }

    fn open(folder: &Path, name: &str) -> Result<Self> {
        if !name.starts_with(PREFIX) || name.contains(['/', '\\']) {
            return Err(refused(format!(
                "`{name}` is not the name of a backup; `atoll backup list` prints the names"
            )));
        }
        let folder = folder.join(name);
        if !folder.is_dir() {
            return Err(refused(format!("there is no backup {}", folder.display())));
        }
        let damaged = |what: String| Failure::Damaged {
            name: name.to_owned(),
            what,
        };
        let sums = read_sums(&folder).map_err(&damaged)?;
        check_sum(&folder, MANIFEST, &sums).map_err(&damaged)?;
        let text = fs::read(folder.join(MANIFEST)).map_err(at(&folder))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| damaged(format!("{MANIFEST}: {error}")))?;
        if manifest.format != FORMAT {
            return Err(refused(format!(
                "the backup {name} has the format {}; this program reads {FORMAT}",
                manifest.format
            )));
        }
        Ok(Self {
            name: name.to_owned(),
            folder,
            manifest,
        })
    }

    /// Returns the path of the copy.
    pub fn copy(&self) -> PathBuf {
        self.folder.join(&self.manifest.file)
    }

    /// Fails unless the copy is complete and has its checksum.
    pub fn check(&self) -> Result<()> {
        let damaged = |what: String| Failure::Damaged {
            name: self.name.clone(),
            what,
        };
        let (file, expected) = (&self.manifest.file, self.manifest.bytes);
        let bytes = fs::metadata(self.copy()).map(|about| about.len());
        let bytes = bytes.map_err(|error| damaged(format!("{file}: {error}")))?;
        if bytes != expected {
            let how = if bytes < expected {
                "truncated"
            } else {
                "too long"
            };
            return Err(damaged(format!(
                "{file} is {how}: {bytes} bytes instead of {expected}"
            )));
        }
        let sums = read_sums(&self.folder).map_err(&damaged)?;
        check_sum(&self.folder, file, &sums).map_err(&damaged)
    }

    /// Removes the backup.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.folder).map_err(at(&self.folder))
    }
}

/// A backup that is being written. Its folder is removed unless it is finished.
pub struct Draft {
    name: String,
    parent: PathBuf,
    folder: PathBuf,
    is_finished: bool,
}

impl Draft {
    pub fn begin(parent: &Path) -> Result<Self> {
        files::make_folder(parent).map_err(at(parent))?;
        let name = format!("{PREFIX}{}", Utc::now().format("%Y%m%dT%H%M%S%.3fZ"));
        let folder = parent.join(format!("{name}{PART}"));
        files::make_folder(&folder).map_err(at(&folder))?;
        Ok(Self {
            name,
            parent: parent.to_owned(),
            folder,
            is_finished: false,
        })
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the manifest and the checksums, and gives the folder its name.
    pub fn finish(mut self, copy: &Path, facts: Facts, program: &str) -> Result<Archive> {
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
            is_encrypted: Path::new(&file).extension().is_some_and(|end| end == "age"),
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
            let sum = sum(&path).map_err(at(&path))?;
            Ok(format!("{sum}  {name}\n"))
        };
        let sums = [MANIFEST, &file].map(line);
        let sums = sums.into_iter().collect::<Result<String>>()?;
        let path = self.folder.join(SUMS);
        files::write_file(&path, sums.as_bytes()).map_err(at(&path))?;
        let folder = self.parent.join(&self.name);
        fs::rename(&self.folder, &folder).map_err(at(&folder))?;
        self.is_finished = true;
        Ok(Archive {
            name: self.name.clone(),
            folder,
            manifest,
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left has a name that no list shows.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn read_sums(folder: &Path) -> std::result::Result<String, String> {
    fs::read_to_string(folder.join(SUMS)).map_err(|error| format!("{SUMS}: {error}"))
}

/// Compares a file with its line among the checksums.
fn check_sum(folder: &Path, name: &str, sums: &str) -> std::result::Result<(), String> {
    let line = sums.lines().find_map(|line| line.strip_suffix(name));
    let expected = line
        .map(str::trim_end)
        .ok_or(format!("{SUMS} lacks {name}"))?;
    let found = sum(&folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
    if found == expected {
        return Ok(());
    }
    Err(format!("{name} differs from its checksum"))
}

fn sum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    let hex = |text: String, byte: &u8| format!("{text}{byte:02x}");
    Ok(hash.finalize().iter().fold(String::new(), hex))
}
