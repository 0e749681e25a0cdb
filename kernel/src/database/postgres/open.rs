//! Opens the pools of a primary and of its replicas.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use deadpool::managed::{Pool, PoolConfig, PoolError, QueueMode, WeakPool};
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::{
    super::{
        Settings,
        health::{Health, State},
        metrics::Series,
        replicas::Watched,
        statements::Log,
    },
    Node, Postgres, Servers, connection_error,
    manager::Manager,
    milliseconds,
    runtime::DatabaseRuntime,
};
use crate::{Error, Result};

/// The longest pause between two searches for connections that were idle for too long.
const REAP_PERIOD: Duration = Duration::from_secs(30);
/// The pause between two attempts to connect at the start.
const PAUSE: Duration = Duration::from_millis(50);

/// The parts in which the pools of a primary and of a replica differ.
struct Parts {
    server: Servers,
    runtime: Arc<DatabaseRuntime>,
    health: Health,
    names: [&'static str; 2],
    acquire_timeout: Duration,
    reserved: u32,
    replica: Option<Arc<Watched>>,
}

impl Node {
    /// Opens the first connection. Retries for a moment if the server is just starting.
    async fn connect_first(&self) -> Result<()> {
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
}

impl Postgres {
    /// Connects to the server. Fails with the reason if it cannot be reached within `database.acquire_timeout`.
    pub async fn connect(
        url: &str,
        settings: &Settings,
        log: Log,
        series: &Series,
    ) -> Result<Self> {
        let server = Servers::read(url, |server| options(server, settings))?;
        let limit = settings.acquire_timeout;
        server.find_better(State::Unreachable, limit).await;
        let runtime = DatabaseRuntime::start().map_err(Error::internal)?;
        let health = Health::watch(&runtime.handle, server.clone(), settings.outage_timeout);
        let parts = Parts {
            server,
            runtime: Arc::new(runtime),
            health,
            names: ["shared", "worker"],
            acquire_timeout: settings.acquire_timeout,
            reserved: settings.reserved_connections,
            replica: None,
        };
        let opened = Self::open(parts, settings, (log, series))?;
        opened.node.connect_first().await?;
        Ok(opened)
    }

    /// Makes the pool of a replica of this server. It connects when it is first used, and can only read.
    pub fn replica(
        &self,
        (url, settings, acquire_timeout): (&str, &Settings, Duration),
        (names, log, series): ([&'static str; 2], Log, &Series),
        (health, watched): (Health, Arc<Watched>),
    ) -> Result<Self> {
        let read_only = [("default_transaction_read_only", "on")];
        let parts = Parts {
            server: Servers::read(url, |server| options(server, settings).options(read_only))?,
            runtime: self.node.runtime.clone(),
            health,
            names,
            acquire_timeout,
            reserved: 0,
            replica: Some(watched),
        };
        Self::open(parts, settings, (log, series))
    }

    fn open(parts: Parts, settings: &Settings, (log, series): (Log, &Series)) -> Result<Self> {
        let total = usize::try_from(settings.max_connections).unwrap_or(usize::MAX);
        let reserved = usize::try_from(parts.reserved).unwrap_or(usize::MAX);
        let reserved = reserved.min(total / 2);
        let for_workers = (total - reserved) / 2;
        let size = total - for_workers;
        let is_primary = parts.replica.is_none();
        let manager = Manager {
            server: parts.server.clone(),
            runtime: parts.runtime.handle.clone(),
            connect_timeout: parts.acquire_timeout,
            ping_timeout: parts.acquire_timeout / 2,
            test_after_idle: settings.test_after_idle,
            max_lifetime: settings.max_lifetime,
            suspicion: parts.health.suspicion().clone(),
            replica: parts.replica,
        };
        let pool = pool(manager, size)?;
        let min_connections = if is_primary {
            settings.min_connections
        } else {
            0
        };
        let reaping = reap(pool.weak(), settings.idle_timeout, min_connections);
        parts.runtime.handle.spawn(reaping);
        let [name, name_of_workers] = parts.names;
        let node = Node {
            pool,
            ordinary: Arc::new(Semaphore::new(size - reserved)),
            for_workers: Arc::new(Semaphore::new(for_workers)),
            size_for_workers: for_workers,
            workers: Mutex::default(),
            names: parts.names,
            waits: series.waits(name),
            waits_of_workers: series.waits(name_of_workers),
            health: parts.health,
            acquire_timeout: parts.acquire_timeout,
            lock_timeout: settings.lock_timeout,
            idle_timeout: settings.idle_timeout,
            log,
            is_named: settings.statement_cache > 0,
            server: parts.server,
            runtime: parts.runtime,
        };
        Ok(Self {
            node: Arc::new(node),
            worker: None,
        })
    }
}

pub(super) fn pool(manager: Manager, size: usize) -> Result<Pool<Manager>> {
    let config = PoolConfig {
        // The connections that were used last are the least likely to be dead.
        queue_mode: QueueMode::Lifo,
        ..PoolConfig::new(size)
    };
    let pool = Pool::builder(manager).config(config);
    pool.build().map_err(Error::internal)
}

/// Closes connections that were idle for too long, but keeps `min_connections`.
pub(super) async fn reap(pool: WeakPool<Manager>, idle_timeout: Duration, min_connections: u32) {
    let min_connections = usize::try_from(min_connections).unwrap_or(usize::MAX);
    loop {
        sleep(REAP_PERIOD.min(idle_timeout)).await;
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

fn options(server: PgConnectOptions, settings: &Settings) -> PgConnectOptions {
    server
        .application_name("atoll")
        .statement_cache_capacity(settings.statement_cache)
        .options([
            ("statement_timeout", milliseconds(settings.read_timeout)),
            (
                "idle_in_transaction_session_timeout",
                milliseconds(settings.idle_in_transaction_timeout),
            ),
            // With these the server ends the sessions of a node that vanished. sqlx cannot set keepalives on this side.
            ("tcp_keepalives_idle", "10".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ])
        .disable_statement_logging()
}
