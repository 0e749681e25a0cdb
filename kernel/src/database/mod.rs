//! The database: a pool for reads, a pool or a connection for writes, and the migrations.
mod change_feed;
mod classify;
mod connection;
mod deadline;
mod facts;
mod health;
mod inspect;
mod limits;
mod metrics;
mod migrations;
mod mode;
mod postgres;
mod reader;
mod replicas;
mod request_state;
mod settings;
mod sqlite;
mod statements;
mod transaction;
mod writer;

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};

pub use change_feed::{ChangeFeed, ChangedUsers, notification, notification_of_mode};
pub use classify::{
    classify, ends_transaction, is_lock_wait, taken_field, value_taken, values_taken,
};
pub use connection::{Connection, Presence};
pub use deadline::{Deadline, Limit};
pub use facts::Facts;
pub use inspect::{Index, ServerState};
pub(crate) use limits::WithLimits;
pub use migrations::Migrations;
pub use postgres::names_one_host;
pub use reader::Reader;
pub use replicas::{Condition, LastWrite, MAX_REPLICAS, Position, ReplicaState};
pub use request_state::Positions;
pub use settings::Settings;
pub use statements::Observer;
pub(crate) use transaction::Transaction;

use self::{
    metrics::Series,
    mode::Mode,
    postgres::{Lane, Postgres},
    reader::ReadPool,
    replicas::Replicas,
    request_state::RequestState,
    statements::Log,
    writer::{WritePermit, Writer},
};

use crate::{Error, Result, cache::Changes, clock, error::Storage, secret::Secret};

/// It is cheap to clone. On PostgreSQL reads and writes share one pool; SQLite has a pool of readers and one writer.
#[derive(Clone, Debug)]
pub struct Database {
    reader: Reader,
    replicas: Option<Replicas>,
    /// Records what the request of this handle reads from a replica, and what it has written.
    request: RequestState,
    /// The connection of SQLite's writer; on PostgreSQL a connection that only migrations use.
    write: DatabaseConnection,
    secret: Arc<OnceCell<Secret>>,
    /// The changes that other nodes make. A SQLite database has no other nodes.
    change_feed: ChangeFeed,
    /// The changes of tables that this process makes.
    table_changes: Changes,
    /// Keeps the time of this node equal to the server's.
    _clock: Option<Arc<clock::Follower>>,
    /// The only writer of a SQLite database; PostgreSQL has many.
    writer: Option<Arc<Writer>>,
    series: Series,
    mode: Mode,
}

