//! Copies of SQLite files.
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use kernel::{Database, database::Settings, files};
use secrecy::ExposeSecret;
use sqlx::{
    ConnectOptions, Connection, Executor, Row, SqliteConnection, sqlite::SqliteConnectOptions,
};

use super::{Result, at, facts::Facts, refused, restore::kept_name};

pub const FILE: &str = "database.sqlite";

/// The codes of SQLite for a damaged file, and for one that is no database.
const CORRUPT: &str = "11";
const NOT_A_DATABASE: &str = "26";

async fn open(url: &str) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(false)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    Ok(options.connect().await?)
}

/// Copies one moment of a file, while a server may write to it. SQLite's backup API would need unsafe code, and starts again with
/// each write of another process; `VACUUM INTO` reads in one transaction, and leaves out what was deleted.
pub async fn copy(settings: &Settings, into: &Path) -> Result<Facts> {
    let mut connection = open(settings.url.expose_secret()).await?;
    // SQLite fills an existing file if it is empty, and keeps its mode.
    files::make_file(into).map_err(at(into))?;
    let copy = sqlx::query("VACUUM INTO ?").bind(into.display().to_string());
    let copied = copy.execute(&mut connection).await;
    connection.close().await?;
    copied?;
    let facts = facts(into).await?;
    // The copy is complete without a journal.
    require_unused(into).await?;
    Ok(facts)
}

/// Counts what a copy holds. It may change the header of the file, so it comes before the checksum.
pub async fn facts(file: &Path) -> Result<Facts> {
    let database = Database::connect(&settings(file), None).await?;
    let facts = Facts::read(database.reader()).await;
    database.close().await?;
    facts
}

/// Returns the settings of a copy.
pub fn settings(file: &Path) -> Settings {
    let mut settings = Settings::new(&format!("sqlite://{}?mode=rw", file.display()));
    settings.extend_deadlines();
    settings
}

/// Fails unless SQLite finds the file in order.
pub async fn check_integrity(file: &Path) -> Result<()> {
    let mut connection = open(&format!("sqlite://{}?mode=rw", file.display())).await?;
    let found = connection.fetch_all("PRAGMA integrity_check").await;
    connection.close().await?;
    let lines: Vec<String> = found?.iter().map(|row| row.get(0)).collect();
    if lines == ["ok"] {
        return Ok(());
    }
    Err(refused(format!(
        "SQLite finds damage: {}",
        lines.join("; ")
    )))
}

/// Fails if another process has the file open. Then it is left without a journal, so that it can be renamed. A file that is too
/// damaged to be opened has nothing to protect.
pub async fn require_unused(file: &Path) -> Result<()> {
    let left = leave_journal(file).await;
    let is_damaged = |error: &sqlx::Error| {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        matches!(code.as_deref(), Some(CORRUPT | NOT_A_DATABASE))
    };
    match left {
        Ok(mode) if mode == "delete" => Ok(()),
        Err(error) if is_damaged(&error) => Ok(()),
        _ => Err(refused(format!(
            "{} is in use: stop the server and everything else that has it open",
            file.display()
        ))),
    }
}

/// Leaves the write-ahead log, which needs the only connection to the file. Returns the mode that the file has then.
async fn leave_journal(file: &Path) -> sqlx::Result<String> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(Duration::from_millis(500))
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    let left = connection.fetch_one("PRAGMA journal_mode = DELETE").await;
    connection.close().await?;
    left.map(|row| row.get(0))
}

/// Puts a restored file in the place of another, which is kept under a new name with its journals: SQLite would read them as those of
/// the restored file.
pub fn swap(restored: &Path, place: &Path) -> Result<Option<PathBuf>> {
    let kept = PathBuf::from(kept_name(&place.display().to_string()));
    for end in ["-wal", "-shm", "-journal"] {
        move_if_present(&with_end(place, end), &with_end(&kept, end))?;
    }
    let is_kept = move_if_present(place, &kept)?;
    fs::rename(restored, place).map_err(at(place))?;
    Ok(is_kept.then_some(kept))
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn move_if_present(from: &Path, to: &Path) -> Result<bool> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(from)(error)),
    }
}
