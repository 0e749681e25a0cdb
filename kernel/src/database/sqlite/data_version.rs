//! Tells whether another connection has changed a SQLite file: this process's writer, or another process.
use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{sync::Mutex, time::timeout};

/// The longest wait for an answer, which takes microseconds.
const LIMIT: Duration = Duration::from_millis(500);

/// A connection that never writes. It asks for `PRAGMA data_version`, which changes when another connection commits.
#[derive(Debug)]
pub(in crate::database) struct DataVersion {
    asking: Mutex<Asking>,
    /// The number of questions that have begun.
    begun: AtomicU64,
    file: SqliteConnectOptions,
}

#[derive(Debug, Default)]
struct Asking {
    connection: Option<SqliteConnection>,
    version: i64,
    /// The number of the last question that was answered.
    answered: u64,
}

impl DataVersion {
    pub fn new(file: SqliteConnectOptions) -> Self {
        Self {
            asking: Mutex::default(),
            begun: AtomicU64::new(0),
            file,
        }
    }

    /// Calls `changed` if another connection has committed since the last question. Concurrent callers share a question that
    /// begins after all of their calls.
    ///
    /// Fails if SQLite does not answer; then everything may have changed.
    pub async fn check(&self, changed: impl FnOnce()) -> sqlx::Result<()> {
        let since = self.begun.load(SeqCst);
        let asked = timeout(LIMIT, async {
            let mut asking = self.asking.lock().await;
            if asking.answered > since {
                return Ok(());
            }
            let number = self.begun.fetch_add(1, SeqCst) + 1;
            // An answer that fails or does not come leaves no connection, and the next question reports a change.
            let (mut connection, is_new) = match asking.connection.take() {
                Some(connection) => (connection, false),
                None => (SqliteConnection::connect_with(&self.file).await?, true),
            };
            let version = sqlx::query_scalar("PRAGMA data_version");
            let version: i64 = version.fetch_one(&mut connection).await?;
            if is_new || version != asking.version {
                changed();
            }
            *asking = Asking {
                connection: Some(connection),
                version,
                answered: number,
            };
            Ok(())
        });
        asked.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Closes the connection. A later question opens a new one.
    pub async fn close(&self) {
        let connection = self.asking.lock().await.connection.take();
        if let Some(connection) = connection
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, "a connection was not closed in order");
        }
    }
}
