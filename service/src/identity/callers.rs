//! A cache of callers. While this node does not receive the changes of their users, entries are used for a second.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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

/// How long a caller is cached while changes by other nodes may be missed, counted from before the lookup.
const UNCONFIRMED: Duration = Duration::from_secs(1);

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
    began: Instant,
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
        let (since, began) = (self.change_feed.count(), Instant::now());
        if let Some(known) = self.cache.get(&hash).await
            && self.is_valid(&known)
            && (is_current || known.began.elapsed() < UNCONFIRMED)
        {
            self.remember_use(&known.caller);
            return Ok(known.caller.clone());
        }
        let (caller, until) = look_up.await?;
        self.remember_use(&caller);
        // When changes arrive again, the feed counts a change of all users, so that no entry from before is used.
        let known = CachedCaller {
            caller: caller.clone(),
            since,
            began,
            until,
        };
        self.cache.insert(hash, Arc::new(known)).await;
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use chrono::Utc;
    use kernel::{Database, Error, database, permission::Permission};
    use tokio::time::{sleep, timeout};

    use super::*;

    /// An answer is due within a second; a busy machine may take longer to ask.
    const BOUND: Duration = Duration::from_secs(10);

    /// A database in memory announces nothing, as a pooler that does not deliver notifications.
    #[tokio::test]
    async fn without_notifications_a_caller_is_looked_up_once_a_second() {
        let settings = database::Settings::new("sqlite::memory:");
        let database = Database::connect(&settings, None).await.unwrap();
        let callers = Callers::new(database.change_feed().clone(), Duration::from_hours(1));
        let (lookups, is_revoked) = (Cell::new(0), Cell::new(false));
        let ask = async || {
            let look_up = async {
                lookups.set(lookups.get() + 1);
                let caller = Caller {
                    user_id: 1,
                    credential: Credential::Session(1),
                    is_superuser: false,
                    grants: [Permission::new("posts.read")].into_iter().collect(),
                    scopes: None,
                    withheld: None,
                };
                if is_revoked.get() {
                    Err(Error::Unauthenticated)
                } else {
                    Ok((caller, DateTime::<Utc>::MAX_UTC.into()))
                }
            };
            callers.get(vec![1], look_up).await.map(drop)
        };

        for round in 1..=3 {
            is_revoked.set(false);
            let is_cached = async {
                loop {
                    ask().await.unwrap();
                    let before = lookups.get();
                    ask().await.unwrap();
                    if lookups.get() == before {
                        return;
                    }
                }
            };
            timeout(BOUND, is_cached).await.unwrap();
            is_revoked.set(true);
            let is_refused = async {
                while ask().await.is_ok() {
                    sleep(Duration::from_millis(10)).await;
                }
            };
            let late = format!("the token is still accepted in round {round}");
            timeout(BOUND, is_refused).await.expect(&late);
        }

        // A change by this node counts at once.
        is_revoked.set(false);
        ask().await.unwrap();
        is_revoked.set(true);
        database.change_feed().apply(&database::ChangedUsers::all());
        assert!(ask().await.is_err());
    }
}