impl Database {
    /// Connects, and creates the SQLite file and its folder if they are absent. `observer` is called with each statement.
    pub async fn connect(settings: &Settings, observer: Option<Observer>) -> Result<Self> {
        let series = Series::default();
        let log: Log = Arc::new(statements::log(
            settings.slow_statement,
            observer,
            series.clone(),
        ));
        let url = settings.url.expose_secret();
        let (mut follower, mut writer, mut replicas) = (None, None, None);
        let (pool, write, change_feed) = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let connected = sqlite::connect(url, settings, log.clone(), &series).await?;
                let mut write = connected.write;
                write.set_metric_callback(move |info| log(info));
                let pool = match connected.readers {
                    Some(readers) => ReadPool::File(Arc::new(readers)),
                    None => ReadPool::Memory(write.clone()),
                };
                writer = Some(connected.writer);
                (pool, write, ChangeFeed::of_file(connected.data_version))
            }
            Some("postgres" | "postgresql") => {
                let postgres = Postgres::connect(url, settings, log.clone(), &series).await?;
                replicas = Replicas::start(&postgres, settings, (&log, &series))?;
                let change_feed = ChangeFeed::start(postgres.runtime(), postgres.server().clone());
                let write = postgres.for_migrations();
                let servers = postgres.server().clone();
                let follow = clock::follow(postgres.runtime(), move || servers.current());
                follower = Some(Arc::new(follow.await));
                (ReadPool::Postgres(postgres), write, change_feed)
            }
            _ => {
                return Err(Error::bug(
                    "database.url must start with sqlite: or postgres:",
                ));
            }
        };
        Ok(Self {
            reader: Reader {
                pool,
                deadline: Deadline::new(settings),
                lane: Lane::default(),
                writer: writer.clone(),
            },
            replicas,
            request: RequestState::default(),
            write,
            secret: Arc::default(),
            change_feed,
            table_changes: Changes::default(),
            _clock: follower,
            writer,
            series,
            mode: Mode::default(),
        })
    }

    /// Returns the same database for one of so many HTTP workers, on whose runtime this must be called. On PostgreSQL the worker
    /// has connections of its own.
    #[must_use]
    pub fn for_worker(mut self, workers: usize) -> Self {
        if let ReadPool::Postgres(postgres) = &self.reader.pool {
            self.reader.pool = ReadPool::Postgres(postgres.for_worker(workers));
        }
        let replicas = self.replicas.as_ref();
        self.replicas = replicas.map(|replicas| replicas.for_worker(workers));
        self
    }

    /// Returns the pool for statements outside any transaction. Do not use it inside [`crate::Session::write`], where the
    /// session refuses it.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Returns the deadline of work on this database.
    pub(crate) fn deadline(&self) -> Deadline {
        self.reader.deadline
    }

    /// Returns the same database with another deadline.
    #[must_use]
    pub(crate) fn with_deadline(mut self, deadline: Deadline) -> Self {
        self.reader.deadline = deadline;
        if let Some(near) = &mut self.request.near {
            near.reader.deadline = deadline;
        }
        self
    }

    /// Returns the same database for one request, whose statements share one deadline.
    #[must_use]
    pub(crate) fn for_request(self, arrival: Instant, limit: Limit) -> Self {
        let deadline = self.deadline().for_request(arrival, limit);
        self.with_deadline(deadline)
    }

    /// Returns the same database for work that may use the reserved connections.
    #[must_use]
    pub fn reserved(mut self) -> Self {
        self.reader.lane = Lane::Reserved;
        self
    }

    /// Tells which cached callers are no longer valid.
    pub fn change_feed(&self) -> &ChangeFeed {
        &self.change_feed
    }

    /// Counts a write that runs again: see [`Series::count_retry`].
    pub(crate) fn count_retry(&self, waited_for_lock: bool) {
        self.series.count_retry(waited_for_lock);
    }

    /// Counts the changes of tables that transactions of this process commit.
    pub(crate) fn table_changes(&self) -> &Changes {
        &self.table_changes
    }

    /// Opens a transaction. Fails at the deadline, and at once in read-only mode.
    pub(crate) async fn begin(&self, deadline: Deadline) -> Result<Transaction> {
        self.check_mode()?;
        match (&self.reader.pool, &self.writer) {
            (ReadPool::Postgres(postgres), _) => {
                let begun = postgres.begin(deadline, self.reader.lane).await?;
                Ok(Transaction::Postgres(begun))
            }
            (_, Some(writer)) => {
                // A timer is accurate to a millisecond, in which SQLite may begin and commit.
                if deadline.instant() <= Instant::now() {
                    return Err(reader::overrun().into());
                }
                let permit = writer.acquire(deadline.instant()).await?;
                self.begin_on_sqlite(permit, deadline.instant()).await
            }
            (_, None) => Err(Error::bug("the SQLite database has no writer")),
        }
    }

    /// Runs the `BEGIN` in a task of its own, which is never cancelled. A transaction that opens too late is rolled back.
    async fn begin_on_sqlite(&self, permit: WritePermit, deadline: Instant) -> Result<Transaction> {
        let write = self.write.clone();
        let begin = tokio::spawn(async move {
            let begun = write.begin_with_options(immediate()).await;
            if let Err(error) = &begun {
                permit.note(error);
            }
            begun.map(|tx| Transaction::Sqlite(tx, permit))
        });
        match timeout_at(deadline, begin).await {
            Ok(Ok(done)) => Ok(done?),
            Ok(Err(panicked)) => Err(Error::internal(panicked)),
            Err(_late) => Err(Error::Unavailable("the database", None)),
        }
    }

    /// Authenticates cursors with this key instead of the one that the installation generated.
    #[must_use]
    pub fn with_secret(self, secret: &SecretString) -> Self {
        Self {
            secret: Arc::new(OnceCell::new_with(Some(Secret::from_text(secret)))),
            ..self
        }
    }

    /// Returns the key that authenticates cursors. It is read once. Fails while the schema is not migrated.
    pub async fn secret(&self) -> Result<Secret> {
        let installed = || Secret::load(&self.reader, "cursor");
        Ok(self.secret.get_or_try_init(installed).await?.clone())
    }

    /// Fails if the database does not answer. It fails at once if that is already known.
    pub async fn ping(&self) -> Result<()> {
        if let ReadPool::Postgres(postgres) = &self.reader.pool {
            postgres.check()?;
        }
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Fails with the reason if a write cannot be expected to succeed. In read-only mode it writes no page to find out.
    pub async fn check_writes(&self) -> Result<(), Storage> {
        match &self.writer {
            Some(writer) if self.check_mode().is_ok() => writer.check(&self.write).await,
            _ => Ok(()),
        }
    }

    /// Checks a SQLite file for damage, for at most `limit`. PostgreSQL checks its own files.
    pub async fn check_file(&self, limit: Duration) {
        if let Some(writer) = &self.writer {
            writer.check_file(limit).await;
        }
    }

    /// Returns true if the file is known to be damaged.
    pub fn is_damaged(&self) -> bool {
        self.writer
            .as_ref()
            .is_some_and(|writer| writer.is_damaged())
    }

    pub async fn close(&self) -> Result<()> {
        match &self.reader.pool {
            ReadPool::Memory(_) => {}
            ReadPool::File(readers) => {
                // The writer is closed last: SQLite then moves its write-ahead log into the file, which is complete without it.
                readers.close().await;
                self.change_feed.close().await;
            }
            ReadPool::Postgres(postgres) => postgres.close(),
            ReadPool::Replica(routed) => routed.primary().close(),
        }
        if let Some(replicas) = &self.replicas {
            replicas.close();
        }
        Ok(self.write.close_by_ref().await?)
    }

    pub fn is_sqlite(&self) -> bool {
        !matches!(self.reader.pool, ReadPool::Postgres(_))
    }
}

/// Takes SQLite's write lock at once, because a deferred transaction can fail when it takes the lock later.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}
