//! Callers that were looked up a moment ago, for as long as every change of theirs would have been heard.
use std::{sync::Arc, time::Duration};

use chrono::{DateTime, FixedOffset};
use moka::{future::Cache, sync};

use crate::{
    actor::{Caller, Credential},
    crud::now,
    database::Changes,
};

/// Callers that are remembered at most.
const MOST: u64 = 10_000;

/// How long the use of a session is remembered: longer than it takes until it is stored.
const USE: Duration = Duration::from_mins(3);

const SECOND: chrono::Duration = chrono::Duration::seconds(1);

/// Cheap to clone.
#[derive(Clone)]
pub struct Callers {
    cache: Cache<Vec<u8>, Arc<Known>>,
    /// When sessions were used on this node, by their ids.
    uses: sync::Cache<i64, DateTime<FixedOffset>>,
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
        let uses = sync::Cache::builder()
            .max_capacity(MOST)
            .time_to_live(USE)
            .build();
        Self {
            cache,
            uses,
            changes,
        }
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
            self.note_use(&known.caller);
            return Ok(known.caller.clone());
        }
        let (caller, until) = look_up.await?;
        self.note_use(&caller);
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

    /// When a session was last used on this node, as far as that is remembered.
    pub fn last_use(&self, session: i64) -> Option<DateTime<FixedOffset>> {
        self.uses.get(&session)
    }

    fn note_use(&self, caller: &Caller) {
        let Credential::Session(id) = caller.credential else {
            return;
        };
        let at = now();
        // To the second, so that most requests only read.
        let is_known = self.uses.get(&id).is_some_and(|known| at - known < SECOND);
        if !is_known {
            self.uses.insert(id, at);
        }
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
