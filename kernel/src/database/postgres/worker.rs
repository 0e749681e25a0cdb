//! The connections of one HTTP worker. Their sockets belong to the worker's own runtime, so an answer of the server wakes the
//! thread that waits for it, and no other.
use std::time::Duration;

use deadpool::managed::{Object, Pool, PoolError, Timeouts};
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit};

use super::{
    Node,
    batch::Batches,
    manager::Manager,
    open::{pool, reap},
};

pub(super) struct Worker {
    pool: Pool<Manager>,
    pub batches: Batches,
    /// The connections that the pool may have. They return to the node when the worker ends.
    _share: OwnedSemaphorePermit,
}

impl Worker {
    /// Makes the pool of one of so many workers. Returns `None` if there is no connection left for it.
    pub fn start(node: &Node, workers: usize) -> Option<Self> {
        let left = node.for_workers.available_permits();
        let size = (node.size_for_workers / workers.max(1)).clamp(1, left.max(1));
        let share = u32::try_from(size).unwrap_or(u32::MAX);
        let share = node
            .for_workers
            .clone()
            .try_acquire_many_owned(share)
            .ok()?;
        let manager = node.pool.manager().on(Handle::current());
        let pool = pool(manager, size).ok()?;
        node.workers().push(pool.weak());
        node.runtime
            .handle
            .spawn(reap(pool.weak(), node.idle_timeout, 0));
        Some(Self {
            pool,
            batches: Batches::default(),
            _share: share,
        })
    }

    /// Takes a connection without waiting for one that is in use. Returns `None` if all of them are.
    pub async fn try_get(&self) -> Option<Result<Object<Manager>, PoolError<sqlx::Error>>> {
        let at_once = Timeouts {
            wait: Some(Duration::ZERO),
            ..Timeouts::default()
        };
        match self.pool.timeout_get(&at_once).await {
            Err(PoolError::Timeout(_)) => None,
            taken => Some(taken),
        }
    }
}
