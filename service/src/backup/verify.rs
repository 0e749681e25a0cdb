//! Proves that a backup can be restored: into a database of its own, which is compared with the manifest and then removed.
use std::path::{Path, PathBuf};

use kernel::{
    Database, Kernel,
    audit::{self, Receipt},
    database::Settings,
};
use tempfile::TempDir;

use super::{
    Archive, Backups, Result, at, crypt,
    facts::Facts,
    postgres::{self, Target},
    refused, sqlite,
};

/// What a verification has shown.
#[derive(Debug, Clone)]
pub struct Verified {
    pub tables: usize,
    pub rows: i64,
    /// The entries of the audit log, whose chain is intact.
    pub audit_entries: u64,
}

/// A copy that was restored next to the database. What is left of it is removed when this is dropped.
pub struct Staged {
    pub settings: Settings,
    /// The file, or the name of the database on PostgreSQL.
    pub file: Option<PathBuf>,
    pub name: String,
    _folder: TempDir,
}

/// Restores a backup and compares it with its manifest. `start` starts the application on the restored database.
pub async fn verify(
    backups: &Backups,
    archive: &Archive,
    identity: Option<&Path>,
    start: impl Fn(Database) -> Kernel,
) -> Result<Verified> {
    let staged = stage(backups, archive, (identity, None)).await?;
    let found = examine(archive, &staged.settings, start).await;
    if staged.file.is_none() {
        postgres::drop_database(&Target::new(&backups.database)?, &staged.name).await?;
    }
    found
}

/// Checks the checksums, decrypts the copy and restores it: into a folder of its own, or `beside` a file, so that it can be renamed.
pub async fn stage(
    backups: &Backups,
    archive: &Archive,
    (identity, beside): (Option<&Path>, Option<&Path>),
) -> Result<Staged> {
    if archive.manifest.is_sqlite() != backups.is_sqlite() {
        return Err(refused(format!(
            "the backup is one of {}, and database.url names another kind of database",
            archive.manifest.database
        )));
    }
    let files = backups.fetch(archive).await?;
    files.check()?;
    let parent = beside
        .and_then(Path::parent)
        .filter(|parent| *parent != Path::new(""));
    let folder = match (beside, parent) {
        (Some(_), Some(parent)) => tempfile::tempdir_in(parent),
        (Some(_), None) => tempfile::tempdir_in("."),
        (None, _) => tempfile::tempdir(),
    };
    let folder = folder.map_err(at(parent.unwrap_or(Path::new("."))))?;
    let copy = if archive.manifest.is_encrypted {
        let plain = folder.path().join("copy");
        crypt::decrypt(&files.copy(), identity, &plain)?;
        plain
    } else {
        files.copy()
    };
    if archive.manifest.is_sqlite() {
        let file = folder.path().join(sqlite::FILE);
        kernel::files::make_file(&file).map_err(at(&file))?;
        std::fs::copy(&copy, &file).map_err(at(&file))?;
        sqlite::check_integrity(&file)
            .await
            .map_err(|error| archive.damaged(error.to_string()))?;
        return Ok(Staged {
            settings: sqlite::settings(&file),
            file: Some(file),
            name: String::new(),
            _folder: folder,
        });
    }
    let target = Target::new(&backups.database)?;
    let name = format!("{}_restoring_{}", target.name, std::process::id());
    let restored = postgres::restore(&target, &name, &copy, backups.timeout).await?;
    Ok(Staged {
        settings: restored.settings(),
        file: None,
        name,
        _folder: folder,
    })
}

/// Compares a restored database with the manifest, and checks the chain of its audit log up to the receipt.
pub async fn examine(
    archive: &Archive,
    settings: &Settings,
    start: impl Fn(Database) -> Kernel,
) -> Result<Verified> {
    let kernel = start(Database::connect(settings, None).await?);
    let checked = check(archive, &kernel).await;
    kernel.database.close().await?;
    checked
}

async fn check(archive: &Archive, kernel: &Kernel) -> Result<Verified> {
    let damaged = |what: String| archive.damaged(what);
    let facts = Facts::read(kernel.database.reader()).await?;
    let differences = archive.manifest.facts().differences(&facts);
    if !differences.is_empty() {
        return Err(damaged(differences.join("; ")));
    }
    let receipt: Receipt = archive
        .manifest
        .audit_receipt
        .parse()
        .map_err(|error: &str| damaged(error.to_owned()))?;
    let receipt = (receipt.seq > 0).then_some(receipt);
    let verdict = audit::verify(kernel, receipt.as_ref()).await?;
    if !verdict.problems.is_empty() {
        let lines: Vec<_> = verdict
            .problems
            .iter()
            .take(5)
            .map(ToString::to_string)
            .collect();
        return Err(damaged(format!("the audit log: {}", lines.join("; "))));
    }
    Ok(Verified {
        tables: facts.rows.len(),
        rows: facts.rows.values().sum(),
        audit_entries: verdict.entries,
    })
}
