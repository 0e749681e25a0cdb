//! A transaction that cannot be committed after a failure that nobody reported.
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
    database::{ChangedUsers, Transaction, ends_transaction, notification},
    record::{self, Author, Entries, Entry},
    secret::Secret,
};

/// Work that waits for the commit.
type Hook = Box<dyn FnOnce() + Send>;

/// What [`crate::Session::write`] gives its closure: a connection inside one transaction, and who acts.
pub struct Tx {
    inner: Transaction,
    kernel: Arc<Kernel>,
    actor: Arc<Actor>,
    request_id: Option<Arc<str>>,
    /// What was done so far, for the audit.
    done: Mutex<Entries>,
    /// The users whose cached permissions, sessions or state the commit makes invalid.
    changed: Mutex<ChangedUsers>,
    after_commit: Mutex<Vec<Hook>>,
    failed: AtomicBool,
    /// A statement failed in a way after which SQLite may have ended the transaction by itself.
    is_over: AtomicBool,
    /// A RELEASE or ROLLBACK TO failed, so it is unknown which savepoints are open.
    is_uncertain: AtomicBool,
    /// Whether the bytes that the user leaves behind count towards a limit.
    is_counted: bool,
    answer_bytes: AtomicU64,
    history_bytes: AtomicU64,
    /// The fields that were changed.
    fields: Mutex<BTreeSet<String>>,
    has_recorded: AtomicBool,
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
            done: Mutex::default(),
            changed: Mutex::default(),
            after_commit: Mutex::default(),
            failed: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            is_uncertain: AtomicBool::new(false),
            is_counted: true,
            answer_bytes: AtomicU64::default(),
            history_bytes: AtomicU64::default(),
            fields: Mutex::default(),
            has_recorded: AtomicBool::new(false),
        }
    }

    /// Counts the bytes that the user leaves behind in the database only if `is_counted`.
    pub(crate) fn counted(self, is_counted: bool) -> Self {
        Self { is_counted, ..self }
    }

    /// Returns a state of the application: see [`Kernel::state`].
    pub fn state<S: Any>(&self) -> &S {
        self.kernel.state()
    }

    /// Runs `hook` once the transaction is committed, or once it is unknown whether it is.
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        lock(&self.after_commit).push(Box::new(hook));
    }

    /// Counts bytes of an answer that is stored under an idempotency key.
    pub(crate) fn add_answer_bytes(&self, bytes: u64) {
        self.answer_bytes.fetch_add(bytes, Relaxed);
    }

    /// Whether any change was recorded.
    pub fn has_recorded(&self) -> bool {
        self.has_recorded.load(Relaxed)
    }

    /// The fields that were changed, of whatever row.
    pub fn changed_fields(&self) -> Vec<String> {
        lock(&self.fields).iter().cloned().collect()
    }

    /// The request that this is part of, if there is one.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Makes every node forget what it has cached of the caller with this user id.
    pub fn forget_caller(&self, user_id: i64) {
        lock(&self.changed).add(user_id);
    }

    /// Notes what was done. It is stored before the commit, or before the next write whose entries the database makes.
    pub fn record(&self, entry: Entry) {
        self.changes_rows(entry.resource, Some(&[entry.resource_id]));
        lock(&self.fields).extend(entry.changes.keys().cloned());
        if self.is_recorded() {
            lock(&self.done).add(entry);
        }
    }

    /// Makes every node forget the callers that a change of these rows is about. Without ids, any row of the table may
    /// have changed.
    pub fn changes_rows(&self, resource: &str, ids: Option<&[i64]>) {
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

    /// Whether the audit records this transaction.
    pub(crate) fn is_recorded(&self) -> bool {
        self.kernel.audit.is_kept
    }

    /// Commits on `Ok` where that is said with it, rolls back otherwise.
    ///
    /// PostgreSQL answers OK to the COMMIT of a transaction in which a statement failed, and rolls back. So an `Ok`
    /// after a failed statement is refused: it would acknowledge a write that is lost.
    pub(crate) async fn finish<T>(self, done: Result<(T, bool)>) -> Result<T> {
        let mut charges = Vec::new();
        let (done, commits) = match done {
            Ok((done, true)) => (self.tell(&mut charges).await.map(|()| done), true),
            Ok((done, false)) => (Ok(done), false),
            Err(error) => (Err(error), false),
        };
        if commits && done.is_ok() && !self.failed.load(Relaxed) {
            let committed = self.inner.commit().await;
            // Where nobody knows whether it is committed, too.
            self.kernel
                .database
                .change_feed()
                .apply(&lock(&self.changed));
            for hook in std::mem::take(&mut *lock(&self.after_commit)) {
                hook();
            }
            if committed.is_ok() {
                for charge in charges {
                    self.kernel.quotas.settle(charge);
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
                self.is_over.store(true, Relaxed);
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

    /// Lets the statements that follow wait for locks as long as they may run: what took long is not undone for one row that
    /// another transaction has locked for a moment. SQLite locks no rows.
    pub(crate) async fn waits_for_locks(&self) -> Result<()> {
        if self.get_database_backend() == DbBackend::Postgres {
            let set =
                "SELECT set_config('lock_timeout', current_setting('statement_timeout'), true)";
            self.query_one_raw(Statement::from_string(DbBackend::Postgres, set))
                .await?;
        }
        Ok(())
    }

    /// Waits for a lock of our own, until the transaction ends. SQLite has one writer anyway.
    pub async fn advisory_lock(&self, lock: i64) -> Result<()> {
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
    pub async fn try_advisory_lock(&self, lock: i64) -> Result<bool> {
        if self.get_database_backend() != DbBackend::Postgres {
            return Ok(true);
        }
        let try_lock = "SELECT pg_try_advisory_xact_lock($1) AS is_ours";
        let try_lock = Statement::from_sql_and_values(DbBackend::Postgres, try_lock, [lock.into()]);
        let row = self.query_one_raw(try_lock).await?;
        let row = row.ok_or_else(|| Error::bug("a lock returned no row"))?;
        Ok(row.try_get("", "is_ours")?)
    }

    /// To the audit, and to other nodes.
    async fn tell(&self, charges: &mut Vec<Charge>) -> Result<()> {
        self.store_entries().await?;
        self.charge(charges).await?;
        let changed = lock(&self.changed).clone();
        let db = self.get_database_backend();
        if changed.is_empty() || db != DbBackend::Postgres || self.failed.load(Relaxed) {
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

    /// Counts what the user leaves behind. Last, because the counters stay locked until the commit.
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
        // Superusers repair what others wrote.
        if !self.actor.is_superuser() {
            let history = (Kind::History, self.history_bytes.load(Relaxed));
            charges.extend(quotas.charge(self, user_id, history).await?);
        }
        Ok(())
    }

    /// Stores the entries that were recorded so far, so that those that follow come later.
    pub(crate) async fn store_entries(&self) -> Result<()> {
        let entries = std::mem::take(&mut *lock(&self.done)).all;
        if self.failed.load(Relaxed) {
            // Nothing will be committed.
            return Ok(());
        }
        let author = Author {
            user_id: self.actor.user_id(),
            request_id: self.request_id(),
        };
        let bytes = record::store(self, author, &entries).await?;
        self.history_bytes.fetch_add(bytes, Relaxed);
        Ok(())
    }

    /// Runs a statement, unless an earlier one ended the transaction: SQLite would run it outside of any, and keep it.
    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.is_over.load(Relaxed) {
            return Err(DbErr::Custom(
                "the transaction has already ended".to_owned(),
            ));
        }
        let done = statement.await;
        if let Err(error) = &done {
            self.failed.store(true, Relaxed);
            if let Some(permit) = self.inner.permit() {
                permit.note(error);
                self.is_over.fetch_or(ends_transaction(error), Relaxed);
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
