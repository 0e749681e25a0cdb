//! A transaction that refuses to commit after a failed statement whose error was ignored.
mod single;

use std::{
    any::Any,
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};

use super::{
    CachedCallers, Kernel, Reads,
    quota::{Charge, Kind},
};
use crate::{
    Actor, Error, Result,
    cache::{Slot, tables::add_written},
    database::{ChangedUsers, Transaction, ends_transaction, notification},
    record::{self, Author, Entries, Entry},
    secret::Secret,
};

/// Runs after the commit.
type Hook = Box<dyn FnOnce() + Send>;

/// [`crate::Session::write`] passes this to its closure: a connection inside one transaction, and the actor.
pub struct Tx {
    inner: Transaction,
    kernel: Arc<Kernel>,
    actor: Arc<Actor>,
    request_id: Option<Arc<str>>,
    /// The audit entries that are not stored yet.
    entries: Mutex<Entries>,
    /// A statement that runs before the next one, or together with the entries: see [`Tx::execute_soon`].
    waiting: Mutex<Option<Statement>>,
    /// The users whose cached permissions, sessions or state the commit makes invalid.
    changed: Mutex<ChangedUsers>,
    /// The tables that the commit changes.
    tables: Mutex<Vec<Slot>>,
    after_commit: Mutex<Vec<Hook>>,
    failed: AtomicBool,
    /// A statement failed in a way after which SQLite may have ended the transaction by itself.
    has_ended: AtomicBool,
    /// A RELEASE or ROLLBACK TO failed, so it is unknown which savepoints are open.
    is_uncertain: AtomicBool,
    /// Whether the bytes that the user stores count towards its quotas.
    is_counted: bool,
    /// The owner of new rows that name none, if the actor is no user.
    default_owner: Option<i64>,
    answer_bytes: AtomicU64,
    history_bytes: AtomicU64,
    /// The names of the changed fields.
    fields: Mutex<BTreeSet<String>>,
    has_recorded: AtomicBool,
    statements: AtomicU64,
}

impl Tx {
    pub(crate) fn new(
        kernel: Arc<Kernel>,
        inner: Transaction,
        actor: Arc<Actor>,
        request_id: Option<Arc<str>>,
    ) -> Self {
        Self {
            inner,
            kernel,
            actor,
            request_id,
            entries: Mutex::default(),
            waiting: Mutex::default(),
            changed: Mutex::default(),
            tables: Mutex::default(),
            after_commit: Mutex::default(),
            failed: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            is_uncertain: AtomicBool::new(false),
            is_counted: true,
            default_owner: None,
            answer_bytes: AtomicU64::default(),
            history_bytes: AtomicU64::default(),
            fields: Mutex::default(),
            has_recorded: AtomicBool::default(),
            statements: AtomicU64::default(),
        }
    }

    /// Sets whether the bytes that the user stores count towards its quotas.
    pub(crate) fn with_quotas(self, is_counted: bool) -> Self {
        Self { is_counted, ..self }
    }

    pub(crate) fn with_default_owner(self, user_id: Option<i64>) -> Self {
        Self {
            default_owner: user_id,
            ..self
        }
    }

    /// Returns the owner of new rows that name none: the actor, if it is a user.
    pub(crate) fn default_owner(&self) -> Option<i64> {
        self.actor.user_id().or(self.default_owner)
    }

    /// Returns a state of the application: see [`Kernel::state`].
    pub fn state<S: Any>(&self) -> &S {
        self.kernel.state()
    }

