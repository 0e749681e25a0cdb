//! Watches whether the PostgreSQL server answers and accepts writes.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use sqlx::{ConnectOptions, Executor, PgConnection, Row, postgres::PgConnectOptions};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::postgres::Servers;

/// Long work is not ended by a server that is unreachable for less than this, because the server may only be busy.
const LONG_OUTAGE: Duration = Duration::from_secs(5);

/// The state of the server at the last check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Writable,
    /// The server is a standby, or its transactions are read-only by default.
    ReadOnly,
    Unreachable,
}

/// The last known state of the server. It is cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Health {
    state: watch::Receiver<State>,
    suspicion: Suspicion,
}

impl Health {
    /// Checks the state of the server several times within `outage_timeout`, until the last clone is dropped.
    pub fn watch(runtime: &Handle, servers: Servers, outage_timeout: Duration) -> Self {
        let (sender, state) = watch::channel(State::Writable);
        let suspicion = Suspicion::default();
        let health = Self {
            state,
            suspicion: suspicion.clone(),
        };
        // An outage is noticed within the timeout: the last check before it may just have begun, and the next one fails.
        let (period, limit) = (outage_timeout / 6, outage_timeout / 2);
        let tell = move |sender: &watch::Sender<State>, state| {
            let is_new = *sender.borrow() != state;
            if state == State::Unreachable || is_new {
                suspicion.raise();
            }
            if is_new {
                tracing::warn!(?state, "the state of the database changed");
                sender.send_replace(state);
            }
        };
        runtime.spawn(async move {
            let mut connection = None;
            while !sender.is_closed() {
                let answer = timeout(limit, check(&servers.current(), connection.take())).await;
                let (state, answered) = match answer {
                    Ok(Ok((state, connection))) => (state, Some(connection)),
                    _ => (State::Unreachable, None),
                };
                tell(&sender, state);
                if let Some(state) = servers.find_better(state, limit).await {
                    tell(&sender, state);
                }
                // After a failover the same address may lead to another server, so a read-only connection is not kept.
                connection = answered.filter(|_| state == State::Writable);
                sleep(period).await;
            }
        });
        health
    }

    /// Returns a health that only the sender changes. The server counts as unreachable until then.
    pub fn told() -> (watch::Sender<State>, Self) {
        let (sender, state) = watch::channel(State::Unreachable);
        let suspicion = Suspicion::default();
        (sender, Self { state, suspicion })
    }

    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    pub fn suspicion(&self) -> &Suspicion {
        &self.suspicion
    }

    /// Returns when the server is unreachable, so that short work should stop waiting for it.
    pub async fn unreachable(&self) {
        let mut state = self.state.clone();
        if state
            .wait_for(|state| *state == State::Unreachable)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }

    /// Returns when the server has been unreachable for so long that long work should stop waiting for it too.
    pub async fn unreachable_for_long(&self) {
        let mut state = self.state.clone();
        loop {
            self.unreachable().await;
            let is_back = state.wait_for(|state| *state != State::Unreachable);
            if timeout(LONG_OUTAGE, is_back).await.is_err() {
                return;
            }
        }
    }
}

/// The time since which every open connection may be dead, unless it has answered later.
#[derive(Debug, Clone)]
pub(super) struct Suspicion {
    started: Instant,
    /// Milliseconds after the start; 0 if there is no suspicion.
    since: Arc<AtomicU64>,
}

impl Default for Suspicion {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            since: Arc::default(),
        }
    }
}

impl Suspicion {
    /// Suspects all open connections after one has died: a failover or an expired firewall entry ends many together.
    pub fn raise(&self) {
        let now = self.started.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.since.fetch_max(now.saturating_add(1), SeqCst);
    }

    /// Returns true if a connection that answered last at `answered` may be dead.
    pub fn includes(&self, answered: Instant) -> bool {
        match self.since.load(SeqCst) {
            0 => false,
            since => answered <= self.started + Duration::from_millis(since),
        }
    }
}

/// Asks a server, on a known connection if there is one, whether it accepts writes.
pub(super) async fn check(
    server: &PgConnectOptions,
    known: Option<PgConnection>,
) -> sqlx::Result<(State, PgConnection)> {
    let mut connection = match known {
        Some(connection) => connection,
        None => server.connect().await?,
    };
    // On a standby this setting is always on.
    let is_read_only = connection
        .fetch_one("SELECT current_setting('transaction_read_only')")
        .await?;
    let is_read_only: String = is_read_only.try_get(0)?;
    let state = if is_read_only == "off" {
        State::Writable
    } else {
        State::ReadOnly
    };
    Ok((state, connection))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_suspected_until_it_has_answered() {
        let suspicion = Suspicion::default();
        let before = Instant::now();
        assert!(!suspicion.includes(before));

        suspicion.raise();

        assert!(suspicion.includes(before));
        assert!(!suspicion.includes(Instant::now() + Duration::from_millis(2)));
    }
}
