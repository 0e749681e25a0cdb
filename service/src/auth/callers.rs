//! Callers that were looked up a moment ago, for as long as every change of theirs would have been heard.
use std::{sync::Arc, time::Duration};

use chrono::{DateTime, FixedOffset};
use moka::future::Cache;

use crate::{actor::Caller, crud::now, database::Changes};

/// Callers that are remembered at most.
const MOST: u64 = 10_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Callers {
    cache: Cache<Vec<u8>, Arc<Known>>,
    changes: Changes,
}

struct Known {
    caller: Caller,
    /// The number of changes before it was looked up.
    since: u64,
    until: DateTime<FixedOffset>,
}

impl Callers {
    /// `lifetime`: how long they are remembered; not at all where it is zero.
    pub fn new(changes: Changes, lifetime: Duration) -> Self {
        let most = if lifetime.is_zero() { 0 } else { MOST };
        let cache = Cache::builder()
            .max_capacity(most)
            .time_to_live(lifetime)
            .build();
        Self { cache, changes }
    }

    /// The caller of a credential, by its hash.
    ///
    /// `look_up` also says until when the answer holds.
    pub async fn get<E>(
        &self,
        hash: Vec<u8>,
        look_up: impl Future<Output = Result<(Caller, DateTime<FixedOffset>), E>>,
    ) -> Result<Caller, E> {
        let since = self.changes.count();
        let is_heard = self.changes.is_heard();
        if is_heard
            && let Some(known) = self.cache.get(&hash).await
            && self.holds(&known)
        {
            return Ok(known.caller.clone());
        }
        let (caller, until) = look_up.await?;
        if is_heard {
            let known = Known {
                caller: caller.clone(),
                since,
                until,
            };
            self.cache.insert(hash, Arc::new(known)).await;
        }
        Ok(caller)
    }

    fn holds(&self, known: &Known) -> bool {
        known.until > now() && self.changes.is_unchanged(known.caller.user_id, known.since)
    }
}

impl std::fmt::Debug for Callers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Callers")
    }
}
