//! Answers to reads that are kept until a table that they were read from changes, for at most a second.
//!
//! On the node that writes, [`Tx`](super::Tx) counts the change of its tables after the commit and before the write returns.
//! Other nodes and programs may change the tables unnoticed, and that is what the second bounds.
//!
//! A replica may lack changes. An answer that was read there is kept only if the replica had every change of its tables that this
//! node has counted, and its second begins at the moment up to which the replica had everything.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Reads, Session};
use crate::{
    cache::{Key, Slot, Space, tables::record_reads},
    database::Position,
};

/// How long an answer is used, counted from before it was read.
const LIFETIME: Duration = Duration::from_secs(1);

/// An answer that a cache can hold.
pub trait Answer: Send + Sync + 'static {
    /// Returns the bytes that the answer takes in memory.
    fn bytes(&self) -> usize;
}

struct Known<T> {
    answer: Arc<T>,
    tables: Vec<Slot>,
    /// The number of changes of tables before the read.
    since: u64,
    began: Instant,
    /// The position of the log that the answer includes, if there are replicas.
    position: Option<Position>,
}

impl Session {
    /// Returns the answer of `read`, or an earlier one that it gave this caller under the same name, if that is at most a second
    /// old, no table that it was read from has changed on this node, and it includes the write that the caller must see.
    ///
    /// `read` may depend on the caller, on its name and on tables, and must not write. Failures are not kept.
    pub async fn cached<T: Answer, E>(
        &self,
        name: &str,
        read: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        // The future of a read is large, and a hit should not move it.
        let Some(memory) = self.kernel.cache.memory() else {
            return Ok(Arc::new(Box::pin(read()).await?));
        };
        let changes = self.kernel.database.table_changes();
        let key = Key {
            space: Space::Reads(self.rights()),
            name: name.into(),
        };
        let view = self.kernel.database.view();
        if let Some(known) = memory.get::<Known<T>>(&key)
            && known.began.elapsed() < LIFETIME
            && view
                .needed
                .is_none_or(|needed| known.position >= Some(needed))
            && changes.are_unchanged(&known.tables, known.since)
        {
            self.kernel.cache.answers().hits.inc();
            return Ok(known.answer.clone());
        }
        self.kernel.cache.answers().misses.inc();
        // Both come before the read, so that an answer that may lack a change is not used.
        let (since, now) = (changes.count(), Instant::now());
        let (done, tables) = record_reads(Box::pin(read())).await;
        let answer = Arc::new(done?);
        let as_of = view.as_of.map(tokio::time::Instant::into_std);
        let has_changes = as_of.is_none_or(|as_of| changes.changed_before(&tables, as_of));
        if has_changes && changes.are_unchanged(&tables, since) {
            let bytes = answer.bytes() + size_of_val(&*tables);
            let known = Known {
                answer: answer.clone(),
                tables,
                since,
                began: as_of.unwrap_or(now),
                position: view.position,
            };
            memory.insert(key, Arc::new(known), bytes);
        }
        Ok(answer)
    }
}