    /// Runs `hook` after the commit, also if it is unknown whether the commit succeeded.
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        lock(&self.after_commit).push(Box::new(hook));
    }

    /// Counts bytes of an answer that is stored under an idempotency key.
    pub(crate) fn add_answer_bytes(&self, bytes: u64) {
        self.answer_bytes.fetch_add(bytes, Relaxed);
    }

    /// Returns true if any change was recorded.
    pub fn has_recorded(&self) -> bool {
        self.has_recorded.load(Relaxed)
    }

    /// Returns the names of the changed fields of all rows.
    pub fn changed_fields(&self) -> Vec<String> {
        lock(&self.fields).iter().cloned().collect()
    }

    /// Makes every node drop the cached caller with this user id.
    pub fn forget_caller(&self, user_id: i64) {
        lock(&self.changed).add(user_id);
    }

    /// Runs an INSERT or an UPDATE whose result is not needed. It runs before any later statement, and is sent together with the
    /// audit entries if these come next, which saves a round trip.
    pub(crate) async fn execute_soon(&self, statement: Statement) -> Result<()> {
        self.run_waiting().await?;
        *lock(&self.waiting) = Some(statement);
        Ok(())
    }

    /// Records an audit entry. It is stored before the commit, or before the next write whose entries the database makes.
    pub fn record(&self, entry: Entry) {
        self.note_changed_rows(entry.resource, Some(&[entry.resource_id]));
        lock(&self.fields).extend(entry.changes.keys().cloned());
        if self.is_recorded() {
            lock(&self.entries).add(entry);
        }
    }

    /// Makes every node drop the cached callers that a change of these rows makes invalid. Without ids, any row of the table
    /// may have changed.
    pub fn note_changed_rows(&self, resource: &str, ids: Option<&[i64]>) {
        self.has_recorded.store(true, Relaxed);
        match (self.kernel.cached_callers.get(resource), ids) {
            (None, _) => {}
            (Some(CachedCallers::SameId), Some(ids)) => {
                for id in ids {
                    self.forget_caller(*id);
                }
            }
            (Some(CachedCallers::SameId | CachedCallers::All), _) => {
                *lock(&self.changed) = ChangedUsers::all();
            }
        }
    }

    /// Returns true if the audit log records this transaction.
    pub(crate) fn is_recorded(&self) -> bool {
        self.kernel.audit.is_kept
    }

    /// Commits on `Ok` with true, and rolls back otherwise.
    ///
    /// PostgreSQL answers OK to the COMMIT of a transaction in which a statement failed, and rolls back. So an `Ok`
    /// after a failed statement is refused: it would report a lost write as successful.
    pub(crate) async fn finish<T>(self, done: Result<(T, bool)>) -> Result<T> {
        let mut charges = Vec::new();
        let (done, commits) = match done {
            Ok((done, true)) => (self.flush(&mut charges).await.map(|()| done), true),
            Ok((done, false)) => (Ok(done), false),
            Err(error) => (Err(error), false),
        };
        if commits && done.is_ok() && !self.failed.load(Relaxed) {
            let database = &self.kernel.database;
            let committed = self.inner.commit(database.locates_commits()).await;
            // This must also happen if it is unknown whether the commit succeeded.
            let position = committed.as_ref().ok().copied().flatten();
            database.note_commit(position, self.actor.user_id());
            database.change_feed().apply(&lock(&self.changed));
            database.table_changes().apply(&lock(&self.tables));
            for hook in std::mem::take(&mut *lock(&self.after_commit)) {
                hook();
            }
            if committed.is_ok() {
                for charge in charges {
                    self.kernel.quotas.apply(charge);
                }
            }
            return committed.map_err(Error::from).and(done);
        }
        self.inner.rollback(self.is_uncertain.load(Relaxed)).await;
        match done {
            Ok(done) if !commits => Ok(done),
            Ok(_) => Err(Error::bug(
                "a failed statement was ignored inside a transaction",
            )),
            Err(error) => Err(error),
        }
    }

    /// Runs statements in a savepoint. If one fails, only they are rolled back, and the transaction goes on.
    pub(crate) async fn attempt<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let failed_before = self.failed.load(Relaxed);
        self.execute_unprepared("SAVEPOINT attempt").await?;
        let done = work.await;
        if done.is_err() {
            let undone = self.execute_unprepared("ROLLBACK TO SAVEPOINT attempt");
            // If the savepoint cannot be restored, the transaction has ended; the first error says why.
            if undone.await.is_err() {
                self.is_uncertain.store(true, Relaxed);
                self.has_ended.store(true, Relaxed);
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

    /// Stores the audit entries, counts the quotas, and notifies other nodes, all before the commit.
    async fn flush(&self, charges: &mut Vec<Charge>) -> Result<()> {
        self.store_entries().await?;
        self.charge(charges).await?;
        let changed = lock(&self.changed).clone();
        let db = self.get_database_backend();
        if changed.is_empty() || db != DbBackend::Postgres || self.failed.load(Relaxed) {
            return Ok(());
        }
        let (channel, text) = notification(&changed);
        let notify = Statement::from_sql_and_values(
            db,
            "SELECT pg_notify($1, $2)",
            [channel.into(), text.into()],
        );
        self.query_one_raw(notify).await?;
        Ok(())
    }

    /// Counts the bytes that the user stores. It runs late, because the counters stay locked until the commit.
    async fn charge(&self, charges: &mut Vec<Charge>) -> Result<()> {
        let Some(user_id) = self.actor.user_id() else {
            return Ok(());
        };
        if !self.is_counted || self.failed.load(Relaxed) {
            return Ok(());
        }
        let quotas = &self.kernel.quotas;
        let answers = (Kind::Answers, self.answer_bytes.load(Relaxed));
        charges.extend(quotas.charge(self, user_id, answers).await?);
        // Superusers have no limit of history, because they repair what others wrote.
        if !self.actor.is_superuser() {
            let history = (Kind::History, self.history_bytes.load(Relaxed));
            charges.extend(quotas.charge(self, user_id, history).await?);
        }
        Ok(())
    }

    /// Stores the entries that were recorded so far, so that later ones come after them.
    pub(crate) async fn store_entries(&self) -> Result<()> {
        let entries = std::mem::take(&mut *lock(&self.entries)).all;
        if self.failed.load(Relaxed) {
            // The transaction will be rolled back.
            return Ok(());
        }
        if entries.is_empty() {
            return Ok(self.run_waiting().await?);
        }
        let first = lock(&self.waiting).take();
        let bytes = record::store(self, self.author(), &entries, first).await?;
        self.history_bytes.fetch_add(bytes, Relaxed);
        Ok(())
    }

    /// Runs the statement that waits, unless the transaction or the savepoint that it belongs to is rolled back anyway.
    async fn run_waiting(&self) -> Result<(), DbErr> {
        let waiting = lock(&self.waiting).take();
        if let Some(statement) = waiting
            && !self.failed.load(Relaxed)
        {
            self.note_tables(&statement.sql);
            self.run(self.inner.execute_raw(statement)).await?;
        }
        Ok(())
    }

    fn note_tables(&self, sql: &str) {
        add_written(sql, &mut lock(&self.tables));
    }

    /// Runs a statement, unless an earlier one ended the transaction: SQLite would then run and commit it on its own.
    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.has_ended.load(Relaxed) {
            return Err(DbErr::Custom(
                "the transaction has already ended".to_owned(),
            ));
        }
        self.statements.fetch_add(1, Relaxed);
        let done = statement.await;
        if let Err(error) = &done {
            self.failed.store(true, Relaxed);
            if let Some(permit) = self.inner.permit() {
                permit.note(error);
                self.has_ended.fetch_or(ends_transaction(error), Relaxed);
            }
        }
        done
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("inner", &self.inner)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
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

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    async fn secret(&self) -> Result<Secret> {
        Err(Error::bug("cursors cannot be used inside a write"))
    }
}

#[async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run_waiting().await?;
        self.note_tables(&statement.sql);
        self.run(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run_waiting().await?;
        self.note_tables(sql);
        self.run(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run_waiting().await?;
        self.note_tables(&statement.sql);
        self.run(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run_waiting().await?;
        self.note_tables(&statement.sql);
        self.run(self.inner.query_all_raw(statement)).await
    }
}
