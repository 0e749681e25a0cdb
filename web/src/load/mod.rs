//! Limits on what callers may use at once: running and waiting requests, bytes and connections.
//!
//! Limits on rates are in [`crate::rate`]. Everything here is counted on this node and released when its guard is dropped.
mod bytes;
mod concurrency;
mod counts;
mod heavy_reads;
mod peer;
mod settings;
mod slot;
mod turns;

pub use bytes::{Held, LimitReached, MemoryBudget};
pub use concurrency::{Concurrency, LongPermit};
pub use counts::{Counted, Counts};
pub use heavy_reads::HeavyReads;
pub use peer::{Peer, hung_up, remember_connection};
pub use settings::LoadSettings;
pub use slot::Slot;
pub use turns::{Turn, Turns};

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::Arc,
};

use kernel::metrics::Counters;
use tokio::sync::Semaphore;

use crate::rate::CallerKey;

/// The sender that a request counts for before its credential is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A keyed hash of the credential, so that its text is not stored.
    Credential(u64),
    Address(CallerKey),
}

/// The settings of the limits that refuse requests.
const LIMITS: [&str; 9] = [
    "load.body_bytes",
    "load.requests_per_caller",
    "load.running_per_user",
    "load.waiting",
    "load.waiting_per_address",
    "server.max_exports",
    "server.max_heavy_reads",
    "server.max_imports",
    "server.max_in_flight",
];

/// Makes the counters of all limits, so that each begins with 0: a rate needs the value before the first refusal.
fn refusals() -> Counters {
    let refused = Counters::default();
    for limit in LIMITS {
        drop(refused.get_or_create(&[("limit", limit)]));
    }
    refused
}

/// All limits of one server. It is cheap to clone.
#[derive(Clone)]
pub struct Load {
    /// One permit for each request that has started and not finished, waiting or running. A stopping server takes them all.
    pub begun: Arc<Semaphore>,
    /// Concurrent requests of each credential or address.
    pub senders: Counts<Sender>,
    /// Requests that wait for their body or their turn.
    pub waiting: Arc<Semaphore>,
    /// Requests of each address whose body has not arrived.
    pub arriving: Counts<CallerKey>,
    /// Concurrently running requests of each user.
    pub turns: Turns,
    /// Bytes of request bodies that are being received or processed.
    pub bodies: MemoryBudget,
    /// The same as `bodies`, for bulk requests and imports.
    pub bulks: MemoryBudget,
    /// Bytes of responses that clients have not read yet.
    pub answers: MemoryBudget,
    /// Open connections of each address.
    pub connections: Counts<CallerKey>,
    /// Requests that were refused, by the setting of the limit that they reached.
    pub refused: Counters,
    hasher: RandomState,
}

impl Load {
    pub fn new(settings: &LoadSettings, max_in_flight: usize) -> Self {
        Self {
            begun: Arc::new(Semaphore::new(
                max_in_flight.saturating_add(settings.waiting),
            )),
            senders: Counts::new(settings.requests_per_caller),
            waiting: Arc::new(Semaphore::new(settings.waiting)),
            arriving: Counts::new(settings.waiting_per_address),
            turns: Turns::new(settings),
            bodies: MemoryBudget::new(settings.body_bytes),
            bulks: MemoryBudget::new(settings.bulk_bytes),
            answers: MemoryBudget::new(settings.answer_bytes),
            connections: Counts::new(settings.connections_per_address),
            refused: refusals(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request that a limit refuses. `limit` is the name of its setting.
    pub fn count_refused(&self, limit: &'static str) {
        self.refused.get_or_create(&[("limit", limit)]).inc();
    }

    /// Returns the sender of a request with this credential, or from this address if it has none.
    pub fn sender(&self, credential: Option<&[u8]>, address: IpAddr) -> Sender {
        match credential {
            Some(credential) => Sender::Credential(self.hasher.hash_one(credential)),
            None => Sender::Address(CallerKey::for_address(address)),
        }
    }
}
