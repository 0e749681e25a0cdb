//! A transaction on PostgreSQL that ends at its deadline and never returns a connection with an open transaction.
use std::time::Duration;

use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    super::{reader::is_overrun, replicas::Position},
    Lease,
    manager::no_answer,
};
use crate::Result;

/// The least time that a COMMIT gets, because ending it early would leave its outcome unknown.
const COMMIT: Duration = Duration::from_millis(400);
/// How long a ROLLBACK may take before its connection is closed instead.
const ROLLBACK: Duration = Duration::from_millis(250);

pub(crate) struct PgTransaction(Mutex<Lease>);

impl std::fmt::Debug for PgTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PgTransaction")
    }
}

impl PgTransaction {
    /// Begins a transaction: see [`Lease::begin`].
    pub(super) async fn begin(mut lease: Lease, lock_timeout: Duration) -> sqlx::Result<Self> {
        lease.begin(lock_timeout).await?;
        Ok(Self(Mutex::new(lease)))
    }

    /// Commits. If the server does not answer, the outcome is unknown and the connection is closed.
    ///
    /// If `is_located`, it also returns the position of the log after the commit, in the same round trip.
    pub async fn commit(self, is_located: bool) -> Result<Option<Position>, DbErr> {
        let mut lease = self.0.into_inner();
        lease.bound.until = lease.bound.until.max(Instant::now() + COMMIT);
        let committed = if is_located {
            lease.commit_and_locate().await
        } else {
            lease.run("COMMIT").await.map(|_| None)
        };
        match committed {
            Ok(position) => {
                lease.is_in_transaction = false;
                Ok(position)
            }
            // The outcome is unknown, so this is not a timeout: a client may retry with the same idempotency key.
            Err(error) if is_overrun(&error) => {
                Err(DbErr::Exec(RuntimeErr::SqlxError(no_answer().into())))
            }
            Err(error) => Err(DbErr::Exec(RuntimeErr::SqlxError(error.into()))),
        }
    }

    /// Rolls back. If the server does not confirm it in time, closing the connection rolls back.
    pub async fn rollback(self) {
        let mut lease = self.0.into_inner();
        lease.bound.until = Instant::now() + ROLLBACK;
        if lease.is_clean
            && timeout(ROLLBACK, lease.run("ROLLBACK"))
                .await
                .is_ok_and(|done| done.is_ok())
        {
            lease.is_in_transaction = false;
        }
    }

    pub async fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr> {
        self.0.lock().await.execute(statement).await
    }

    pub async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let done = self.0.lock().await.run(sql).await;
        done.map(ExecResult::from)
            .map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    pub async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.lock().await.query_one(statement).await
    }

    pub async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.lock().await.query_all(statement).await
    }
}
