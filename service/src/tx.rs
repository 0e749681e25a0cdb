//! A transaction that cannot be committed after a failure that nobody reported.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};

use crate::{Actor, Error, Reads, Result, query::Secret};

/// What [`crate::Session::write`] gives its closure: a connection inside one transaction, and who acts.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    actor: Arc<Actor>,
    failed: AtomicBool,
}

impl Tx {
    pub(crate) fn new(inner: DatabaseTransaction, actor: Arc<Actor>) -> Self {
        Self {
            inner,
            actor,
            failed: AtomicBool::new(false),
        }
    }

    /// Commits on `Ok`, rolls back on `Err`.
    ///
    /// PostgreSQL answers OK to the COMMIT of a transaction in which a statement failed, and rolls back. So an `Ok`
    /// after a failed statement is refused: it would acknowledge a write that is lost.
    pub(crate) async fn finish<T>(self, done: Result<T>) -> Result<T> {
        if done.is_ok() && !self.failed.load(Relaxed) {
            self.inner.commit().await?;
            return done;
        }
        if let Err(error) = self.inner.rollback().await {
            tracing::debug!(%error, "the rollback failed; the connection is closed instead");
        }
        match done {
            Ok(_) => Err(Error::bug(
                "a failed statement was swallowed inside a transaction",
            )),
            Err(error) => Err(error),
        }
    }

    fn note<T>(&self, done: Result<T, DbErr>) -> Result<T, DbErr> {
        if done.is_err() {
            self.failed.store(true, Relaxed);
        }
        done
    }
}

impl Reads for Tx {
    type Connection = Self;

    fn db(&self) -> Result<&Self> {
        Ok(self)
    }

    fn actor(&self) -> &Actor {
        &self.actor
    }

    async fn secret(&self) -> Result<Secret> {
        Err(Error::bug("pages are turned outside of writes"))
    }
}

#[async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.note(self.inner.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.note(self.inner.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(self.inner.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(self.inner.query_all_raw(statement).await)
    }
}
