//! A limit on concurrent reads that no index serves, so that they never take all connections.
use std::{sync::Arc, time::Duration};

use kernel::metrics::Counters;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::problem::Problem;

/// How long a request waits for a permit.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// The permits for concurrent heavy reads on this node.
#[derive(Clone)]
pub struct HeavyReads {
    permits: Arc<Semaphore>,
    refused: Counters,
}

impl HeavyReads {
    /// `refused` counts the requests that get no permit.
    pub fn new(limit: usize, refused: Counters) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            refused,
        }
    }

    /// Waits for a permit, which is released on drop. Fails with 503 if none becomes free in time.
    pub async fn acquire(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = timeout(MAX_WAIT, self.permits.clone().acquire_owned()).await;
        let permit = permit.ok().and_then(Result::ok);
        permit.ok_or_else(|| {
            let limit = [("limit", "server.max_heavy_reads")];
            self.refused.get_or_create(&limit).inc();
            Problem::overloaded("too many reads without an index are running")
        })
    }
}
