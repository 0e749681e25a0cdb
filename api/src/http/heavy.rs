//! A bound on the reads that no index serves: however many are sent, connections are left for all others.
use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::Problem;

/// How long a request waits for those before it.
const PATIENCE: Duration = Duration::from_millis(500);

/// The heavy reads that one node works on at a time.
#[derive(Clone)]
pub struct HeavyReads(Arc<Semaphore>);

impl HeavyReads {
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// Waits for a place, which is given back when it is dropped. Fails with a 503 if none becomes free in time.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        let place = place.ok().and_then(Result::ok);
        place.ok_or_else(|| Problem::unavailable("a place among the reads without an index"))
    }
}
