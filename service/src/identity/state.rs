//! The state that sign-in shares among all sessions of a process.
use std::sync::Arc;

use kernel::{database::ChangeFeed, secret::Secret};
use tokio::sync::{OnceCell, Semaphore};

use super::{
    Settings,
    callers::Callers,
    password::{Hasher, QUEUE},
};

#[derive(Debug)]
pub struct Identity {
    pub settings: Settings,
    pub hasher: Hasher,
    pub(super) callers: Callers,
    pub(super) auth_key: OnceCell<Secret>,
    pub(super) checksum_key: OnceCell<Secret>,
    /// Limits how many sign-ins are checked at a time to what the password hasher can queue.
    pub(super) attempts: Arc<Semaphore>,
}

impl Identity {
    /// `change_feed` tells which cached callers are no longer valid.
    pub fn start(settings: Settings, change_feed: ChangeFeed) -> Self {
        Self {
            callers: Callers::new(change_feed, settings.cache_lifetime),
            hasher: Hasher::start(&settings),
            settings,
            auth_key: OnceCell::new(),
            checksum_key: OnceCell::new(),
            attempts: Arc::new(Semaphore::new(QUEUE + 1)),
        }
    }
}
