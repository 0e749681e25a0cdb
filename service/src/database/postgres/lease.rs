//! A connection that is checked out: every await on it is bounded, and it is closed unless the server has answered in full.
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
};
use crate::{Deadline, Limit};

pub(in super::super) struct Lease {
    object: Option<Object<Manager>>,
    /// Whether the server has answered everything it was sent, so that others can use the connection.
    is_clean: bool,
    is_in_transaction: bool,
    pub(super) bound: Bound,
    log: Log,
    _place: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) fn new(
        object: Object<Manager>,
        place: Option<OwnedSemaphorePermit>,
        bound: Bound,
        log: Log,
    ) -> Self {
        Self {
            object: Some(object),
            is_clean: true,
            is_in_transaction: false,
            bound,
            log,
            _place: place,
        }
    }

    pub fn is_clean(&self) -> bool {
        self.is_clean
    }

    /// Marks where a transaction begins and ends. A connection inside one is never used again.
    pub fn set_in_transaction(&mut self, is_in_transaction: bool) {
        self.is_in_transaction = is_in_transaction;
    }

    /// Sends SQL of our own, one statement or several, which has no values.
    pub async fn run(&mut self, sql: &str) -> sqlx::Result<PgQueryResult> {
        let sql = AssertSqlSafe(sql.to_owned());
        let (raw, bound) = self.raw()?;
        let done = bound.wait(raw.execute(sql)).await;
        self.settle(done)
    }

    pub async fn execute(&mut self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let started = Instant::now();
        let (raw, bound) = self.raw().map_err(exec_error)?;
        let done = bound.wait(query(statement).execute(raw)).await;
        self.note(statement, started, done.is_err());
        let done = self.settle(done).map_err(exec_error)?;
        Ok(done.into())
    }

    pub async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let started = Instant::now();
        let (raw, bound) = self.raw().map_err(query_error)?;
        let done = bound.wait(query(statement).fetch_all(raw)).await;
        self.note(statement, started, done.is_err());
        let rows = self.settle(done).map_err(query_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    pub async fn query_one(&mut self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let started = Instant::now();
        let (raw, bound) = self.raw().map_err(query_error)?;
        let done = bound.wait(query(statement).fetch_optional(raw)).await;
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
            until: deadline.instant(),
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

fn query(statement: &Statement) -> Query<'_, Driver, SqlxValues> {
    let values = statement.values.clone();
    let values = values.unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
