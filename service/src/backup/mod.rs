//! Backups of the whole database, each in a folder of its own: a copy, and a manifest with what the copy holds.
//!
//! A SQLite file is copied by `VACUUM INTO`, which reads one moment of the file while a server writes to it. PostgreSQL is copied by its
//! own `pg_dump`, with the counts of the manifest taken in the same snapshot. Backups stay in the folder, or are sent to a bucket.
mod archive;
mod bucket;
mod clean;
mod crypt;
mod facts;
mod keep;
mod manifest;
mod postgres;
mod restore;
mod s3;
mod schedule;
mod sqlite;
mod store;
mod tool;
mod verify;

use std::{io, path::PathBuf, time::Duration};

use kernel::database;
use secrecy::ExposeSecret;

pub use archive::Archive;
pub use bucket::Bucket;
pub use clean::{Cleaned, RevokedKey};
pub use keep::Keep;
pub use manifest::Manifest;
pub use restore::{Restored, clean_recovered, restore};
pub use s3::{S3Settings, parse_store};
pub use schedule::{Ran, Schedule};
pub use store::Listed;
pub use verify::{Verified, verify};

/// Why a backup could not be made, verified or restored. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Refused(String),
    /// The backup is not as it was written.
    #[error("the backup {name} is damaged: {what}")]
    Damaged { name: String, what: String },
    /// Its upload was interrupted.
    #[error(
        "the backup {0} is unfinished: its upload was interrupted; `atoll backup create` removes it after a day"
    )]
    Unfinished(String),
    /// The store of the backups refuses something, or does not answer.
    #[error("{0}")]
    Store(String),
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

/// The database of an installation, and where its backups are.
#[derive(Debug, Clone)]
pub struct Backups {
    pub database: database::Settings,
    /// The folder of the backups; with a bucket, only of those that are being made or read.
    pub folder: PathBuf,
    pub bucket: Option<Bucket>,
    /// A program of PostgreSQL is killed after this time.
    pub timeout: Duration,
    /// The text of the program's version, for the manifest.
    pub program: &'static str,
}

impl Backups {
    fn is_sqlite(&self) -> bool {
        self.database.url.expose_secret().starts_with("sqlite:")
    }

    /// Makes a backup, encrypted for these public keys of age if there are any.
    pub async fn create(&self, recipients: &[String]) -> Result<Archive> {
        let busy = || {
            refused(format!(
                "another process makes a backup in {} right now",
                self.folder.display()
            ))
        };
        self.try_create(recipients).await?.ok_or_else(busy)
    }

    /// Makes a backup, unless another process makes one in the same folder: then this returns `None`.
    async fn try_create(&self, recipients: &[String]) -> Result<Option<Archive>> {
        if self.database.is_in_memory() {
            return Err(refused("a database in memory cannot be backed up"));
        }
        let Some(draft) = archive::Draft::begin(&self.folder)? else {
            return Ok(None);
        };
        let (file, facts) = if self.is_sqlite() {
            let file = draft.file(sqlite::FILE);
            (sqlite::FILE, sqlite::copy(&self.database, &file).await?)
        } else {
            let file = draft.file(postgres::FILE);
            let dumped = postgres::dump(&self.database, &file, self.timeout).await;
            (postgres::FILE, dumped?)
        };
        let copy = crypt::encrypt(&draft.file(file), recipients)?;
        let manifest = draft.seal(&copy, facts, self.program)?;
        Ok(Some(self.publish(draft, manifest).await?))
    }
}
