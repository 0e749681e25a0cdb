//! Backups of the whole database, each in a folder of its own: a copy, and a manifest with what the copy holds.
//!
//! A SQLite file is copied by `VACUUM INTO`, which reads one moment of the file while a server writes to it. PostgreSQL is copied by its
//! own `pg_dump`, with the counts of the manifest taken in the same snapshot.
mod archive;
mod clean;
mod crypt;
mod facts;
mod keep;
mod manifest;
mod postgres;
mod restore;
mod sqlite;
mod tool;
mod verify;

use std::{io, path::PathBuf};

use kernel::database;
use secrecy::ExposeSecret;

pub use archive::{Archive, Listed, list};
pub use clean::{Cleaned, RevokedKey};
pub use keep::Keep;
pub use manifest::Manifest;
pub use restore::{Restored, restore};
pub use verify::{Verified, verify};

/// Why a backup could not be made, verified or restored. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Refused(String),
    /// The backup is not as it was written.
    #[error("the backup {name} is damaged: {what}")]
    Damaged { name: String, what: String },
    #[error("{0}: {1}")]
    File(String, io::Error),
    #[error("{0}")]
    Database(#[from] sea_orm::DbErr),
    #[error("{0}")]
    Sqlite(#[from] sqlx::Error),
    #[error("{0}")]
    Kernel(#[from] kernel::Error),
}

pub type Result<T> = std::result::Result<T, Failure>;

/// Adds the path to the error of a file.
fn at(path: &std::path::Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::File(path, error)
}

fn refused(text: impl Into<String>) -> Failure {
    Failure::Refused(text.into())
}

/// The database of an installation, and the folder of its backups.
#[derive(Debug, Clone)]
pub struct Backups {
    pub database: database::Settings,
    pub folder: PathBuf,
    /// The text of the program's version, for the manifest.
    pub program: &'static str,
}

impl Backups {
    fn is_sqlite(&self) -> bool {
        self.database.url.expose_secret().starts_with("sqlite:")
    }

    /// Makes a backup, encrypted for these public keys of age if there are any.
    pub async fn create(&self, recipients: &[String]) -> Result<Archive> {
        if self.database.is_in_memory() {
            return Err(refused("a database in memory cannot be backed up"));
        }
        let draft = archive::Draft::begin(&self.folder)?;
        let (file, facts) = if self.is_sqlite() {
            let file = draft.file(sqlite::FILE);
            (sqlite::FILE, sqlite::copy(&self.database, &file).await?)
        } else {
            let file = draft.file(postgres::FILE);
            (postgres::FILE, postgres::dump(&self.database, &file).await?)
        };
        let file = crypt::encrypt(&draft.file(file), recipients)?;
        draft.finish(&file, facts, self.program)
    }
}
