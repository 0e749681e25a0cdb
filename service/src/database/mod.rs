//! The database as the service holds it: a connection to read with, one to write with, and the door to migrations.
mod changes;
mod classify;
mod heartbeat;
mod migrations;
mod postgres;
mod reader;
mod settings;
mod sqlite;
mod statements;

use std::{sync::Arc, time::Duration};

use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::{OnceCell, watch},
    time::{Instant, sleep, timeout_at},
};

pub(crate) use changes::{Changed, Changes, notification};
pub(crate) use classify::{all_taken, classify, taken, taken_field};
pub use migrations::{Migrations, Step};
pub use reader::Reader;
pub(crate) use reader::overrun;
pub use settings::Settings;
pub use statements::Observer;

use crate::{Deadline, Error, Limit, Result, secret::Secret};

/// Time for work that may do without the database, once that is known to be away.
const GRACE: Duration = Duration::from_millis(200);

/// Cheap to clone. On PostgreSQL both connections are one pool; on SQLite a pool of readers and one writer.
#[derive(Clone, Debug)]
pub struct Database {
    reader: Reader,
    write: DatabaseConnection,
    lock_timeout: Duration,
    secret: Arc<OnceCell<Secret>>,
    /// Whether the server answers; none where there is no server.
    heartbeat: Option<watch::Receiver<bool>>,
    /// Heard from other nodes; a file has none that tell.
    changes: Changes,
}

impl Database {
    /// Connects, and makes the SQLite file and its folder if they are absent. `observer` sees each statement.
    pub async fn connect(settings: &Settings, observer: Option<Observer>) -> Result<Self> {
        let watch = |mut connection: DatabaseConnection| {
            connection
                .set_metric_callback(statements::log(settings.slow_statement, observer.clone()));
            connection
        };
        let url = settings.url.expose_secret();
        let (read, write, heartbeat, changes) = match url.split_once(':').map(|(scheme, _)| scheme)
        {
            Some("sqlite") => sqlite::connect(url, settings)
                .await
                .map(|(read, write)| (read, write, None, Changes::deaf()))?,
            Some("postgres" | "postgresql") => {
                let (pool, server) = postgres::connect(url, settings).await?;
                let heartbeat = heartbeat::start(server.clone());
                (pool.clone(), pool, Some(heartbeat), Changes::of(server))
            }
            _ => {
                return Err(Error::bug(
                    "database.url must start with sqlite: or postgres:",
                ));
            }
        };
        Ok(Self {
            reader: Reader {
                pool: watch(read),
                deadline: Deadline::new(settings),
            },
            write: watch(write),
            lock_timeout: settings.lock_timeout,
            secret: Arc::default(),
            heartbeat,
            changes,
        })
    }

    /// For statements outside any transaction. Never call it inside [`crate::Session::write`], whose session refuses it.
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// When work on this database must be done.
    pub(crate) fn deadline(&self) -> Deadline {
        self.reader.deadline
    }

    /// The same database for work that must be done at another time.
    #[must_use]
    pub(crate) fn with_deadline(mut self, deadline: Deadline) -> Self {
        self.reader.deadline = deadline;
        self
    }

    /// The same database for one request, all of whose statements end at its deadline.
    #[must_use]
    pub(crate) fn for_request(self, arrival: Instant, limit: Limit) -> Self {
        let deadline = self.deadline().of_request(arrival, limit);
        self.with_deadline(deadline)
    }

    /// Of those who call.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Opens a transaction, or gives up at `deadline`.
    ///
    /// The `BEGIN` runs in a task of its own, which is never cancelled: a cancelled one would hand the next user of
    /// the connection an open transaction (transact-rs/sqlx#4394). One that comes too late is rolled back when dropped.
    pub(crate) async fn begin(&self, deadline: Instant) -> Result<DatabaseTransaction> {
        let write = self.write.clone();
        let options = TransactionOptions {
            // Takes SQLite's write lock at once: a deferred transaction fails later, when it upgrades.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let begin = tokio::spawn(async move { write.begin_with_options(options).await });
        let tx = match timeout_at(deadline, begin).await {
            Ok(Ok(done)) => done?,
            Ok(Err(panicked)) => return Err(Error::internal(panicked)),
            Err(_late) => return Err(overrun().into()),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if !self.is_sqlite() {
            postgres::limit(&tx, left, self.lock_timeout).await?;
        }
        Ok(tx)
    }

    /// Authenticates cursors with this key, and not with the one that the installation made for itself.
    #[must_use]
    pub fn with_secret(self, secret: &SecretString) -> Self {
        Self {
            secret: Arc::new(OnceCell::new_with(Some(Secret::of(secret)))),
            ..self
        }
    }

    /// The key of this installation's cursors, read once. Fails while the schema is not migrated.
    pub async fn secret(&self) -> Result<Secret> {
        let installed = || Secret::installed(&self.reader, "cursor");
        Ok(self.secret.get_or_try_init(installed).await?.clone())
    }

    /// Ends when the database has not answered for a while, so that nobody waits longer; else never.
    pub async fn lost(&self) {
        if let Some(mut heartbeat) = self.heartbeat.clone()
            && heartbeat.wait_for(|alive| !alive).await.is_ok()
        {
            // What needs no database is done by then.
            sleep(GRACE).await;
            return;
        }
        std::future::pending::<()>().await;
    }

    /// Answers whether the database does: at once, where it is known not to.
    pub async fn ping(&self) -> Result<()> {
        let is_known_lost = |heartbeat: &watch::Receiver<bool>| !*heartbeat.borrow();
        if self.heartbeat.as_ref().is_some_and(is_known_lost) {
            return Err(Error::Unavailable("the database", None));
        }
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    pub async fn close(&self) -> Result<()> {
        self.reader.pool.close_by_ref().await?;
        Ok(self.write.close_by_ref().await?)
    }

    /// Brings the schema to the newest version. Processes that start together wait for the first.
    pub async fn migrate(&self) -> Result<()> {
        Ok(Migrator::up(&self.write, None).await?)
    }

    /// The migrations that this program knows and the database lacks.
    ///
    /// Fails if the database has migrations that this program does not know.
    pub async fn pending(&self) -> Result<Vec<String>> {
        let steps = Migrator::history(&self.reader).await?;
        Ok(steps
            .into_iter()
            .filter(|step| step.applied_at.is_none())
            .map(|step| step.name)
            .collect())
    }

    pub fn is_sqlite(&self) -> bool {
        self.write.get_database_backend() == sea_orm::DbBackend::Sqlite
    }
}
