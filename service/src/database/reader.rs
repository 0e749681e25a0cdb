//! Reads outside of transactions, each of which ends at the deadline of its request.
use std::{io, sync::Arc};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement, prelude::async_trait::async_trait,
};
use tokio::time::timeout_at;

use crate::{Deadline, deadline::Overrun};

/// A pool to read with until a deadline.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) pool: DatabaseConnection,
    pub(super) deadline: Deadline,
}

impl Reader {
    async fn bounded<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let done = timeout_at(self.deadline.instant(), work).await;
        done.unwrap_or_else(|_late| Err(overrun()))
    }
}

/// The error of work that was given up at its deadline.
pub(crate) fn overrun() -> DbErr {
    let cause = sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, Overrun));
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause)))
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.bounded(self.pool.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.bounded(self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.bounded(self.pool.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.bounded(self.pool.query_all_raw(statement)).await
    }
}
