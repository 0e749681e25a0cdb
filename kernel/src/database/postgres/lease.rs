//! A connection that is checked out: every await on it is bounded, and it is closed unless the server has answered in full.
use std::time::Duration;

use deadpool::managed::Object;
use sea_orm::{
    DbErr, ExecResult, QueryResult, RuntimeErr, Statement, metric::Info, sea_query::Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Executor, PgConnection, Postgres as Driver,
    postgres::{PgDatabaseError, PgQueryResult, PgSeverity},
    query::Query,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::{
    super::{health::Health, reader::overrun_cause, statements::Log},
    manager::{Manager, silent},
    milliseconds,
};
use crate::{Deadline, Limit};

/// How much later than the server this side gives up: an answer that says that time is up keeps the connection.
const SLACK: Duration = Duration::from_millis(100);

pub(in super::super) struct Lease {
    object: Option<Object<Manager>>,
    /// Whether the server has answered everything it was sent, so that others can use the connection.
    pub(super) is_clean: bool,
    pub(super) is_in_transaction: bool,
    pub(super) bound: Bound,
    log: Log,
    is_named: bool,
    _place: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) fn new(
        object: Object<Manager>,
        place: Option<OwnedSemaphorePermit>,
        bound: Bound,
        log: Log,
        is_named: bool,
    ) -> Self {
        Self {
            object: Some(object),
            is_clean: true,
            is_in_transaction: false,
            bound,
            log,
            is_named,
            _place: place,
        }
    }

    /// Begins a transaction, in which no statement runs beyond the deadline or waits for a lock for longer than
    /// `lock_timeout`, which has no limit of its own where it is 0. Until it ends, dropping this closes the connection.
    pub async fn begin(&mut self, lock_timeout: Duration) -> sqlx::Result<()> {
        // 0 would be no limit at all.
        let left = self
            .bound
            .until
            .saturating_duration_since(Instant::now() + SLACK);
        let left = left.max(Duration::from_millis(1));
        let lock_timeout = if lock_timeout.is_zero() {
            left
        } else {
            lock_timeout.min(left)
        };
        self.is_in_transaction = true;
        let begin = format!(
            "BEGIN; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}",
            milliseconds(left),
            milliseconds(lock_timeout)
        );
        self.run(&begin).await.map(drop)
    }

    /// Ends the transaction of a read, if it has one, and gives the connection back.
    pub async fn end_read<T>(mut self, done: Result<T, DbErr>) -> Result<T, DbErr> {
        if self.is_in_transaction && self.is_clean && self.run("ROLLBACK").await.is_ok() {
            self.is_in_transaction = false;
        }
        done
    }

    /// Sends SQL of our own, one statement or several, which has no values.
    pub async fn run(&mut self, sql: &str) -> sqlx::Result<PgQueryResult> {
        let sql = AssertSqlSafe(sql.to_owned());
        let (raw, bound) = self.raw()?;
        let done = bound.wait(raw.execute(sql)).await;
        self.settle(done)
    }

    pub async fn execute(&mut self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let (started, is_named) = (Instant::now(), self.is_named);
        let (raw, bound) = self.raw().map_err(exec_error)?;
        let done = bound.wait(query(statement, is_named).execute(raw)).await;
        self.note(statement, started, done.is_err());
        let done = self.settle(done).map_err(exec_error)?;
        Ok(done.into())
    }

    pub async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (started, is_named) = (Instant::now(), self.is_named);
        let (raw, bound) = self.raw().map_err(query_error)?;
        let done = bound.wait(query(statement, is_named).fetch_all(raw)).await;
        self.note(statement, started, done.is_err());
        let rows = self.settle(done).map_err(query_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    pub async fn query_one(&mut self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let (started, is_named) = (Instant::now(), self.is_named);
        let (raw, bound) = self.raw().map_err(query_error)?;
        let done = bound
            .wait(query(statement, is_named).fetch_optional(raw))
            .await;
        self.note(statement, started, done.is_err());
        let row = self.settle(done).map_err(query_error)?;
        Ok(row.map(QueryResult::from))
    }

    /// The connection for one await. Until [`Self::settle`] says that it was answered, it is not used again: the await may
    /// overrun its limit, or be dropped.
    fn raw(&mut self) -> sqlx::Result<(&mut PgConnection, &Bound)> {
        let was_clean = std::mem::take(&mut self.is_clean);
        match self.object.as_mut() {
            Some(pooled) if was_clean => Ok((&mut pooled.raw, &self.bound)),
            _ => Err(silent()),
        }
    }

    /// Takes note of whether the server answered.
    fn settle<T>(&mut self, done: sqlx::Result<T>) -> sqlx::Result<T> {
        if is_answer(&done)
            && let Some(pooled) = self.object.as_mut()
        {
            pooled.answered = Instant::now();
            self.is_clean = true;
        }
        done
    }

    fn note(&self, statement: &Statement, started: Instant, failed: bool) {
        (self.log)(&Info {
            elapsed: started.elapsed(),
            statement,
            failed,
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && (!self.is_clean || self.is_in_transaction)
        {
            // Dropped outside of the pool its socket is closed at once. A farewell could wait for ever.
            drop(Object::take(object));
        }
    }
}

/// Until when an answer of the server is awaited.
#[derive(Debug, Clone)]
pub(in super::super) struct Bound {
    pub until: Instant,
    pub is_long: bool,
    pub health: Health,
}

impl Bound {
    pub fn new(deadline: Deadline, health: Health) -> Self {
        Self {
            until: deadline.instant() + SLACK,
            is_long: deadline.limit() == Limit::Long,
            health,
        }
    }

    /// Gives up at the deadline, or when the server is known to be away.
    pub async fn wait<T>(&self, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        tokio::select! {
            biased;
            done = work => done,
            () = sleep_until(self.until) => Err(overrun_cause()),
            () = self.server_is_away() => Err(silent()),
        }
    }

    async fn server_is_away(&self) {
        if self.is_long {
            self.health.is_away_for_long().await;
        } else {
            self.health.is_away().await;
        }
    }
}

/// Whether the server answered, and will answer the next statement on the same connection too.
fn is_answer<T>(done: &sqlx::Result<T>) -> bool {
    match done {
        Ok(_) => true,
        Err(sqlx::Error::Database(refused)) => {
            let refused = refused.try_downcast_ref::<PgDatabaseError>();
            refused.is_some_and(|refused| {
                let goes_on = refused.severity() == PgSeverity::Error;
                // A connection to a standby may be one to what was the primary: the next one may lead elsewhere.
                goes_on && refused.code() != "25006"
            })
        }
        Err(_) => false,
    }
}

fn query(statement: &Statement, is_named: bool) -> Query<'_, Driver, SqlxValues> {
    let values = statement.values.clone();
    let values = values.unwrap_or_else(|| Values(Vec::new()));
    let query = sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values));
    query.persistent(is_named)
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
