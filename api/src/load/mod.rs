//! The bounds on what callers may occupy at once: requests, waiting requests, bytes and connections.
//!
//! Rates are in [`crate::rate`]. Everything here is counted on this node, and given back when its guard is dropped.
mod bytes;
mod counts;
mod peer;
mod server;
mod settings;
mod stream;
mod turns;

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::Arc,
};

use tokio::sync::Semaphore;

pub use bytes::{Budget, Full, Held};
pub use counts::{Counted, Counts};
pub use peer::{Peer, hung_up};
pub use server::{Listening, listen};
pub use settings::LoadSettings;
pub use turns::{Turn, Turns};

use crate::rate::Who;

/// The sender that a request is counted for, before its credential is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A keyed hash of the credential, so that the text is not kept.
    Credential(u64),
    Address(Who),
}

/// All bounds of one server. It is cheap to clone.
#[derive(Clone)]
pub struct Load {
    /// Requests that have begun and not ended, whether they wait or are worked on: a stopping server takes all of these
    /// permits.
    pub begun: Arc<Semaphore>,
    /// Requests at once, by credential or address.
    pub senders: Counts<Sender>,
    /// Requests that wait for their body or their turn, and are not worked on.
    pub waiting: Arc<Semaphore>,
    /// Requests whose body has not arrived, by address.
    pub arriving: Counts<Who>,
    /// Requests that are worked on at once, by user.
    pub turns: Turns,
    /// Bytes of bodies that are arriving or worked on.
    pub bodies: Budget,
    /// The same of bulk requests and imports.
    pub bulks: Budget,
    /// Bytes of answers that clients have not taken yet.
    pub answers: Budget,
    /// Open connections, by address.
    pub connections: Counts<Who>,
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
            bodies: Budget::new(settings.body_bytes),
            bulks: Budget::new(settings.bulk_bytes),
            answers: Budget::new(settings.answer_bytes),
            connections: Counts::new(settings.connections_per_address),
            hasher: RandomState::new(),
        }
    }

    /// The sender of a request with this credential, or without one from this address.
    pub fn sender(&self, credential: Option<&[u8]>, address: IpAddr) -> Sender {
        match credential {
            Some(credential) => Sender::Credential(self.hasher.hash_one(credential)),
            None => Sender::Address(Who::at(address)),
        }
    }
}
