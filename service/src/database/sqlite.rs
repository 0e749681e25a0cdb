//! The SQLite pools: one writer and several readers over a file in WAL mode, or one connection in memory.
use std::{path::Path, str::FromStr, time::Duration};

use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxSqliteConnector};
use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use tokio::time::{Instant, sleep};

use super::Settings;
use crate::{Error, Result, files};

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn connect(
    url: &str,
    settings: &Settings,
) -> Result<(DatabaseConnection, DatabaseConnection)> {
    let file = SqliteConnectOptions::from_str(url)
        .map_err(Error::internal)?
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(settings.lock_timeout)
        .statement_cache_capacity(settings.statement_cache)
        .disable_statement_logging();
    if settings.is_in_memory() {
        // The database goes with its last connection, and a second connection would be a second database.
        let only = pool(file, 1, settings).await?;
        return Ok((only.clone(), only));
    }
    if let Some(folder) = file
        .get_filename()
        .parent()
        .filter(|folder| *folder != Path::new(""))
    {
        files::make_folder(folder).map_err(Error::internal)?;
    }
    // SQLite gives its journals the permissions of the file.
    files::make_file(file.get_filename()).map_err(Error::internal)?;
    let file = file
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits at a power cut.
        .synchronous(SqliteSynchronous::Full);
    // 32 MiB for the one writer, whose unique indexes are read all over; the default is 2.
    let write = pool(file.clone().pragma("cache_size", "-32768"), 1, settings).await?;
    let read = pool(
        file.pragma("query_only", "on"),
        settings.max_connections,
        settings,
    )
    .await?;
    Ok((read, write))
}

/// Connections are kept for good: an in-memory database would vanish, a file's pages would have to be read again.
async fn pool(
    options: SqliteConnectOptions,
    size: u32,
    settings: &Settings,
) -> Result<DatabaseConnection> {
    let pool = SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    let deadline = Instant::now() + settings.acquire_timeout + settings.lock_timeout;
    loop {
        let connected = pool.clone().connect_with(options.clone()).await;
        let connected: Result<SqlitePool> =
            connected.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())).into());
        match connected {
            // Of processes that put a new file into WAL mode at once, SQLite refuses some without waiting.
            Err(Error::Contended(_)) if Instant::now() < deadline => sleep(PAUSE).await,
            connected => return Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(connected?)),
        }
    }
}
