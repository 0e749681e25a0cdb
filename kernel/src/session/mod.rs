//! A session holds the actor and the database for one request, command or job.
mod cached;
mod kernel;
mod locks;
pub mod quota;
mod tx;

use std::{
    any::Any,
    cell::{Cell, OnceCell},
    sync::Arc,
    time::Duration,
};

use sea_orm::{ConnectionTrait, QueryResult, Statement};
use tokio::time::{Instant, sleep};

use crate::{
    Actor, Deadline, Error, Limit, Origin, Result,
    access::Rights,
    database::{Position, Reader, is_lock_wait},
    secret::Secret,
};

pub use cached::Answer;
pub use kernel::{CachedCallers, Kernel};
pub use tx::Tx;

/// The most retries of a write that conflicts with another transaction.
const RETRIES: u32 = 5;

/// A connection to read through on behalf of an actor: a [`Session`], or a [`Tx`] inside its write.
pub trait Reads {
    type Connection: ConnectionTrait;

    fn db(&self) -> Result<&Self::Connection>;
    fn actor(&self) -> &Actor;
    fn kernel(&self) -> &Kernel;

    /// Returns the name of what the actor may do and see.
    fn rights(&self) -> Rights {
        Rights::new(self.actor())
    }

    /// Reads the row of a statement that finds at most one, by a unique key.
    async fn find(&self, statement: Statement) -> Result<Option<QueryResult>> {
        Ok(self.db()?.query_one_raw(statement).await?)
    }

    /// Returns the key that authenticates cursors.
    async fn secret(&self) -> Result<Secret>;
}

#[derive(Debug)]
pub struct Session {
    pub kernel: Kernel,
    actor: Arc<Actor>,
    rights: OnceCell<Rights>,
    origin: Arc<Origin>,
    writing: Cell<bool>,
    /// Whether the bytes that the actor stores count towards its quotas.
    is_counted: bool,
    /// The owner of new rows that name none, if the actor is no user.
    default_owner: Option<i64>,
}

impl Session {
    pub fn new(kernel: Kernel, actor: Actor) -> Self {
        Self {
            kernel,
            actor: Arc::new(actor),
            rights: OnceCell::new(),
            origin: Arc::default(),
            writing: Cell::new(false),
            is_counted: true,
            default_owner: None,
        }
    }

    /// Gives new rows that name no owner to this user. It is for the operator's commands, whose actor is no user.
    #[must_use]
    pub fn with_default_owner(self, user_id: Option<i64>) -> Self {
        Self {
            default_owner: user_id,
            ..self
        }
    }

    /// Lets the writes of this session count towards no quota. An import has limits of its own.
    #[must_use]
    pub fn without_quotas(self) -> Self {
        Self {
            is_counted: false,
            ..self
        }
    }

