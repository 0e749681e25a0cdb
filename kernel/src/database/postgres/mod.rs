//! The PostgreSQL pool. Every await on one of its connections has a limit on this side, so that a server or a network that
//! stops answering blocks no request.
//!
//! sqlx's own pool is not used for requests: it waits without a limit for the ping with which it takes a connection back
//! (transact-rs/sqlx#4349), and gives out connections whose BEGIN was cancelled (transact-rs/sqlx#4394).
mod batch;
mod lease;
mod manager;
mod open;
mod runtime;
mod servers;
mod transaction;
mod worker;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use deadpool::{
    Status,
    managed::{Pool, PoolError, WeakPool},
};
use sea_orm::{
    ConnAcquireErr, DatabaseConnection, DbErr, QueryResult, RuntimeErr, SqlxPostgresConnector,
    Statement,
};
use sqlx::postgres::PgPoolOptions;
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use self::{
    lease::{Bound, Lease},
    manager::{Manager, no_answer},
    runtime::DatabaseRuntime,
    worker::Worker,
};
use super::{
    health::{Health, State},
    metrics::Waits,
    reader::{is_overrun, overrun},
    statements::Log,
};
use crate::{Deadline, Error, Result};

pub(super) use servers::Servers;
pub use servers::names_one_host;
pub(crate) use transaction::PgTransaction;

/// Decides whether work may take the last free connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lane {
    #[default]
    Ordinary,
    /// For sign-in, `/auth/me` and readiness. They can use the `database.reserved_connections`.
    Reserved,
}

/// The connections of a node, and those of one HTTP worker if this is the worker's. It is cheap to clone.
#[derive(Clone)]
pub(super) struct Postgres {
    node: Arc<Node>,
    worker: Option<Arc<Worker>>,
}

/// The pool that all threads share, and the state of its server.
pub(super) struct Node {
    pool: Pool<Manager>,
    /// Limits ordinary work to fewer connections than the pool has.
    ordinary: Arc<Semaphore>,
    /// The connections that the pools of the workers may have together.
    for_workers: Arc<Semaphore>,
    size_for_workers: usize,
    /// The pools of the workers, for their figures.
    workers: Mutex<Vec<WeakPool<Manager>>>,
    /// The names of the shared pool and of those of the workers, in metrics.
    names: [&'static str; 2],
    waits: Waits,
    waits_of_workers: Waits,
    health: Health,
    acquire_timeout: Duration,
    lock_timeout: Duration,
    idle_timeout: Duration,
    log: Log,
    /// Whether prepared statements have names and are cached.
    is_named: bool,
    server: Servers,
    runtime: Arc<DatabaseRuntime>,
}

impl Node {
    fn workers(&self) -> MutexGuard<'_, Vec<WeakPool<Manager>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Postgres")
    }
}

impl Postgres {
    /// Returns a handle with a pool whose sockets belong to the calling runtime, which must be that of one of so many HTTP
    /// workers. Workers for which no connection is left use the shared pool only.
    pub fn for_worker(&self, workers: usize) -> Self {
        Self {
            node: self.node.clone(),
            worker: Worker::start(&self.node, workers).map(Arc::new),
        }
    }

    /// Returns where the sockets of the shared pool are served.
    pub fn runtime(&self) -> &Handle {
        &self.node.runtime.handle
    }

    pub fn server(&self) -> &Servers {
        &self.node.server
    }

    /// Takes a connection from the pool, which is used until the deadline at most.
    pub(super) async fn checkout(&self, deadline: Deadline, lane: Lane) -> Result<Lease, DbErr> {
        let node = &*self.node;
        let bound = Bound::new(deadline, node.health.clone());
        let began = Instant::now();
        let give_up = began + node.acquire_timeout;
        if node.health.state() == State::Unreachable {
            return Err(connection_error(no_answer()));
        }
        if deadline.instant() <= Instant::now() {
            return Err(overrun());
        }
        let acquire = async {
            if let Some(worker) = &self.worker
                && let Some(taken) = worker.try_get().await
            {
                return Ok((taken, None, &node.waits_of_workers));
            }
            let turn = match lane {
                Lane::Ordinary => node.ordinary.clone().acquire_owned().await.ok(),
                Lane::Reserved => None,
            };
            Ok((node.pool.get().await, turn, &node.waits))
        };
        let acquired = timeout_at(give_up, bound.wait(acquire)).await;
        let full = |_late| {
            node.waits.time_out();
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        };
        match acquired.map_err(full)?.map_err(connection_error)? {
            (Ok(object), turn, waits) => {
                waits.end(began);
                let (log, is_named) = (node.log.clone(), node.is_named);
                Ok(Lease::new(object, turn, bound, log, is_named))
            }
            (Err(PoolError::Backend(error)), ..) => Err(connection_error(error)),
            (Err(_), ..) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
        }
    }

