//! What is known of the PostgreSQL server: whether it answers, and whether it can be written to.
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

/// A long statement outlives a server that is away for no longer than this, which may only be busy.
const LONG_OUTAGE: Duration = Duration::from_secs(5);

/// The state of the server when it was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Writable,
    /// A standby, or a server whose transactions are read-only by default.
    ReadOnly,
    Away,
}

/// What a node knows of the server. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Health {
    state: watch::Receiver<State>,
    suspicion: Suspicion,
}

impl Health {
    /// Asks the server for its state, several times within `outage_timeout`, for as long as somebody has this.
    pub fn watch(home: &Handle, server: PgConnectOptions, outage_timeout: Duration) -> Self {
        let (sender, state) = watch::channel(State::Writable);
        let suspicion = Suspicion::default();
        let health = Self {
            state,
            suspicion: suspicion.clone(),
        };
        // Together less than the timeout: a question that begins just before the outage, and the one that finds it.
        let (period, patience) = (outage_timeout / 6, outage_timeout / 2);
        home.spawn(async move {
            let mut connection = None;
            while !sender.is_closed() {
                let answer = timeout(patience, ask(&server, connection.take())).await;
                let (state, answered) = match answer {
                    Ok(Ok((state, connection))) => (state, Some(connection)),
                    _ => (State::Away, None),
                };
                let is_new = *sender.borrow() != state;
                if state == State::Away || is_new {
                    suspicion.raise();
                }
                if is_new {
                    tracing::warn!(?state, "the state of the database changed");
                    sender.send_replace(state);
                }
                // Another server may be in the place of one that has become read-only.
                connection = answered.filter(|_| state == State::Writable);
                sleep(period).await;
            }
        });
        health
    }

    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    pub fn suspicion(&self) -> &Suspicion {
        &self.suspicion
    }

    /// Returns when work that is bounded by a short limit should stop waiting for the server.
    pub async fn is_away(&self) {
        let mut state = self.state.clone();
        if state.wait_for(|state| *state == State::Away).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The same for long work, which a short outage does not end.
    pub async fn is_away_for_long(&self) {
        let mut state = self.state.clone();
        loop {
            self.is_away().await;
            let is_back = state.wait_for(|state| *state != State::Away);
            if timeout(LONG_OUTAGE, is_back).await.is_err() {
                return;
            }
        }
    }
}

/// Since when every open connection is suspected to be dead, unless it has answered since.
#[derive(Debug, Clone)]
pub(super) struct Suspicion {
    started: Instant,
    /// Milliseconds after the start; 0 where there is no suspicion.
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
    /// A failover or an expired entry of a firewall takes connections together: one that died casts doubt on all.
    pub fn raise(&self) {
        let now = self.started.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.since.fetch_max(now.saturating_add(1), SeqCst);
    }

    /// Whether a connection that answered last at `answered` may be dead.
    pub fn includes(&self, answered: Instant) -> bool {
        match self.since.load(SeqCst) {
            0 => false,
            since => answered <= self.started + Duration::from_millis(since),
        }
    }
}

async fn ask(
    server: &PgConnectOptions,
    known: Option<PgConnection>,
) -> sqlx::Result<(State, PgConnection)> {
    let mut connection = match known {
        Some(connection) => connection,
        None => server.connect().await?,
    };
    // On a standby it is on, whatever its configuration says.
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
