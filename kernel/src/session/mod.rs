//! What one request, command or job holds: who acts, and the way to the database.
mod kernel;
pub mod quota;
mod tx;

use std::{any::Any, cell::Cell, sync::Arc, time::Duration};

use sea_orm::ConnectionTrait;
use tokio::time::{Instant, sleep};

use crate::{
    Actor, Deadline, Error, Limit, Origin, Result,
    database::{Reader, is_lock_wait},
    secret::Secret,
};

pub use kernel::{CachedCallers, Kernel};
pub use tx::Tx;

/// A write that met another transaction is run again at most this often.
const RETRIES: u32 = 5;

/// Somewhere to read from on behalf of somebody: a [`Session`], or a [`Tx`] inside its write.
pub trait Reads {
    type Connection: ConnectionTrait;

    fn db(&self) -> Result<&Self::Connection>;
    fn actor(&self) -> &Actor;
    fn kernel(&self) -> &Kernel;

    /// The key that cursors are authenticated with.
    async fn secret(&self) -> Result<Secret>;
}

#[derive(Debug)]
pub struct Session {
    pub kernel: Kernel,
    actor: Arc<Actor>,
    origin: Arc<Origin>,
    writing: Cell<bool>,
    /// Whether what the actor leaves behind in the database is counted.
    is_counted: bool,
}

impl Session {
    pub fn new(kernel: Kernel, actor: Actor) -> Self {
        Self {
            kernel,
            actor: Arc::new(actor),
            origin: Arc::default(),
            writing: Cell::new(false),
            is_counted: true,
        }
    }

    /// What is written counts towards no limit of the user: an import is bounded by itself.
    #[must_use]
    pub fn uncounted(self) -> Self {
        Self {
            is_counted: false,
            ..self
        }
    }

    /// What is done belongs to a request from there.
    #[must_use]
    pub fn from(self, origin: Origin) -> Self {
        Self {
            origin: Arc::new(origin),
            ..self
        }
    }

    /// Lets a cascade, a restore or a purge take `database.long_timeout`, counted from where the time counts already.
    #[must_use]
    pub fn long(self) -> Self {
        let deadline = self.kernel.database.deadline().limited_by(Limit::Long);
        self.with_deadline(deadline)
    }

    /// Gives each statement and each transaction its time anew, for work that is done in chunks.
    #[must_use]
    pub fn per_chunk(self) -> Self {
        let deadline = self.kernel.database.deadline();
        let deadline = deadline.of_each(deadline.limit());
        self.with_deadline(deadline)
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

    /// The same, on behalf of somebody else.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            origin: self.origin.clone(),
            ..Self::new(self.kernel.clone(), actor)
        }
    }

    /// Runs `work` in one transaction, which commits on `Ok` and rolls back on `Err`.
    ///
    /// `work` may run several times: on a serialisation failure, a deadlock or a busy SQLite it starts again from
    /// nothing, at most five times before the deadline of the session, and more often where it waits for a lock. So it must do nothing but read and write through its [`Tx`].
    ///
    /// Fails with [`Error::Unavailable`] when others are in the way until then, and with [`Error::QueryTimeout`] when its own
    /// statements take longer.
    pub async fn write<T>(&self, work: impl AsyncFn(&Tx) -> Result<T>) -> Result<T> {
        self.write_if(async |tx| Ok((work(tx).await?, true))).await
    }

    /// The same, where `work` also says whether it commits on `Ok`. What it gives is the answer either way.
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
            .counted(self.is_counted);
            let done = work(&tx).await;
            match tx.finish(done).await {
                Err(Error::Contended(cause)) => {
                    // A wait for a lock may last until the deadline, but without holding a connection.
                    conflicts += u32::from(!is_lock_wait(&cause));
                    let longest: u64 = 10 << attempt.min(RETRIES);
                    let pause = Duration::from_millis(rand::random_range(1..=longest));
                    if conflicts > RETRIES || Instant::now() + pause >= deadline.instant() {
                        return Err(Error::Unavailable("the database", Some(cause)));
                    }
                    tracing::debug!(attempt, ?pause, %cause, "write conflict, running the write again");
                    sleep(pause).await;
                }
                // The time went by while others were in the way.
                Err(Error::QueryTimeout(cause)) if attempt > 0 => {
                    return Err(Error::Unavailable("the database", Some(cause)));
                }
                done => return done,
            }
        }
        Err(Error::bug("a write is tried a bounded number of times"))
    }
}

impl Reads for Session {
    type Connection = Reader;

    /// Fails inside [`Session::write`], where a read beside the transaction would miss its changes, and would wait
    /// for ever for the only connection of an in-memory database.
    fn db(&self) -> Result<&Reader> {
        if self.writing.get() {
            return Err(Error::bug(
                "a pool was asked for inside a write: read through its transaction",
            ));
        }
        Ok(self.kernel.database.reader())
    }

    fn actor(&self) -> &Actor {
        &self.actor
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    async fn secret(&self) -> Result<Secret> {
        self.kernel.database.secret().await
    }
}

/// Marks a session as writing until it is dropped.
struct Writing<'a>(&'a Cell<bool>);

impl<'a> Writing<'a> {
    fn start(flag: &'a Cell<bool>) -> Result<Self> {
        match flag.replace(true) {
            true => Err(Error::bug("a write was opened inside a write")),
            false => Ok(Self(flag)),
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
