//! A cache of callers. Entries are used only while this node receives every change of their users.
use std::{sync::Arc, time::Duration};

use chrono::{DateTime, FixedOffset};
use moka::{future::Cache, sync};

use kernel::{
    actor::{Caller, Credential},
    database::ChangeFeed,
    resource::now,
};

/// The maximum number of cached callers.
const MAX_CALLERS: u64 = 10_000;

/// How long the last use of a session is remembered: longer than it takes to store it.
const USE_LIFETIME: Duration = Duration::from_mins(3);

const SECOND: chrono::Duration = chrono::Duration::seconds(1);

/// Cheap to clone.
#[derive(Clone)]
pub struct Callers {
    cache: Cache<Vec<u8>, Arc<CachedCaller>>,
    /// The last use of each session on this node, by session id.
    uses: sync::Cache<i64, DateTime<FixedOffset>>,
    change_feed: ChangeFeed,
}

struct CachedCaller {
    caller: Caller,
    /// The number of changes before the lookup.
    since: u64,
    until: DateTime<FixedOffset>,
}

impl Callers {
    /// `lifetime` is how long callers are cached; zero disables the cache.
    pub fn new(change_feed: ChangeFeed, lifetime: Duration) -> Self {
        let capacity = if lifetime.is_zero() { 0 } else { MAX_CALLERS };
        let cache = Cache::builder()
            .max_capacity(capacity)
            .time_to_live(lifetime)
            .build();
        let uses = sync::Cache::builder()
            .max_capacity(MAX_CALLERS)
            .time_to_live(USE_LIFETIME)
            .build();
        Self {
            cache,
            uses,
            change_feed,
        }
    }

    /// Returns the caller of a credential, by its hash.
    ///
    /// `look_up` also returns when its answer expires.
    pub async fn get<E>(
        &self,
        hash: Vec<u8>,
        look_up: impl Future<Output = Result<(Caller, DateTime<FixedOffset>), E>>,
    ) -> Result<Caller, E> {
        let is_current = self.change_feed.catch_up().await;
        let since = self.change_feed.count();
        if is_current
            && let Some(known) = self.cache.get(&hash).await
            && self.is_valid(&known)
        {
            self.remember_use(&known.caller);
            return Ok(known.caller.clone());
        }
        let (caller, until) = look_up.await?;
        self.remember_use(&caller);
        if is_current {
            let known = CachedCaller {
                caller: caller.clone(),
                since,
                until,
            };
            self.cache.insert(hash, Arc::new(known)).await;
        }
        Ok(caller)
    }

    /// The last use of a session on this node, if it is remembered.
    pub fn last_use(&self, session: i64) -> Option<DateTime<FixedOffset>> {
        self.uses.get(&session)
    }

    fn remember_use(&self, caller: &Caller) {
        let Credential::Session(id) = caller.credential else {
            return;
        };
        let at = now();
        // The time is accurate to a second, so that capacity requests only read the cache.
        let is_known = self.uses.get(&id).is_some_and(|known| at - known < SECOND);
        if !is_known {
            self.uses.insert(id, at);
        }
    }

    fn is_valid(&self, known: &CachedCaller) -> bool {
        known.until > now()
            && self
                .change_feed
                .is_unchanged(known.caller.user_id, known.since)
    }
}

impl std::fmt::Debug for Callers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Callers")
    }
}