    /// Returns the state of the shared pool, and that of the pools of all workers together.
    pub(super) fn status(&self) -> Vec<(&'static str, Status)> {
        let mut workers = self.node.workers();
        workers.retain(|pool| pool.upgrade().is_some());
        let pools = workers.iter().filter_map(WeakPool::upgrade);
        let sum = pools.map(|pool| pool.status()).reduce(|a, b| Status {
            max_size: a.max_size + b.max_size,
            size: a.size + b.size,
            available: a.available + b.available,
            waiting: a.waiting + b.waiting,
        });
        let [name, name_of_workers] = self.node.names;
        let shared = (name, self.node.pool.status());
        std::iter::once(shared)
            .chain(sum.map(|sum| (name_of_workers, sum)))
            .collect()
    }

    /// Begins a transaction that ends at the deadline.
    pub(super) async fn begin(&self, deadline: Deadline, lane: Lane) -> Result<PgTransaction> {
        let lease = self.checkout(deadline, lane).await?;
        let begun = PgTransaction::begin(lease, self.node.lock_timeout).await;
        Ok(begun.map_err(connection_error)?)
    }

    /// Takes a connection for one read, which must end with [`Lease::end_read`].
    ///
    /// A statement without a name takes two round trips. A pooler that assigns connections per transaction must see them as
    /// one transaction.
    pub(super) async fn begin_read(&self, deadline: Deadline, lane: Lane) -> Result<Lease, DbErr> {
        let mut lease = self.checkout(deadline, lane).await?;
        if !self.node.is_named {
            let begun = lease.begin(Duration::ZERO).await;
            begun.map_err(connection_error)?;
        }
        Ok(lease)
    }

    /// Reads at most one row outside of a transaction.
    pub(super) async fn query_one(
        &self,
        statement: &Statement,
        deadline: Deadline,
        lane: Lane,
    ) -> Result<Option<QueryResult>, DbErr> {
        let mut lease = self.begin_read(deadline, lane).await?;
        let done = lease.query_one(statement).await;
        lease.end_read(done).await
    }

    /// Reads rows outside of a transaction.
    pub(super) async fn query_all(
        &self,
        statement: &Statement,
        deadline: Deadline,
        lane: Lane,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let mut lease = self.begin_read(deadline, lane).await?;
        let done = lease.query_all(statement).await;
        lease.end_read(done).await
    }

    /// Fails if the server is known not to answer.
    pub fn check(&self) -> Result<()> {
        match self.node.health.state() {
            State::Writable | State::ReadOnly => Ok(()),
            State::Unreachable => Err(Error::Unavailable("the database", None)),
        }
    }

    /// Returns true if the server is known to answer and to refuse writes.
    pub fn is_read_only(&self) -> bool {
        self.node.health.state() == State::ReadOnly
    }

    /// Closes the idle connections of the shared pool; those in use are closed when they return. The pool of a worker ends with
    /// the worker.
    pub fn close(&self) {
        self.node.pool.close();
    }

    /// Returns a separate connection for migrations, which is opened when it is first used.
    pub fn for_migrations(&self) -> DatabaseConnection {
        let lock_timeout = ("lock_timeout", milliseconds(self.node.lock_timeout));
        let server = self.node.server.current().options([lock_timeout]);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(self.node.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(server);
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
    }
}

fn connection_error(error: sqlx::Error) -> DbErr {
    match error {
        error if is_overrun(&error) => overrun(),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}
