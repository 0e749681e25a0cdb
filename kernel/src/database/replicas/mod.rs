//! Replicas of a PostgreSQL server, which answer reads that need not see the last write of others.
//!
//! A replica is chosen once for a request, if it is known to have everything that was committed on the primary up to a short time
//! ago, and everything that the caller has written. What is known of it is never newer than the truth: see [`primary`]
//! and [`watched`].
mod figures;
mod position;
mod primary;
mod routed;
mod watch;
mod watched;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
    },
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use self::{primary::Primary, watched::Status};
use super::{Settings, health::Health, metrics::Series, postgres::Postgres, statements::Log};
use crate::{
    Result,
    cache::{Changes, Slot},
};

pub(super) use figures::Figures;
pub use figures::ReplicaState;
pub use position::Position;
pub(super) use routed::Routed;
pub use watched::Condition;
pub(super) use watched::{Answer, QUERY, Watched};

/// The most replicas that a node can have.
pub const MAX_REPLICAS: usize = 8;

/// The names of the pools of each replica in metrics: the shared one, and those of the HTTP workers.
const POOLS: [[&str; 2]; MAX_REPLICAS] = [
    ["replica1", "replica1_worker"],
    ["replica2", "replica2_worker"],
    ["replica3", "replica3_worker"],
    ["replica4", "replica4_worker"],
    ["replica5", "replica5_worker"],
    ["replica6", "replica6_worker"],
    ["replica7", "replica7_worker"],
    ["replica8", "replica8_worker"],
];

/// A token is needed only as long as a replica may lag; clocks may differ by this much in addition.
const TOKEN_MARGIN: Duration = Duration::from_mins(1);

/// The replicas of a node. It is cheap to clone.
#[derive(Clone)]
pub(super) struct Replicas {
    shared: Arc<Shared>,
    /// The pool of each replica, for this worker.
    pools: Vec<Postgres>,
}

struct Shared {
    primary: Primary,
    watched: Vec<Arc<Watched>>,
    max_lag: Duration,
    /// The last write of each user on this node.
    writes: Changes,
    /// Spreads the requests over the replicas.
    next: AtomicUsize,
    counts: Counts,
}

/// Counts the reads by the server that was chosen for them.
struct Counts {
    primary: Counter,
    replicas: Vec<Counter>,
    fallbacks: Vec<Counter>,
}

/// What a read must include.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    /// The last write that the caller knows of.
    pub position: Option<Position>,
    pub user: Option<i64>,
}

/// A replica that was chosen for a request, with what it is known to have.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub reads: Arc<Routed>,
    pub position: Position,
    /// It has everything that was committed before this moment.
    pub as_of: Instant,
}

/// The last write of a request.
#[derive(Debug, Default)]
pub struct LastWrite(AtomicU64);

impl LastWrite {
    pub(super) fn note(&self, position: Position) {
        self.0.fetch_max(position.bytes(), SeqCst);
    }

    /// Returns the position after the last write, if there was one.
    pub fn position(&self) -> Option<Position> {
        let bytes = self.0.load(SeqCst);
        (bytes > 0).then(|| Position::new(bytes))
    }
}

impl std::fmt::Debug for Replicas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replicas")
    }
}