    /// Sets where the request of this session comes from.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Self {
        Self {
            origin: Arc::new(origin),
            ..self
        }
    }

    /// Lets a cascade, a restore or a purge take `database.long_timeout`. The time still counts from the same moment.
    #[must_use]
    pub fn long(self) -> Self {
        let deadline = self.kernel.database.deadline().with_limit(Limit::Long);
        self.with_deadline(deadline)
    }

    /// Gives each statement and each transaction a deadline of its own, for work that is done in batches.
    #[must_use]
    pub fn per_batch(self) -> Self {
        let deadline = self.kernel.database.deadline().per_batch();
        self.with_deadline(deadline)
    }

    /// Lets the reads outside of transactions use a replica that has everything up to `needed`: see [`crate::Database::near`].
    #[must_use]
    pub fn near(mut self, needed: Option<Position>) -> Self {
        self.kernel.database = self.kernel.database.near(needed);
        self
    }

    /// Returns a session of the same actor whose writes only a database that refuses writes stops.
    pub(crate) fn in_every_mode(&self) -> Self {
        let mut session = self.acting_as(Actor::clone(&self.actor));
        session.kernel.database = session.kernel.database.in_every_mode();
        session
    }

    fn with_deadline(mut self, deadline: Deadline) -> Self {
        self.kernel.database = self.kernel.database.with_deadline(deadline);
        self
    }

    /// Returns a state of the application: see [`Kernel::state`].
    pub fn state<S: Any>(&self) -> &S {
        self.kernel.state()
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns a session of another actor from the same origin.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            origin: self.origin.clone(),
            ..Self::new(self.kernel.clone(), actor)
        }
    }

    /// Runs `work` in one transaction, which commits on `Ok` and rolls back on `Err`.
    ///
    /// `work` may run several times: it runs again after a serialisation failure, a deadlock or a busy SQLite, at most five
    /// times, and until the deadline of the session after a lock timeout. So it must only read and write through its [`Tx`].
    ///
    /// Fails with [`Error::Unavailable`] if conflicts last until then, and with [`Error::QueryTimeout`] if its own statements
    /// take longer.
    pub async fn write<T>(&self, work: impl AsyncFn(&Tx) -> Result<T>) -> Result<T> {
        self.write_if(async |tx| Ok((work(tx).await?, true))).await
    }

    /// Works like [`Session::write`], but `work` also returns whether to commit. Its value is returned in both cases.
    pub async fn write_if<T>(&self, work: impl AsyncFn(&Tx) -> Result<(T, bool)>) -> Result<T> {
        let _writing = Writing::start(&self.writing)?;
        let database = &self.kernel.database;
        let deadline = database.deadline().started();
        let kernel = Arc::new(self.kernel.clone());
        let mut conflicts = 0;
        for attempt in 0_u32.. {
            let tx = Tx::new(
                kernel.clone(),
                database.begin(deadline).await?,
                self.actor.clone(),
                self.origin.request_id.clone(),
            )
            .with_quotas(self.is_counted)
            .with_default_owner(self.default_owner);
            let done = work(&tx).await;
            match tx.finish(done).await {
                Err(Error::Contended(cause)) => {
                    // A lock timeout is retried until the deadline, because waiting here holds no connection.
                    let waited_for_lock = is_lock_wait(&cause);
                    conflicts += u32::from(!waited_for_lock);
                    let longest: u64 = 10 << attempt.min(RETRIES);
                    let pause = Duration::from_millis(rand::random_range(1..=longest));
                    if conflicts > RETRIES || Instant::now() + pause >= deadline.instant() {
                        return Err(Error::Unavailable("the database", Some(cause)));
                    }
                    database.count_retry(waited_for_lock);
                    tracing::debug!(attempt, ?pause, %cause, "write conflict, running the write again");
                    sleep(pause).await;
                }
                // Conflicts used up the time.
                Err(Error::QueryTimeout(cause)) if attempt > 0 => {
                    return Err(Error::Unavailable("the database", Some(cause)));
                }
                done => return done,
            }
        }
        Err(Error::bug("the retries of a write ended without a result"))
    }
}

impl Reads for Session {
    type Connection = Reader;

    /// Fails inside [`Session::write`]: a read outside the transaction would miss its changes, and would wait for ever for
    /// the only connection of an in-memory database.
    fn db(&self) -> Result<&Reader> {
        if self.writing.get() {
            return Err(Error::bug(
                "the pool was used inside a write: read through the transaction instead",
            ));
        }
        Ok(self.kernel.database.session_reader())
    }

    fn actor(&self) -> &Actor {
        &self.actor
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Shares one statement among concurrent requests where the database allows it.
    async fn find(&self, statement: Statement) -> Result<Option<QueryResult>> {
        Ok(self.db()?.find(statement).await?)
    }

    fn rights(&self) -> Rights {
        *self.rights.get_or_init(|| Rights::new(&self.actor))
    }

    async fn secret(&self) -> Result<Secret> {
        // It may have to be read.
        self.db()?;
        self.kernel.database.secret().await
    }
}

/// Marks a session as writing until it is dropped.
struct Writing<'a>(&'a Cell<bool>);

impl<'a> Writing<'a> {
    fn start(flag: &'a Cell<bool>) -> Result<Self> {
        if flag.replace(true) {
            Err(Error::bug("a write was started inside another write"))
        } else {
            Ok(Self(flag))
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
