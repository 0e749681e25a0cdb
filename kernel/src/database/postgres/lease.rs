//! A connection that is checked out of the pool. Every await on it has a limit, and it is closed unless the server has
//! answered completely.
use std::time::Duration;

use deadpool::managed::Object;
use futures_util::TryStreamExt;
use sea_orm::{DbErr, ExecResult, QueryResult, Statement, metric::Info, sea_query::Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Either, Executor, PgConnection, Postgres as Driver, Row,
    postgres::{PgDatabaseError, PgQueryResult, PgSeverity},
    query::Query,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::{
    super::{
        health::Health,
        reader::{exec_error, overrun_cause, query_error},
        replicas::Position,
        statements::Log,
    },
    manager::{Manager, no_answer},
    milliseconds,
};
use crate::{Deadline, Limit};

/// The time that this side waits longer than the server: if the server reports the timeout, the connection can be kept.
pub(super) const SLACK: Duration = Duration::from_millis(100);

/// The position after the insertion of the commit: the log need not be on the disk, if the server is configured so.
const COMMIT_AND_LOCATE: &str =
    "COMMIT; SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";

pub(in super::super) struct Lease {
    object: Option<Object<Manager>>,
    /// Whether the server has answered every statement, so that the connection can be used again.
    pub(super) is_clean: bool,
    pub(super) is_in_transaction: bool,
    pub(super) bound: Bound,
    log: Log,
    is_named: bool,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) fn new(
        object: Object<Manager>,
        turn: Option<OwnedSemaphorePermit>,
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
            _turn: turn,
        }
    }

    /// Begins a transaction in which no statement runs beyond the deadline, or waits for a lock longer than `lock_timeout`;
    /// 0 sets no lock timeout. Dropping this before the transaction ends closes the connection.
    pub async fn begin(&mut self, lock_timeout: Duration) -> sqlx::Result<()> {
        // PostgreSQL takes 0 as no limit.
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

    /// Ends the transaction of a read, if it has one, and returns the connection to the pool.
    pub async fn end_read<T>(mut self, done: Result<T, DbErr>) -> Result<T, DbErr> {
        if self.is_in_transaction && self.is_clean && self.run("ROLLBACK").await.is_ok() {
            self.is_in_transaction = false;
        }
        done
    }

    /// Sends one or several statements that have no values.
    pub async fn run(&mut self, sql: &str) -> sqlx::Result<PgQueryResult> {
        let sql = AssertSqlSafe(sql.to_owned());
        let (raw, bound) = self.raw()?;
        let done = bound.wait(raw.execute(sql)).await;
        self.note_answer(done)
    }

    /// Commits and asks where the log ends then. If only the question fails, the transaction is committed nevertheless.
    pub async fn commit_and_locate(&mut self) -> sqlx::Result<Option<Position>> {
        let (mut is_committed, mut position) = (false, None);
        let (raw, bound) = self.raw()?;
        let work = async {
            let mut answers = raw.fetch_many(COMMIT_AND_LOCATE);
            while let Some(answer) = answers.try_next().await? {
                match answer {
                    Either::Left(_) => is_committed = true,
                    Either::Right(row) => {
                        position = Some(Position::from_sql(row.try_get(0)?));
                    }
                }
            }
            Ok(())
        };
        let done = bound.wait(work).await;
        match self.note_answer(done) {
            Err(error) if !is_committed => Err(error),
            _ => Ok(position),
        }
    }

    pub async fn execute(&mut self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let (started, is_named) = (Instant::now(), self.is_named);
        let (raw, bound) = self.raw().map_err(exec_error)?;
        let done = bound.wait(query(statement, is_named).execute(raw)).await;
        self.log_statement(statement, started, done.is_err());
        let done = self.note_answer(done).map_err(exec_error)?;
        Ok(done.into())
    }

    pub async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (started, is_named) = (Instant::now(), self.is_named);
        let (raw, bound) = self.raw().map_err(query_error)?;
        let done = bound.wait(query(statement, is_named).fetch_all(raw)).await;
        self.log_statement(statement, started, done.is_err());
        let rows = self.note_answer(done).map_err(query_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    pub async fn query_one(&mut self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let (started, is_named) = (Instant::now(), self.is_named);
        let (raw, bound) = self.raw().map_err(query_error)?;
        let done = bound
            .wait(query(statement, is_named).fetch_optional(raw))
            .await;
        self.log_statement(statement, started, done.is_err());
        let row = self.note_answer(done).map_err(query_error)?;
        Ok(row.map(QueryResult::from))
    }

    /// Returns the connection for one await. It is not used again until [`Self::note_answer`] sees an answer, because the
    /// await may exceed its limit or be dropped.
    fn raw(&mut self) -> sqlx::Result<(&mut PgConnection, &Bound)> {
        let was_clean = std::mem::take(&mut self.is_clean);
        match self.object.as_mut() {
            Some(pooled) if was_clean => Ok((&mut pooled.raw, &self.bound)),
            _ => Err(no_answer()),
        }
    }

    /// Notes whether the server answered.
    fn note_answer<T>(&mut self, done: sqlx::Result<T>) -> sqlx::Result<T> {
        if is_answer(&done)
            && let Some(pooled) = self.object.as_mut()
        {
            pooled.answered = Instant::now();
            self.is_clean = true;
        }
        done
    }

    fn log_statement(&self, statement: &Statement, started: Instant, failed: bool) {
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
            // Dropping it outside of the pool closes the socket at once. An orderly close could wait for ever.
            drop(Object::take(object));
        }
    }
}

/// Limits how long an answer of the server is awaited.
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

    /// Fails at the deadline, or when the server is known to be unreachable.
    pub async fn wait<T>(&self, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        tokio::select! {
            biased;
            done = work => done,
            () = sleep_until(self.until) => Err(overrun_cause()),
            () = self.server_unreachable() => Err(no_answer()),
        }
    }

    async fn server_unreachable(&self) {
        if self.is_long {
            self.health.unreachable_for_long().await;
        } else {
            self.health.unreachable().await;
        }
    }
}

/// Returns true if the server answered and the connection can be used again.
fn is_answer<T>(done: &sqlx::Result<T>) -> bool {
    match done {
        Ok(_) => true,
        Err(sqlx::Error::Database(refused)) => {
            let refused = refused.try_downcast_ref::<PgDatabaseError>();
            refused.is_some_and(|refused| {
                let is_usable = refused.severity() == PgSeverity::Error;
                // The standby may be the former primary: a new connection may lead to the new one.
                is_usable && refused.code() != "25006"
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
