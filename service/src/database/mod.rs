//! The database as the service holds it: a connection to read with, one to write with, and the door to migrations.
mod changes;
mod classify;
mod heartbeat;
mod migrations;
mod postgres;
mod settings;
mod sqlite;
mod statements;
mod writer;

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
pub(crate) use classify::{classify, ends_transaction, taken};
pub use migrations::{Migrations, Step};
pub use settings::Settings;
pub use statements::Observer;

pub(crate) use self::writer::WritePermit;
use self::writer::Writer;
use crate::{Error, Result, error::Storage, secret::Secret};

/// Time for work that may do without the database, once that is known to be away.
const GRACE: Duration = Duration::from_millis(200);

/// Cheap to clone. On PostgreSQL both connections are one pool; on SQLite a pool of readers and one writer.
#[derive(Clone, Debug)]
pub struct Database {
    read: DatabaseConnection,
    write: DatabaseConnection,
    budget: Duration,
    lock_timeout: Duration,
    secret: Arc<OnceCell<Secret>>,
    /// Whether the server answers; none where there is no server.
    heartbeat: Option<watch::Receiver<bool>>,
    /// Heard from other nodes; a file has none that tell.
    changes: Changes,
    /// The one writer of a SQLite database; PostgreSQL has many.
    writer: Option<Arc<Writer>>,
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
        let (read, write, heartbeat, changes, writer) =
            match url.split_once(':').map(|(scheme, _)| scheme) {
                Some("sqlite") => {
                    let sqlite::Connected {
                        read,
                        write,
                        writer,
                    } = sqlite::connect(url, settings).await?;
                    (read, write, None, Changes::deaf(), Some(writer))
                }
                Some("postgres" | "postgresql") => {
                    let (pool, server) = postgres::connect(url, settings).await?;
                    let heartbeat = heartbeat::start(server.clone());
                    (
                        pool.clone(),
                        pool,
                        Some(heartbeat),
                        Changes::of(server),
                        None,
                    )
                }
                _ => {
                    return Err(Error::bug(
                        "database.url must start with sqlite: or postgres:",
                    ));
                }
            };
        Ok(Self {
            read: watch(read),
            write: watch(write),
            budget: settings.write_budget,
            lock_timeout: settings.lock_timeout,
            secret: Arc::default(),
            heartbeat,
            changes,
            writer,
        })
    }

    /// For statements outside any transaction. Never call it inside [`crate::Session::write`], whose session refuses it.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Of those who call.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// How long a write may wait in all: for a connection, for locks of others, between its retries.
    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }

    /// Opens a transaction, or gives up at `deadline`.
    ///
    /// The `BEGIN` runs in a task of its own, which is never cancelled: a cancelled one would hand the next user of
    /// the connection an open transaction (transact-rs/sqlx#4394). One that comes too late is rolled back when dropped.
    pub(crate) async fn begin(&self, deadline: Instant) -> Result<Begun> {
        let write = self.write.clone();
        let permit = match &self.writer {
            Some(writer) => Some(writer.enter(deadline).await?),
            None => None,
        };
        let begin = tokio::spawn(async move {
            let begun = write.begin_with_options(immediate()).await;
            if let (Err(error), Some(permit)) = (&begun, &permit) {
                permit.note(error);
            }
            begun.map(|tx| Begun { tx, permit })
        });
        let begun = match timeout_at(deadline, begin).await {
            Ok(Ok(done)) => done?,
            Ok(Err(panicked)) => return Err(Error::internal(panicked)),
            Err(_late) => return Err(Error::Unavailable("the database", None)),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left < self.lock_timeout && !self.is_sqlite() {
            postgres::limit_lock_waits(&begun.tx, left).await?;
        }
        Ok(begun)
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
        let installed = || Secret::installed(&self.read, "cursor");
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
        self.read.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Whether a write can be expected to succeed; else why not.
    pub async fn check_writes(&self) -> Result<(), Storage> {
        match &self.writer {
            Some(writer) => writer.check(&self.write).await,
            None => Ok(()),
        }
    }

    /// Looks for damage of a SQLite file, for `limit` at most; a PostgreSQL server looks after its own.
    pub async fn check_file(&self, limit: Duration) {
        if let Some(writer) = &self.writer {
            writer.check_file(limit).await;
        }
    }

    /// Whether damage of the file was found.
    pub fn is_damaged(&self) -> bool {
        self.writer
            .as_ref()
            .is_some_and(|writer| writer.is_damaged())
    }

    pub async fn close(&self) -> Result<()> {
        self.read.close_by_ref().await?;
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
        let steps = Migrator::history(&self.read).await?;
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

/// A transaction that has begun, and on SQLite the right to be the only one.
#[derive(Debug)]
pub(crate) struct Begun {
    /// It is declared first, so it is dropped first.
    pub tx: DatabaseTransaction,
    pub permit: Option<WritePermit>,
}

/// Takes SQLite's write lock at once: a deferred transaction fails later, when it upgrades.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}
