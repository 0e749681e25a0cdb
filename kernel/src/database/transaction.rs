//! A transaction on PostgreSQL or SQLite.
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};

use super::{postgres::PgTransaction, replicas::Position, writer::WritePermit};

#[derive(Debug)]
pub(crate) enum Transaction {
    /// The transaction comes before the permit, so that it is dropped first.
    Sqlite(DatabaseTransaction, WritePermit),
    Postgres(PgTransaction),
}

impl Transaction {
    /// Commits, and returns the position of the log after the commit if `is_located` and the database has one. A SQLite
    /// connection whose COMMIT failed is not used again.
    pub async fn commit(self, is_located: bool) -> Result<Option<Position>, DbErr> {
        match self {
            Self::Sqlite(tx, permit) => {
                let committed = tx.commit().await;
                if let Err(error) = &committed {
                    permit.note(error);
                    permit.retire();
                }
                committed.map(|()| None)
            }
            Self::Postgres(tx) => tx.commit(is_located).await,
        }
    }

    /// Rolls back. A SQLite connection is not used again if its ROLLBACK failed, or if `is_uncertain` says that it is unknown
    /// which savepoints are open.
    pub async fn rollback(self, is_uncertain: bool) {
        match self {
            Self::Sqlite(tx, permit) => {
                let undone = tx.rollback().await;
                if let Err(error) = &undone {
                    tracing::debug!(%error, "the rollback failed; the connection is closed instead");
                    permit.note(error);
                }
                if is_uncertain || undone.is_err() {
                    permit.retire();
                }
            }
            Self::Postgres(tx) => tx.rollback().await,
        }
    }

    /// Returns the permit of the only writer of a SQLite database; PostgreSQL has many writers.
    pub fn permit(&self) -> Option<&WritePermit> {
        match self {
            Self::Sqlite(_, permit) => Some(permit),
            Self::Postgres(_) => None,
        }
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(..) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(tx, _) => tx.execute_raw(statement).await,
            Self::Postgres(tx) => tx.execute(&statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(tx, _) => tx.execute_unprepared(sql).await,
            Self::Postgres(tx) => tx.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(tx, _) => tx.query_one_raw(statement).await,
            Self::Postgres(tx) => tx.query_one(&statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(tx, _) => tx.query_all_raw(statement).await,
            Self::Postgres(tx) => tx.query_all(&statement).await,
        }
    }
}
