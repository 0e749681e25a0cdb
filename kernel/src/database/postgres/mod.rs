//! The PostgreSQL pool. Every await on one of its connections has a limit on this side: a server, or a way to it, that
//! falls silent without a word holds nobody up.
//!
//! sqlx's own pool is not used for requests: it waits without a limit for the ping with which it takes a connection back
//! (transact-rs/sqlx#4349), and gives out connections whose BEGIN was cancelled (transact-rs/sqlx#4394).
mod home;
mod lease;
mod manager;
mod transaction;

use std::{str::FromStr, sync::Arc, time::Duration};

use deadpool::managed::{Pool, PoolConfig, PoolError, QueueMode, WeakPool};
use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use self::{
    home::Home,
    lease::{Bound, Lease},
    manager::{Manager, silent},
};
use super::{
    Settings,
    health::{Health, State},
    reader::{is_overrun, overrun},
    statements::Log,
};
use crate::{Deadline, Error, Result};

pub(crate) use transaction::PgTransaction;

/// Between two looks for connections that were idle for too long, at most.
const REAPING: Duration = Duration::from_secs(30);
/// Between two tries to connect at the start.
const PAUSE: Duration = Duration::from_millis(50);

/// Who may take the last free connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lane {
    #[default]
    Ordinary,
    /// Sign-in, `/auth/me` and readiness, for which `database.reserved_connections` are kept.
    Reserved,
}

/// The pool, and what is known of its server.
pub(super) struct Postgres {
    pool: Pool<Manager>,
    /// Fewer places than the pool has connections.
    ordinary: Arc<Semaphore>,
    health: Health,
    acquire_timeout: Duration,
    lock_timeout: Duration,
    log: Log,
    /// Whether statements are prepared by name, and kept.
    is_named: bool,
    pub(super) server: PgConnectOptions,
    pub(super) home: Home,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Postgres")
    }
}

impl Postgres {
    /// Fails where the server cannot be reached within `database.acquire_timeout`, and says why.
    pub async fn connect(url: &str, settings: &Settings, log: Log) -> Result<Arc<Self>> {
        let server = options(url, settings)?;
        let home = Home::start().map_err(Error::internal)?;
        let health = Health::watch(&home.handle, server.clone(), settings.outage_timeout);
        let manager = Manager {
            server: server.clone(),
            home: home.handle.clone(),
            connect_timeout: settings.acquire_timeout,
            ping_timeout: settings.acquire_timeout / 2,
            test_after_idle: settings.test_after_idle,
            max_lifetime: settings.max_lifetime,
            suspicion: health.suspicion().clone(),
        };
        let size = usize::try_from(settings.max_connections).unwrap_or(usize::MAX);
        let config = PoolConfig {
            // The ones that were used last are the ones least likely to be dead.
            queue_mode: QueueMode::Lifo,
            ..PoolConfig::new(size)
        };
        let pool = Pool::builder(manager).config(config).build();
        let pool = pool.map_err(Error::internal)?;
        let (idle_timeout, min_connections) = (settings.idle_timeout, settings.min_connections);
        home.handle
            .spawn(reap(pool.weak(), idle_timeout, min_connections));
        let reserved = usize::try_from(settings.reserved_connections).unwrap_or(usize::MAX);
        let postgres = Self {
            pool,
            ordinary: Arc::new(Semaphore::new(size - reserved.min(size / 2))),
            health,
            acquire_timeout: settings.acquire_timeout,
            lock_timeout: settings.lock_timeout,
            log,
            is_named: settings.statement_cache > 0,
            server,
            home,
        };
        postgres.greet().await?;
        Ok(Arc::new(postgres))
    }

    /// Opens the first connection. A server that is just starting is given a moment.
    async fn greet(&self) -> Result<()> {
        let give_up = Instant::now() + self.acquire_timeout;
        loop {
            match self.pool.get().await {
                Ok(_) => return Ok(()),
                Err(PoolError::Backend(error)) => {
                    let is_starting = match &error {
                        sqlx::Error::Io(error) => {
                            error.kind() == std::io::ErrorKind::ConnectionRefused
                        }
                        sqlx::Error::Database(refused) => {
                            refused.code().as_deref() == Some("57P03")
                        }
                        _ => false,
                    };
                    if !is_starting || Instant::now() + PAUSE >= give_up {
                        return Err(connection_error(error).into());
                    }
                    sleep(PAUSE).await;
                }
                Err(error) => return Err(Error::internal(error)),
            }
        }
    }

