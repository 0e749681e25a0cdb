//! Runs reads outside of transactions. Each ends at the deadline of its request.
use std::{io, sync::Arc};

use deadpool::Status;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement, prelude::async_trait::async_trait,
};
use tokio::time::timeout_at;

use super::{Deadline, deadline::Overrun};
use super::{
    connection::disconnected,
    postgres::{Lane, Postgres},
    replicas::Routed,
    sqlite::Readers,
    writer::Writer,
};
use crate::cache::tables::note_read;

/// A pool for reads, with the deadline at which they end.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) pool: ReadPool,
    pub(super) deadline: Deadline,
    pub(super) lane: Lane,
    /// The writer of a SQLite database, which remembers that the file is damaged.
    pub(super) writer: Option<Arc<Writer>>,
}

#[derive(Debug, Clone)]
pub(super) enum ReadPool {
    /// The only connection of a database in memory.
    Memory(DatabaseConnection),
    File(Arc<Readers>),
    Postgres(Postgres),
    /// A replica that was chosen for one request.
    Replica(Arc<Routed>),
}

impl ReadPool {
    /// Returns the state of each pool by its name. The only connection of a database in memory has none.
    pub(super) fn status(&self) -> Vec<(&'static str, Status)> {
        match self {
            Self::Memory(_) | Self::Replica(_) => Vec::new(),
            Self::File(readers) => vec![("read", readers.status())],
            Self::Postgres(postgres) => postgres.status(),
        }
    }
}

impl Reader {
    /// Reads at most one row, which `statement` finds by a unique key. Concurrent reads of this kind may share a statement.
    pub(crate) async fn find(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.pool {
            ReadPool::Memory(_) | ReadPool::File(_) => self.query_one_raw(statement).await,
            ReadPool::Postgres(pool) => {
                note_read(&statement.sql);
                pool.find(statement, self.deadline, self.lane).await
            }
            ReadPool::Replica(routed) => {
                note_read(&statement.sql);
                routed.find(statement, self.deadline, self.lane).await
            }
        }
    }

    async fn execute_on(
        &self,
        pool: &Postgres,
        statement: &Statement,
    ) -> Result<ExecResult, DbErr> {
        let mut lease = pool.begin_read(self.deadline, self.lane).await?;
        let done = lease.execute(statement).await;
        lease.end_read(done).await
    }

    async fn run_on(&self, pool: &Postgres, sql: &str) -> Result<ExecResult, DbErr> {
        let mut lease = pool.begin_read(self.deadline, self.lane).await?;
        let done = lease.run(sql).await.map(ExecResult::from);
        lease.end_read(done.map_err(exec_error)).await
    }

    /// Runs a read of SQLite that ends at the deadline, when its future is dropped, or when its caller disconnects.
    async fn bounded<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let deadline = self.deadline.instant();
        let done = tokio::select! {
            done = timeout_at(deadline, work) => done.unwrap_or_else(|_late| Err(overrun())),
            () = disconnected() => Err(overrun()),
        };
        if let (Err(error), Some(writer)) = (&done, &self.writer) {
            writer.note_damage(error);
        }
        done
    }
}

/// Returns the error of work that was abandoned at its deadline.
pub(crate) fn overrun() -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(overrun_cause())))
}

/// Returns the error of a statement that returns no rows.
pub(super) fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

/// Returns the error of a statement that returns rows.
pub(super) fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// Returns true if work was abandoned at its deadline.
pub(super) fn is_overrun(error: &sqlx::Error) -> bool {
    let sqlx::Error::Io(error) = error else {
        return false;
    };
    matches!(error.get_ref(), Some(cause) if cause.is::<Overrun>())
}

pub(super) fn overrun_cause() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, Overrun))
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        match self.pool {
            ReadPool::Memory(_) | ReadPool::File(_) => DbBackend::Sqlite,
            ReadPool::Postgres(_) | ReadPool::Replica(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.pool {
            ReadPool::Memory(only) => self.bounded(only.execute_raw(statement)).await,
            ReadPool::File(readers) => {
                let deadline = self.deadline.instant();
                self.bounded(readers.execute(&statement, deadline)).await
            }
            ReadPool::Postgres(pool) => self.execute_on(pool, &statement).await,
            ReadPool::Replica(routed) => self.execute_on(routed.primary(), &statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.pool {
            ReadPool::Memory(only) => self.bounded(only.execute_unprepared(sql)).await,
            ReadPool::File(readers) => {
                let deadline = self.deadline.instant();
                self.bounded(readers.run(sql, deadline)).await
            }
            ReadPool::Postgres(pool) => self.run_on(pool, sql).await,
            ReadPool::Replica(routed) => self.run_on(routed.primary(), sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        note_read(&statement.sql);
        match &self.pool {
            ReadPool::Memory(only) => self.bounded(only.query_one_raw(statement)).await,
            ReadPool::File(readers) => {
                let deadline = self.deadline.instant();
                self.bounded(readers.query_one(&statement, deadline)).await
            }
            ReadPool::Postgres(pool) => pool.query_one(&statement, self.deadline, self.lane).await,
            ReadPool::Replica(routed) => {
                routed.query_one(&statement, self.deadline, self.lane).await
            }
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        note_read(&statement.sql);
        match &self.pool {
            ReadPool::Memory(only) => self.bounded(only.query_all_raw(statement)).await,
            ReadPool::File(readers) => {
                let deadline = self.deadline.instant();
                self.bounded(readers.query_all(&statement, deadline)).await
            }
            ReadPool::Postgres(pool) => pool.query_all(&statement, self.deadline, self.lane).await,
            ReadPool::Replica(routed) => {
                routed.query_all(&statement, self.deadline, self.lane).await
            }
        }
    }
}
