//! The SQLite pools: one writer and several readers over a file in WAL mode, or one connection in memory.
mod check;
mod codes;
mod data_version;
mod fit;
mod readers;

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxSqliteConnector};
use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use tokio::time::{Instant, sleep};

use self::fit::{Unfit, check_writers};
pub(super) use self::{
    check::{Found, quick_check},
    codes::{Class, class},
    data_version::DataVersion,
    readers::Readers,
};
use super::{Settings, metrics::Series, statements::Log, writer::Writer};
use crate::{Error, Result, files};

/// The pause between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(20);

/// How long the start tries to open the file: a loaded machine or another process may hold it longer than a request may wait.
const START: Duration = Duration::from_secs(10);

/// The connections of a SQLite database, and the state of its writer.
pub(super) struct Connected {
    /// The connections that read a file; `None` for a database in memory, which has one connection for everything.
    pub readers: Option<Readers>,
    pub write: DatabaseConnection,
    pub writer: Arc<Writer>,
    pub data_version: Option<DataVersion>,
}

pub(super) async fn connect(
    url: &str,
    settings: &Settings,
    log: Log,
    series: &Series,
) -> Result<Connected> {
    let file = SqliteConnectOptions::from_str(url)
        .map_err(Error::internal)?
        .create_if_missing(true)
        .foreign_keys(true)
        // Another process may write: this waits for it as long as for a connection.
        .busy_timeout(settings.acquire_timeout)
        .statement_cache_capacity(settings.statement_cache)
        .disable_statement_logging();
    let retires = Arc::new(AtomicBool::new(false));
    let writer = |file| {
        let waits = (settings.acquire_timeout, series.waits("write"));
        Arc::new(Writer::new(file, waits, &retires))
    };
    if settings.is_in_memory() {
        // The database ends with its last connection, and a second connection would open a second database.
        let options = check_writers(options(1, settings), Unfit::Repaired, &retires);
        let only = pool(options, file, settings).await?;
        return Ok(Connected {
            readers: None,
            write: only,
            writer: writer(None),
            data_version: None,
        });
    }
    files::make_folder(&folder(&file)).map_err(Error::internal)?;
    // SQLite gives its journals the permissions of the file.
    files::make_file(file.get_filename()).map_err(Error::internal)?;
    let file = file
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits when the power fails.
        .synchronous(SqliteSynchronous::Full);
    let one = check_writers(options(1, settings), Unfit::Closed, &retires);
    // The writer gets 32 MiB instead of the default of 2, because it reads unique indexes at random places.
    let write = pool(one, file.clone().pragma("cache_size", "-32768"), settings).await?;
    let reader = file.clone().pragma("query_only", "on");
    let waits = (settings.acquire_timeout, series.waits("read"));
    let readers = Readers::new(reader.clone(), settings.max_connections, waits, log)?;
    readers.connect_first(Instant::now() + START).await?;
    Ok(Connected {
        readers: Some(readers),
        write,
        writer: writer(Some(file)),
        data_version: Some(DataVersion::new(reader)),
    })
}

/// Returns the folder of a file, which may be the working directory.
pub(super) fn folder(file: &SqliteConnectOptions) -> PathBuf {
    let folder = file.get_filename().parent();
    let folder = folder.filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// Keeps connections open: an in-memory database ends with its connection, and a new connection has an empty page cache.
fn options(size: u32, settings: &Settings) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

async fn pool(
    pool: SqlitePoolOptions,
    options: SqliteConnectOptions,
    settings: &Settings,
) -> Result<DatabaseConnection> {
    let deadline = Instant::now() + START.max(settings.acquire_timeout);
    loop {
        let connected = pool.clone().connect_with(options.clone()).await;
        let is_slow = matches!(connected, Err(sqlx::Error::PoolTimedOut));
        let connected: Result<SqlitePool> =
            connected.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())).into());
        match connected {
            // If several processes put a new file into WAL mode together, SQLite refuses some without waiting.
            Err(error) if is_slow || matches!(error, Error::Contended(_)) => {
                if Instant::now() >= deadline {
                    return Err(error);
                }
                sleep(PAUSE).await;
            }
            connected => return Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(connected?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::try_join_all;
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    use sqlx::{Connection, Executor, SqliteConnection};
    use tokio::{pin, time::timeout};

    use super::*;
    use crate::Database;

    #[tokio::test]
    async fn the_start_waits_longer_for_the_file_than_a_request() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/atoll.db?mode=rwc", folder.path().display());
        let mut other = SqliteConnection::connect(&url).await.unwrap();
        other.execute("BEGIN EXCLUSIVE").await.unwrap();
        let acquire_timeout = Duration::from_millis(100);
        let settings = Settings {
            acquire_timeout,
            ..Settings::new(&url)
        };
        let connected = Database::connect(&settings, None);
        pin!(connected);

        let early = timeout(6 * acquire_timeout, &mut connected).await;
        assert!(early.is_err(), "the start gave up: {early:?}");
        other.execute("COMMIT").await.unwrap();

        connected.await.unwrap();
    }

    /// So a copy of the file alone has every acknowledged write, once the server has stopped.
    #[tokio::test]
    async fn a_closed_file_needs_no_write_ahead_log() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}/atoll.db?mode=rwc", folder.path().display());
            let database = Database::connect(&Settings::new(&url), None).await.unwrap();
            let create = "CREATE TABLE t (id INTEGER)";
            database.write.execute_unprepared(create).await.unwrap();
            database.change_feed().catch_up().await;
            let one = || Statement::from_string(DbBackend::Sqlite, "SELECT 1 FROM t");
            let reads = (0..4).map(|_| database.reader().query_all_raw(one()));
            try_join_all(reads).await.unwrap();

            database.close().await.unwrap();

            assert!(!folder.path().join("atoll.db-wal").exists());
        }
    }
}