    /// A connection, until the deadline at most.
    pub(super) async fn checkout(&self, deadline: Deadline, lane: Lane) -> Result<Lease, DbErr> {
        let bound = Bound::new(deadline, self.health.clone());
        let give_up = Instant::now() + self.acquire_timeout;
        if self.health.state() == State::Away {
            return Err(connection_error(silent()));
        }
        if deadline.instant() <= Instant::now() {
            return Err(overrun());
        }
        let acquire = async {
            let place = match lane {
                Lane::Ordinary => self.ordinary.clone().acquire_owned().await.ok(),
                Lane::Reserved => None,
            };
            Ok((self.pool.get().await, place))
        };
        let acquired = timeout_at(give_up, bound.wait(acquire)).await;
        let full = |_late| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        match acquired.map_err(full)?.map_err(connection_error)? {
            (Ok(object), place) => {
                let (log, is_named) = (self.log.clone(), self.is_named);
                Ok(Lease::new(object, place, bound, log, is_named))
            }
            (Err(PoolError::Backend(error)), _) => Err(connection_error(error)),
            (Err(_), _) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
        }
    }

    /// Begins a transaction that ends at the deadline.
    pub(super) async fn begin(&self, deadline: Deadline, lane: Lane) -> Result<PgTransaction> {
        let lease = self.checkout(deadline, lane).await?;
        let begun = PgTransaction::begin(lease, self.lock_timeout).await;
        Ok(begun.map_err(connection_error)?)
    }

    /// A connection for one read, which [`Lease::end_read`] must end.
    ///
    /// A statement without a name takes two round trips. A pooler that gives each transaction a connection of its own must
    /// see them as one transaction.
    pub(super) async fn begin_read(&self, deadline: Deadline, lane: Lane) -> Result<Lease, DbErr> {
        let mut lease = self.checkout(deadline, lane).await?;
        if !self.is_named {
            let begun = lease.begin(Duration::ZERO).await;
            begun.map_err(connection_error)?;
        }
        Ok(lease)
    }

    /// Fails where the server is known not to answer, or not to take writes.
    pub fn check(&self) -> Result<()> {
        match self.health.state() {
            State::Writable => Ok(()),
            State::ReadOnly => Err(Error::Unavailable("a writable database", None)),
            State::Away => Err(Error::Unavailable("the database", None)),
        }
    }

    /// Closes the connections that nobody uses; those that are in use are closed when they come back.
    pub fn close(&self) {
        self.pool.close();
    }

    /// One connection of its own for migrations, made when it is needed.
    pub fn for_migrations(&self) -> DatabaseConnection {
        let lock_timeout = ("lock_timeout", milliseconds(self.lock_timeout));
        let server = self.server.clone().options([lock_timeout]);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(self.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(server);
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
    }
}

/// Closes connections that were idle for too long, but leaves as many as are always kept.
async fn reap(pool: WeakPool<Manager>, idle_timeout: Duration, min_connections: u32) {
    let min_connections = usize::try_from(min_connections).unwrap_or(usize::MAX);
    loop {
        sleep(REAPING.min(idle_timeout)).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut spare = pool.status().size.saturating_sub(min_connections);
        let idle = pool.retain(|pooled, _| {
            let stays = spare == 0 || pooled.answered.elapsed() < idle_timeout;
            spare -= usize::from(!stays);
            stays
        });
        drop(idle);
    }
}

fn options(url: &str, settings: &Settings) -> Result<PgConnectOptions> {
    let server = PgConnectOptions::from_str(url)
        .map_err(Error::internal)?
        .application_name("atoll")
        .statement_cache_capacity(settings.statement_cache)
        .options([
            ("statement_timeout", milliseconds(settings.read_timeout)),
            (
                "idle_in_transaction_session_timeout",
                milliseconds(settings.idle_in_transaction_timeout),
            ),
            // So that the server ends the sessions of a node that vanished. sqlx cannot set the like on this side.
            ("tcp_keepalives_idle", "10".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ])
        .disable_statement_logging();
    Ok(server)
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
