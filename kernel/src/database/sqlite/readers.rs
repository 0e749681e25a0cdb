//! The connections that read a SQLite file. A read ends at its deadline, and when its future is dropped: SQLite has no such limit
//! of its own, and sqlx lets an abandoned statement run until it finds its next row.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use deadpool::{
    Status,
    managed::{self, Metrics, Object, Pool, PoolConfig, PoolError, QueueMode},
};
use sea_orm::{
    ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, metric::Info,
    sea_query::Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, Sqlite, SqliteConnection, query::Query,
    sqlite::SqliteConnectOptions,
};
use tokio::time::{Instant, timeout_at};

use crate::{
    Error, Result,
    database::{
        metrics::Waits,
        reader::{exec_error, overrun, query_error},
        statements::Log,
    },
};

/// The number of instructions that SQLite runs between two checks. It is small, because one instruction may compare a whole
/// text with a pattern.
const STEPS: i32 = 50;

/// A pool of connections that only read.
pub(in crate::database) struct Readers {
    pool: Pool<Manager>,
    acquire_timeout: Duration,
    waits: Waits,
    log: Log,
}

impl Readers {
    pub fn new(
        file: SqliteConnectOptions,
        size: u32,
        (acquire_timeout, waits): (Duration, Waits),
        log: Log,
    ) -> Result<Self> {
        let config = PoolConfig {
            // The connections that were used last have the most pages in their cache.
            queue_mode: QueueMode::Lifo,
            ..PoolConfig::new(usize::try_from(size).unwrap_or(usize::MAX))
        };
        let pool = Pool::builder(Manager(file)).config(config).build();
        Ok(Self {
            pool: pool.map_err(Error::internal)?,
            acquire_timeout,
            waits,
            log,
        })
    }

    /// Opens the first connection, and tries again until the deadline if that takes longer than a request may wait.
    pub async fn connect_first(&self, deadline: Instant) -> Result<()> {
        loop {
            match self.begin(deadline).await {
                Err(DbErr::ConnectionAcquire(_)) if Instant::now() < deadline => {}
                begun => return Ok(begun.map(drop)?),
            }
        }
    }

    pub async fn execute(
        &self,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<ExecResult, DbErr> {
        let mut read = self.begin(deadline).await?;
        let done = query(statement).execute(read.connection()?).await;
        self.log(read.finish(&done), statement, done.is_err());
        done.map(ExecResult::from).map_err(exec_error)
    }

    pub async fn run(&self, sql: &str, deadline: Instant) -> Result<ExecResult, DbErr> {
        let mut read = self.begin(deadline).await?;
        let done = read
            .connection()?
            .execute(AssertSqlSafe(sql.to_owned()))
            .await;
        read.finish(&done);
        done.map(ExecResult::from).map_err(exec_error)
    }

    pub async fn query_one(
        &self,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Option<QueryResult>, DbErr> {
        let mut read = self.begin(deadline).await?;
        let done = query(statement).fetch_optional(read.connection()?).await;
        self.log(read.finish(&done), statement, done.is_err());
        Ok(done.map_err(query_error)?.map(QueryResult::from))
    }

    pub async fn query_all(
        &self,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let mut read = self.begin(deadline).await?;
        let done = query(statement).fetch_all(read.connection()?).await;
        self.log(read.finish(&done), statement, done.is_err());
        let rows = done.map_err(query_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    pub fn status(&self) -> Status {
        self.pool.status()
    }

    /// Closes the connections, and waits until they are closed: a dropped one closes later, on its own thread.
    pub async fn close(&self) {
        let idle = self.pool.retain(|_, _| false).removed;
        self.pool.close();
        for reading in idle {
            if let Err(error) = reading.raw.close().await {
                tracing::debug!(%error, "a connection was not closed in order");
            }
        }
    }

    fn log(&self, elapsed: Duration, statement: &Statement, failed: bool) {
        (self.log)(&Info {
            elapsed,
            statement,
            failed,
        });
    }

    /// Takes a connection for one statement, which ends at the deadline.
    async fn begin(&self, deadline: Instant) -> Result<Read, DbErr> {
        let began = Instant::now();
        if deadline <= began {
            return Err(overrun());
        }
        let give_up = deadline.min(began + self.acquire_timeout);
        let full = |_late| {
            self.waits.time_out();
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        };
        let taken = timeout_at(give_up, self.pool.get()).await.map_err(full)?;
        match taken {
            Ok(object) => {
                self.waits.end(began);
                object.limit.set(deadline);
                Ok(Read {
                    object: Some(object),
                    started: Instant::now(),
                    has_ended: true,
                })
            }
            Err(PoolError::Backend(error)) => Err(DbErr::Conn(RuntimeErr::SqlxError(error.into()))),
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
        }
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Readers")
    }
}

/// A connection that is checked out for one statement.
struct Read {
    object: Option<Object<Manager>>,
    started: Instant,
    /// True if no statement runs on the connection, which can then be used again.
    has_ended: bool,
}

impl Read {
    fn connection(&mut self) -> Result<&mut SqliteConnection, DbErr> {
        self.has_ended = false;
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        Ok(&mut self.object.as_mut().ok_or_else(closed)?.raw)
    }

    /// Returns the connection to the pool, unless it failed itself. Returns how long the statement took.
    fn finish<T>(mut self, done: &sqlx::Result<T>) -> Duration {
        self.has_ended = matches!(done, Ok(_) | Err(sqlx::Error::Database(_)));
        self.started.elapsed()
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        if !self.has_ended
            && let Some(object) = self.object.take()
        {
            // The statement still runs. It ends at its next check, and the connection is closed then.
            object.limit.end();
            drop(Object::take(object));
        }
    }
}

/// The time at which the statement of a connection ends.
#[derive(Debug)]
struct Limit {
    opened: Instant,
    /// In microseconds after the connection was opened.
    until: AtomicU64,
}

impl Limit {
    fn set(&self, deadline: Instant) {
        let until = deadline.saturating_duration_since(self.opened);
        self.until.store(microseconds(until), Relaxed);
    }

    fn end(&self) {
        self.until.store(0, Relaxed);
    }

    fn is_over(&self) -> bool {
        microseconds(self.opened.elapsed()) >= self.until.load(Relaxed)
    }
}

struct Reading {
    raw: SqliteConnection,
    limit: Arc<Limit>,
}

struct Manager(SqliteConnectOptions);

impl managed::Manager for Manager {
    type Type = Reading;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<Reading> {
        let mut raw = self.0.connect().await?;
        let limit = Arc::new(Limit {
            opened: Instant::now(),
            until: AtomicU64::new(0),
        });
        let checked = limit.clone();
        raw.lock_handle()
            .await?
            .set_progress_handler(STEPS, move || !checked.is_over());
        Ok(Reading { raw, limit })
    }

    /// Only connections whose statement has ended return to the pool.
    async fn recycle(&self, _: &mut Reading, _: &Metrics) -> managed::RecycleResult<sqlx::Error> {
        Ok(())
    }
}

fn query(statement: &Statement) -> Query<'_, Sqlite, SqlxValues> {
    let values = statement.values.clone();
    let values = values.unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
