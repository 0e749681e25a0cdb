//! A transaction that cannot be committed after a failure that nobody reported.
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};

use crate::{
    Actor, Error, Reads, Result,
    audit::{self, Entries, Entry},
    database::{Changed, Changes, Transaction, ends_transaction, notification},
    mail::Mailer,
    quota::{Charge, Kind, Quotas},
    secret::Secret,
};

/// What [`crate::Session::write`] gives its closure: a connection inside one transaction, and who acts.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction,
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
    /// A RELEASE or ROLLBACK TO failed, so it is unknown which savepoints are open.
    is_uncertain: AtomicBool,
    /// Counts what the user leaves behind; None where that has no limit.
    quotas: Option<Quotas>,
    kept_bytes: AtomicU64,
    history_bytes: AtomicU64,
    /// The fields that were changed.
    fields: Mutex<BTreeSet<String>>,
    has_recorded: AtomicBool,
}

impl Tx {
    pub(crate) fn new(
        inner: Transaction,
        actor: Arc<Actor>,
        request_id: Option<Arc<str>>,
        changes: Changes,
    ) -> Self {
        Self {
            inner,
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
            quotas: None,
            kept_bytes: AtomicU64::default(),
            history_bytes: AtomicU64::default(),
            fields: Mutex::default(),
            has_recorded: AtomicBool::new(false),
        }
    }

    /// Counts what the user leaves behind in the database.
    pub(crate) fn counted_by(self, quotas: Option<Quotas>) -> Self {
        Self { quotas, ..self }
    }

    /// Notes bytes of an answer that is kept under an idempotency key.
    pub(crate) fn keeps_answer(&self, bytes: u64) {
        self.kept_bytes.fetch_add(bytes, Relaxed);
    }

    /// Notes bytes of changed values that the audit keeps.
    pub(crate) fn keeps_history(&self, bytes: u64) {
        self.history_bytes.fetch_add(bytes, Relaxed);
    }

    /// Whether any change was recorded.
    pub fn has_recorded(&self) -> bool {
        self.has_recorded.load(Relaxed)
    }

    /// The fields that were changed, of whatever row.
    pub fn changed_fields(&self) -> Vec<String> {
        lock(&self.fields).iter().cloned().collect()
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

    /// Notes what was done. It is stored before the commit, or before the next write whose entries the database makes.
    pub(crate) fn record(&self, entry: Entry) {
        self.changes_rows(entry.resource, Some(&[entry.resource_id]));
        lock(&self.fields).extend(entry.changes.keys().cloned());
        if !self.is_recorded {
            return;
        }
        lock(&self.done).add(entry);
    }

    /// Makes nodes forget the callers that these rows are about. Without ids, any row of the table may have changed.
    pub(crate) fn changes_rows(&self, resource: &str, ids: Option<&[i64]>) {
        self.has_recorded.store(true, Relaxed);
        match (resource, ids) {
            ("users", Some(ids)) => ids.iter().for_each(|id| self.changes_user(*id)),
            // Every user who has the role may do something else now.
            ("users" | "roles", _) => lock(&self.changed).everybody(),
            _ => {}
        }
    }

    /// Whether the audit hears of this transaction.
    pub(crate) fn is_recorded(&self) -> bool {
        self.is_recorded
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
            self.changes.note(&lock(&self.changed));
            if self.has_mail.load(Relaxed) {
                self.mailer.wake();
            }
            if let Some(quotas) = self.quotas.filter(|_| committed.is_ok()) {
                for charge in charges {
                    quotas.settle(charge);
                }
            }
            return committed.map_err(Error::from).and(done);
        }
        self.inner.rollback(self.is_uncertain.load(Relaxed)).await;
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
    async fn tell(&self, charges: &mut Vec<Charge>) -> Result<()> {
        self.store_entries().await?;
        self.charge(charges).await?;
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

    /// Counts what the user leaves behind. Last, because the counters stay locked until the commit.
    async fn charge(&self, charges: &mut Vec<Charge>) -> Result<()> {
        let (Some(quotas), Some(user_id)) = (&self.quotas, self.actor.user_id()) else {
            return Ok(());
        };
        if self.failed.load(Relaxed) {
            return Ok(());
        }
        let kept = (Kind::Answers, self.kept_bytes.load(Relaxed));
        charges.extend(quotas.charge(self, user_id, kept).await?);
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
            if let Some(permit) = self.inner.permit() {
                permit.note(error);
                self.is_over.fetch_or(ends_transaction(error), Relaxed);
            }
        }
        done
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
