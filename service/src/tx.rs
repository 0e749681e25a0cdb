//! A transaction that cannot be committed after a failure that nobody reported.
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};

use crate::{
    Actor, Error, Reads, Result,
    audit::{self, Entries, Entry},
    database::{Begun, Changed, Changes, WritePermit, ends_transaction, notification},
    mail::Mailer,
    secret::Secret,
};

/// What [`crate::Session::write`] gives its closure: a connection inside one transaction, and who acts.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    actor: Arc<Actor>,
    request_id: Option<Arc<str>>,
    /// What was done so far, for the audit.
    done: Mutex<Entries>,
    /// Whose permissions, sessions or state are no longer what they were.
    changed: Mutex<Changed>,
    changes: Changes,
    is_recorded: bool,
    mailer: Mailer,
    has_mail: AtomicBool,
    failed: AtomicBool,
    /// A statement failed in a way after which SQLite may have ended the transaction by itself.
    is_over: AtomicBool,
    /// A RELEASE or ROLLBACK TO failed, and nobody knows which savepoints are open.
    is_uncertain: AtomicBool,
    /// On SQLite, the right to write. It must outlive the transaction, so it is declared last.
    permit: Option<WritePermit>,
}

impl Tx {
    pub(crate) fn new(
        begun: Begun,
        actor: Arc<Actor>,
        request_id: Option<Arc<str>>,
        changes: Changes,
    ) -> Self {
        Self {
            inner: begun.tx,
            permit: begun.permit,
            changed: Mutex::default(),
            changes,
            actor,
            request_id,
            done: Mutex::default(),
            is_recorded: true,
            mailer: Mailer::default(),
            has_mail: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            is_uncertain: AtomicBool::new(false),
        }
    }

    /// Leaves no trace in the audit.
    pub(crate) fn unrecorded(self) -> Self {
        Self {
            is_recorded: false,
            ..self
        }
    }

    /// Mail that is queued here is sent by this, once it is committed.
    pub(crate) fn mailing(self, mailer: Mailer) -> Self {
        Self { mailer, ..self }
    }

    pub(crate) fn mailer(&self) -> &Mailer {
        &self.mailer
    }

    /// Something was queued for it.
    pub(crate) fn wakes_mailer(&self) {
        self.has_mail.store(true, Relaxed);
    }

    /// The request that this is part of, if there is one.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Nobody may go by what they remember of this user.
    pub(crate) fn changes_user(&self, id: i64) {
        lock(&self.changed).user(id);
    }

    /// Notes what was done. It is stored before the commit, in one statement for all.
    pub(crate) fn record(&self, entry: Entry) {
        match entry.resource {
            "users" => self.changes_user(entry.resource_id),
            // Whoever has it may do something else now.
            "roles" => lock(&self.changed).everybody(),
            _ => {}
        }
        if !self.is_recorded {
            return;
        }
        lock(&self.done).add(entry);
    }

    /// Commits on `Ok` where that is said with it, rolls back otherwise.
    ///
    /// PostgreSQL answers OK to the COMMIT of a transaction in which a statement failed, and rolls back. So an `Ok`
    /// after a failed statement is refused: it would acknowledge a write that is lost.
    pub(crate) async fn finish<T>(self, done: Result<(T, bool)>) -> Result<T> {
        let (done, commits) = match done {
            Ok((done, true)) => (self.tell().await.map(|()| done), true),
            Ok((done, false)) => (Ok(done), false),
            Err(error) => (Err(error), false),
        };
        if commits && done.is_ok() && !self.failed.load(Relaxed) {
            let committed = self.inner.commit().await;
            if let Err(error) = &committed {
                retire(self.permit.as_ref(), error);
            }
            // Where nobody knows whether it is committed, too.
            self.changes.note(&lock(&self.changed));
            if self.has_mail.load(Relaxed) {
                self.mailer.wake();
            }
            return committed.map_err(Error::from).and(done);
        }
        let is_uncertain = self.is_uncertain.load(Relaxed);
        if let Err(error) = self.inner.rollback().await {
            tracing::debug!(%error, "the rollback failed; the connection is closed instead");
            retire(self.permit.as_ref(), &error);
        } else if let (true, Some(permit)) = (is_uncertain, &self.permit) {
            permit.retire();
        }
        match done {
            Ok(done) if !commits => Ok(done),
            Ok(_) => Err(Error::bug(
                "a failed statement was swallowed inside a transaction",
            )),
            Err(error) => Err(error),
        }
    }

