//! Opens the connections of the pool, and decides which of them can be used again.
use std::{io, sync::Arc, time::Duration};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use sqlx::{Connection, Executor, PgConnection};
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    super::{
        health::Suspicion,
        replicas::{Answer, QUERY, Watched},
    },
    Servers,
};

/// A connection of the pool.
pub(super) struct Pooled {
    pub raw: PgConnection,
    /// The time of the server's last answer on it.
    pub answered: Instant,
    opened: Instant,
    /// The epoch of the replica in which it was opened; 0 for a primary.
    epoch: u64,
}

#[derive(Clone)]
pub(super) struct Manager {
    pub server: Servers,
    /// The runtime that the sockets belong to. A socket dies with the runtime that opened it.
    pub runtime: Handle,
    pub connect_timeout: Duration,
    pub ping_timeout: Duration,
    pub test_after_idle: Duration,
    pub max_lifetime: Duration,
    pub suspicion: Suspicion,
    /// The replica that the connections lead to.
    pub replica: Option<Arc<Watched>>,
}

impl Manager {
    /// Returns a manager that opens its connections on another runtime.
    pub fn on(&self, runtime: Handle) -> Self {
        Self {
            runtime,
            ..self.clone()
        }
    }

    fn epoch(&self) -> u64 {
        self.replica.as_ref().map_or(0, |replica| replica.epoch())
    }
}

impl managed::Manager for Manager {
    type Type = Pooled;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<Pooled> {
        let (server, limit) = (self.server.clone(), self.connect_timeout);
        let replica = self.replica.clone();
        let connecting = async move { timeout(limit, connect(&server, replica.as_deref())).await };
        // The attempt ends with this future, so that abandoned requests leave no attempts running.
        let mut attempt = JoinSet::new();
        attempt.spawn_on(connecting, &self.runtime);
        let connected = attempt.join_next().await.and_then(Result::ok);
        let connected = connected.ok_or(sqlx::Error::WorkerCrashed)?;
        let (raw, epoch) = connected.map_err(|_late| no_answer())??;
        let now = Instant::now();
        Ok(Pooled {
            raw,
            epoch,
            answered: now,
            opened: now,
        })
    }

    async fn recycle(&self, pooled: &mut Pooled, _: &Metrics) -> RecycleResult<sqlx::Error> {
        if pooled.opened.elapsed() >= self.max_lifetime {
            return Err(RecycleError::message("the connection is too old"));
        }
        if pooled.epoch != self.epoch() {
            return Err(RecycleError::message("the replica may be another server"));
        }
        if self.suspicion.includes(pooled.answered) {
            return Err(RecycleError::message(
                "another connection died after this one last answered",
            ));
        }
        if pooled.answered.elapsed() < self.test_after_idle {
            return Ok(());
        }
        match timeout(self.ping_timeout, pooled.raw.ping()).await {
            Ok(answer) => answer?,
            Err(_late) => {
                tracing::warn!("a connection to the database died silently");
                self.suspicion.raise();
                return Err(RecycleError::Backend(no_answer()));
            }
        }
        pooled.answered = Instant::now();
        Ok(())
    }
}

/// Connects. A connection to a replica must lead to the server that is watched.
async fn connect(server: &Servers, replica: Option<&Watched>) -> sqlx::Result<(PgConnection, u64)> {
    let mut raw = server.connect().await?;
    let Some(replica) = replica else {
        return Ok((raw, 0));
    };
    let answer = Answer::read(&raw.fetch_one(QUERY).await?)?;
    let epoch = replica.admit(answer).filter(|_| answer.is_standby);
    let other = || sqlx::Error::Protocol("the address leads to another server".to_owned());
    Ok((raw, epoch.ok_or_else(other)?))
}

/// Returns the error of a server that does not answer.
pub(super) fn no_answer() -> sqlx::Error {
    let error = io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time");
    sqlx::Error::Io(error)
}