impl Replicas {
    /// Begins to watch the replicas of a primary. Returns `None` if the settings name none.
    pub fn start(
        primary: &Postgres,
        settings: &Settings,
        (log, series): (&Log, &Series),
    ) -> Result<Option<Self>> {
        if settings.replica_urls.is_empty() {
            return Ok(None);
        }
        let named = settings.replica_urls.iter().zip(POOLS);
        let shared = Arc::new(Shared {
            primary: Primary::default(),
            watched: named.clone().map(|_| Arc::default()).collect(),
            max_lag: settings.replica_max_lag,
            writes: Changes::default(),
            next: AtomicUsize::default(),
            counts: Counts {
                primary: series.count_reads_of("primary"),
                replicas: named
                    .clone()
                    .map(|(_, [name, _])| series.count_reads_of(name))
                    .collect(),
                fallbacks: named
                    .clone()
                    .map(|(_, [name, _])| series.count_fallbacks_of(name))
                    .collect(),
            },
        });
        let limit = wait_limit(settings);
        let runtime = primary.runtime();
        let mut pools = Vec::new();
        for ((url, names), watched) in named.zip(&shared.watched) {
            let (sender, health) = Health::told();
            let pool = primary.replica(
                (url.expose_secret(), settings, limit),
                (names, log.clone(), series),
                (health, watched.clone()),
            )?;
            watch::follow_replica(
                runtime,
                pool.server().current(),
                (&shared, limit),
                (watched.clone(), sender),
            );
            pools.push(pool);
        }
        watch::follow_primary(runtime, primary.server().clone(), (&shared, limit));
        Ok(Some(Self { shared, pools }))
    }

    /// Returns the same replicas with pools for one of so many HTTP workers.
    pub fn for_worker(&self, workers: usize) -> Self {
        let pools = self.pools.iter().map(|pool| pool.for_worker(workers));
        Self {
            shared: self.shared.clone(),
            pools: pools.collect(),
        }
    }

    /// Chooses a replica that is close to the primary and has what the read needs. Returns `None` if there is none.
    pub fn choose(&self, needs: Needs, primary: &Postgres) -> Option<Choice> {
        let Shared {
            watched, counts, ..
        } = &*self.shared;
        let first = self.shared.next.fetch_add(1, Relaxed);
        let chosen = (0..watched.len()).find_map(|step| {
            let index = first.wrapping_add(step) % watched.len();
            let status = watched[index].status();
            Some((index, status, self.usable_as_of(&status, needs)?))
        });
        let Some((index, status, as_of)) = chosen else {
            counts.primary.inc();
            return None;
        };
        counts.replicas[index].inc();
        Some(Choice {
            reads: Arc::new(Routed {
                replica: self.pools[index].clone(),
                primary: primary.clone(),
                watched: watched[index].clone(),
                epoch: status.epoch,
                has_moved: AtomicBool::new(false),
                fallbacks: counts.fallbacks[index].clone(),
            }),
            position: status.replayed,
            as_of,
        })
    }

    /// Returns the moment up to which a replica has everything, if the read may use it.
    fn usable_as_of(&self, status: &Status, needs: Needs) -> Option<Instant> {
        let Shared {
            primary,
            max_lag,
            writes,
            ..
        } = &*self.shared;
        let as_of = status.as_of?;
        let is_close = status.condition == Condition::Following
            && primary.is_current(status.run)
            && as_of.elapsed() <= *max_lag;
        let has_position = needs
            .position
            .is_none_or(|needed| status.replayed >= needed);
        let has_writes = needs
            .user
            .is_none_or(|user| writes.changed_before(&[Slot::of(&user)], as_of.into_std()));
        (is_close && has_position && has_writes).then_some(as_of)
    }

    /// Remembers that a user has written, so that they are sent to no replica that may lack the write.
    pub fn note_write(&self, user: Option<i64>) {
        if let Some(user) = user {
            self.shared.writes.apply(&[Slot::of(&user)]);
        }
    }

    /// Returns the last known end of the log of the primary.
    pub fn primary_position(&self) -> Option<Position> {
        self.shared.primary.position()
    }

    /// Returns how long the token of a write is needed.
    pub fn token_lifetime(&self) -> Duration {
        self.shared.max_lag + TOKEN_MARGIN
    }

    pub fn close(&self) {
        for pool in &self.pools {
            pool.close();
        }
    }
}

/// Returns how long a request waits for a connection to a replica, and a check for its answer. After that there is still time for the
/// primary.
fn wait_limit(settings: &Settings) -> Duration {
    settings.acquire_timeout.min(settings.outage_timeout / 3)
}
