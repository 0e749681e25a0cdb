//! A transaction on PostgreSQL that never outlives its deadline and never leaves its connection half way.
use std::time::Duration;

use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{super::reader::is_overrun, Lease, manager::silent};
use crate::Result;

/// How long a COMMIT may take where less is left: ending it early would leave its outcome unknown.
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
    /// See [`Lease::begin`].
    pub(super) async fn begin(mut lease: Lease, lock_timeout: Duration) -> sqlx::Result<Self> {
        lease.begin(lock_timeout).await?;
        Ok(Self(Mutex::new(lease)))
    }

    /// Fails with an unknown outcome where the server does not answer; the connection is closed then.
    pub async fn commit(self) -> Result<(), DbErr> {
        let mut lease = self.0.into_inner();
        lease.bound.until = lease.bound.until.max(Instant::now() + COMMIT);
        match lease.run("COMMIT").await {
            Ok(_) => {
                lease.is_in_transaction = false;
                Ok(())
            }
            // It is not too slow, its outcome is unknown: a client may try again, under the same idempotency key.
            Err(error) if is_overrun(&error) => {
                Err(DbErr::Exec(RuntimeErr::SqlxError(silent().into())))
            }
            Err(error) => Err(DbErr::Exec(RuntimeErr::SqlxError(error.into()))),
        }
    }

    /// Undoes everything. Where the server does not say so in time, the end of the connection does it.
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
