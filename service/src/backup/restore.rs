//! Puts a backup in the place of the database, which is kept under another name.
use std::path::{Path, PathBuf};

use chrono::Utc;
use kernel::{Database, Kernel};

use super::{
    Archive, Backups, Cleaned, Result, Verified,
    clean::{Current, clean},
    postgres::{self, Target},
    refused, sqlite,
    verify::{Staged, examine, stage},
};
use crate::MIGRATOR;

/// What a restore has done.
#[derive(Debug, Clone)]
pub struct Restored {
    pub verified: Verified,
    pub cleaned: Cleaned,
    /// The name of the database before, or of its file; `None` if there was none.
    pub kept: Option<String>,
}

/// Restores a backup. Nothing is changed unless the restored copy is as the manifest describes it.
///
/// `keeps_revoked_keys` leaves API keys that the database before the restore did not have any more.
pub async fn restore(
    backups: &Backups,
    archive: &Archive,
    (identity, keeps_revoked_keys): (Option<&Path>, bool),
    start: impl Fn(Database) -> Kernel,
) -> Result<Restored> {
    let file = backups.database.file();
    let exists = require_unused(backups).await?;
    let staged = stage(backups, archive, (identity, file.as_deref())).await?;
    let done = prepare(
        backups,
        archive,
        (&staged, exists, keeps_revoked_keys),
        start,
    )
    .await;
    let (verified, cleaned) = match done {
        Ok(done) => done,
        Err(error) => {
            if file.is_none() {
                postgres::drop_database(&Target::new(&backups.database)?, &staged.name).await?;
            }
            return Err(error);
        }
    };
    let kept = if let (Some(place), Some(restored)) = (&file, &staged.file) {
        if exists {
            // A server may have started meanwhile.
            sqlite::require_unused(place).await?;
        }
        sqlite::require_unused(restored).await?;
        let kept = sqlite::swap(restored, place)?;
        kept.map(|kept: PathBuf| kept.display().to_string())
    } else {
        let target = Target::new(&backups.database)?;
        let kept = exists.then(|| kept_name(&target.name));
        postgres::swap(&staged.name, &target, kept.as_deref()).await?;
        kept
    };
    Ok(Restored {
        verified,
        cleaned,
        kept,
    })
}

/// Examines the restored copy, brings its schema to this release, and cleans it, before it takes its place.
async fn prepare(
    backups: &Backups,
    archive: &Archive,
    (staged, exists, keeps_revoked_keys): (&Staged, bool, bool),
    start: impl Fn(Database) -> Kernel,
) -> Result<(Verified, Cleaned)> {
    let verified = examine(archive, &staged.settings, &start).await?;
    let database = Database::connect_for_migrations(&staged.settings).await?;
    let migrated = database.migrations(MIGRATOR).up(None).await;
    database.close().await?;
    migrated?;
    let current = if exists {
        // A database that is too broken to be read is no reason not to replace it.
        current(backups, &start).await.ok()
    } else {
        None
    };
    let kernel = start(Database::connect(&staged.settings, None).await?);
    let cleaned = clean(&kernel, current.as_ref(), keeps_revoked_keys).await;
    kernel.database.close().await?;
    Ok((verified, cleaned?))
}

/// Returns whether the database exists. Fails if anybody uses it.
async fn require_unused(backups: &Backups) -> Result<bool> {
    match backups.database.file() {
        Some(file) if file.exists() => {
            sqlite::require_unused(&file).await?;
            Ok(true)
        }
        Some(_) => Ok(false),
        None if backups.is_sqlite() => Err(refused("a database in memory cannot be restored")),
        None => postgres::require_unused(&Target::new(&backups.database)?).await,
    }
}

/// Removes what must not come back from a database that was recovered in another way, such as to a point in time.
pub async fn clean_recovered(
    backups: &Backups,
    start: impl Fn(Database) -> Kernel,
) -> Result<Cleaned> {
    require_unused(backups).await?;
    let kernel = start(Database::connect(&backups.database, None).await?);
    let cleaned = clean(&kernel, None, true).await;
    kernel.database.close().await?;
    Ok(cleaned?)
}

async fn current(backups: &Backups, start: impl Fn(Database) -> Kernel) -> Result<Current> {
    let kernel = start(Database::connect(&backups.database, None).await?);
    let current = Current::read(&kernel).await;
    kernel.database.close().await?;
    Ok(current?)
}

/// Returns the name under which the database before a restore is kept.
pub fn kept_name(name: &str) -> String {
    format!("{name}_before_{}", Utc::now().format("%Y%m%dT%H%M%SZ"))
}