    /// Runs statements of which one may fail: then only they are undone, and the transaction goes on.
    pub(crate) async fn attempt<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let failed_before = self.failed.load(Relaxed);
        self.execute_unprepared("SAVEPOINT attempt").await?;
        let done = work.await;
        if done.is_err() {
            let undone = self.execute_unprepared("ROLLBACK TO SAVEPOINT attempt");
            // Without a way back the transaction is over, for the reason that made it go back.
            if undone.await.is_err() {
                self.is_uncertain.store(true, Relaxed);
                return done;
            }
            self.failed.store(failed_before, Relaxed);
        }
        let released = self.execute_unprepared("RELEASE SAVEPOINT attempt").await;
        if let Err(error) = released {
            self.is_uncertain.store(true, Relaxed);
            return Err(error.into());
        }
        done
    }

    /// Waits for a lock of our own, until the transaction ends. SQLite has one writer anyway.
    pub(crate) async fn one_at_a_time(&self, lock: i64) -> Result<()> {
        if self.get_database_backend() == DbBackend::Postgres {
            let wait = "SELECT pg_advisory_xact_lock($1)";
            self.query_one_raw(Statement::from_sql_and_values(
                DbBackend::Postgres,
                wait,
                [lock.into()],
            ))
            .await?;
        }
        Ok(())
    }

    /// Takes a lock of our own until the transaction ends, unless somebody else has it. SQLite has one writer anyway.
    pub(crate) async fn is_the_only(&self, lock: i64) -> Result<bool> {
        if self.get_database_backend() != DbBackend::Postgres {
            return Ok(true);
        }
        let try_lock = "SELECT pg_try_advisory_xact_lock($1) AS is_ours";
        let try_lock = Statement::from_sql_and_values(DbBackend::Postgres, try_lock, [lock.into()]);
        let row = self.query_one_raw(try_lock).await?;
        let row = row.ok_or_else(|| Error::bug("a lock answered nothing"))?;
        Ok(row.try_get("", "is_ours")?)
    }

    /// To the audit, and to other nodes.
    async fn tell(&self) -> Result<()> {
        self.store_audit().await?;
        let changed = lock(&self.changed).clone();
        let db = self.get_database_backend();
        if changed.is_nobody() || db != DbBackend::Postgres || self.failed.load(Relaxed) {
            return Ok(());
        }
        let (channel, text) = notification(&changed);
        let tell = Statement::from_sql_and_values(
            db,
            "SELECT pg_notify($1, $2)",
            [channel.into(), text.into()],
        );
        self.query_one_raw(tell).await?;
        Ok(())
    }

    async fn store_audit(&self) -> Result<()> {
        let entries = std::mem::take(&mut *lock(&self.done)).all;
        match self.failed.load(Relaxed) {
            // Nothing will be committed.
            true => Ok(()),
            false => audit::store(self, &entries).await,
        }
    }

    /// Runs a statement, unless an earlier one ended the transaction: SQLite would run it outside of any, and keep it.
    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.is_over.load(Relaxed) {
            return Err(DbErr::Custom("the transaction is over".to_owned()));
        }
        let done = statement.await;
        if let Err(error) = &done {
            self.failed.store(true, Relaxed);
            if let Some(permit) = &self.permit {
                permit.note(error);
                self.is_over.fetch_or(ends_transaction(error), Relaxed);
            }
        }
        done
    }
}

/// A connection whose COMMIT or ROLLBACK failed is not used again.
fn retire(permit: Option<&WritePermit>, error: &DbErr) {
    if let Some(permit) = permit {
        permit.note(error);
        permit.retire();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.run(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.inner.query_all_raw(statement)).await
    }
}
