//! A cache for values that code computes, and for the answers to reads.
//!
//! Both are in the memory of the node, which is bounded by bytes. Values belong to whoever stores them, under a name and for a
//! time; with Redis all nodes share them. Answers follow the tables that they were read from: see
//! [`Session::cached`](crate::Session::cached).
mod changes;
mod clear;
mod flights;
mod function;
mod hits;
mod memory;
mod settings;
mod shared;
pub mod tables;

pub use changes::{Changes, Slot};
pub use clear::clear_redis;
pub use function::Function;
pub(crate) use hits::Lookups;
pub(crate) use memory::{Key, Memory, Space};
pub use settings::Settings;

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};

use self::{
    flights::{Flights, Role},
    hits::Hits,
    shared::Shared,
};
use crate::{Error, Result};

/// How long a node uses a value of Redis, if no message says that it was removed.
const LIFETIME: Duration = Duration::from_secs(1);

/// A cache of values and answers. It is cheap to clone.
///
/// Values are stored as JSON. One that cannot be read as the type that the caller asks for counts as absent. With Redis all
/// nodes share them, and the memory of a node is in front of it. While Redis is away, values are loaded each time.
#[derive(Debug, Clone, Default)]
pub struct Cache(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// `None` if the cache is turned off.
    memory: Option<Memory>,
    /// The changes of values by their names.
    changes: Changes,
    flights: Flights,
    shared: Option<Shared>,
    hits: Hits,
}

/// A value in memory.
#[derive(Debug)]
struct Stored {
    json: Vec<u8>,
    /// The number of changes before the value was computed.
    since: u64,
    until: Instant,
}

/// The state of the cache before a value is asked for. A value that a change overtook is not stored.
#[derive(Clone, Copy)]
struct Before {
    since: u64,
    at: Instant,
}

impl Cache {
    /// Makes a cache that holds nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Makes a cache, with Redis if there is a URL. Fails on an invalid URL.
    pub fn start(settings: &Settings, redis: Option<&SecretString>) -> io::Result<Self> {
        let (memory, changes) = (Memory::new(settings.size), Changes::default());
        let redis = redis.filter(|_| memory.is_some());
        let shared = redis.map(|url| Shared::new(url, changes.clone()));
        Ok(Self(Arc::new(Inner {
            shared: shared.transpose()?,
            memory,
            changes,
            flights: Flights::default(),
            hits: Hits::default(),
        })))
    }

    /// Returns the value with this name, unless it is absent, expired or of another type.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        if let Some(stored) = self.find(name) {
            self.0.hits.values.hits.inc();
            return parse(&stored.json);
        }
        self.0.hits.values.misses.inc();
        let before = self.before();
        let (json, left) = self.0.shared.as_ref()?.get(name).await?;
        let value = parse(&json);
        self.store(name, json, before, left);
        value
    }

    /// Stores a value for this long, in place of the one before.
    pub async fn set(
        &self,
        name: &str,
        value: &impl Serialize,
        time_to_live: Duration,
    ) -> Result<()> {
        let json = serialize(value)?;
        self.forget(name);
        let before = self.before();
        let is_stored = match &self.0.shared {
            Some(shared) => shared.set(name, &json, time_to_live).await,
            None => true,
        };
        if is_stored {
            self.store(name, json, before, time_to_live);
        }
        Ok(())
    }

    /// Removes a value. A load that began before is not stored.
    ///
    /// If Redis is away it is told when it is back, unless this process ends first. Until then another node that reaches Redis
    /// may find the value, for as long as it was stored for.
    pub async fn delete(&self, name: &str) {
        self.forget(name);
        if let Some(shared) = &self.0.shared {
            shared.delete(name).await;
        }
    }

    /// Returns the value with this name; if there is none, loads it and stores it for this long. One of several concurrent
    /// callers loads, and the others use its value; if it fails, each of them loads for itself.
    pub async fn get_or_set<T, E>(
        &self,
        name: &str,
        time_to_live: Duration,
        load: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<Error>,
    {
        if let Some(known) = self.get(name).await {
            return Ok(known);
        }
        // A caller that begins after a change does not use the value of a load that began before it.
        let before = self.before();
        let leader = match self.0.flights.join(name, before.since) {
            Role::Leader(leader) => Some(leader),
            Role::Follower(follower) => match follower.value().await {
                Some(json) if let Some(value) = parse(&json) => return Ok(value),
                _ => None,
            },
        };
        let lease = match &self.0.shared {
            Some(shared) => shared.lease(name).await,
            None => None,
        };
        let value = load().await?;
        let json = serialize(&value)?;
        let is_stored = match (&self.0.shared, lease) {
            (None, _) => true,
            (Some(shared), Some(lease)) => shared.fill(name, lease, &json, time_to_live).await,
            (Some(_), None) => false,
        };
        if is_stored {
            self.store(name, json.clone(), before, time_to_live);
        }
        if let Some(leader) = leader {
            leader.land(json);
        }
        Ok(value)
    }

    /// Caches a function by its arguments. `name` is the beginning of the names of its values.
    pub fn function<F>(
        &self,
        name: &'static str,
        time_to_live: Duration,
        function: F,
    ) -> Function<F> {
        Function::new(self.clone(), name, time_to_live, function)
    }

    /// Returns where the hits and misses of answers are counted.
    pub(crate) fn answers(&self) -> &Lookups {
        &self.0.hits.answers
    }

    pub(crate) fn memory(&self) -> Option<&Memory> {
        self.0.memory.as_ref()
    }

    fn before(&self) -> Before {
        Before {
            since: self.0.changes.count(),
            at: Instant::now(),
        }
    }

    fn forget(&self, name: &str) {
        self.0.changes.apply(&[Slot::of(name)]);
        if let Some(memory) = &self.0.memory {
            memory.remove(&key(name));
        }
    }

    fn find(&self, name: &str) -> Option<Arc<Stored>> {
        let Inner {
            memory,
            changes,
            shared,
            ..
        } = &*self.0;
        if shared.as_ref().is_some_and(|shared| !shared.is_current()) {
            return None;
        }
        let stored: Arc<Stored> = memory.as_ref()?.get(&key(name))?;
        let is_valid = changes.are_unchanged(&[Slot::of(name)], stored.since);
        (is_valid && Instant::now() < stored.until).then_some(stored)
    }

    fn store(&self, name: &str, json: Vec<u8>, before: Before, time_to_live: Duration) {
        let Some(memory) = &self.0.memory else { return };
        if !self
            .0
            .changes
            .are_unchanged(&[Slot::of(name)], before.since)
        {
            return;
        }
        // A message of Redis may be lost.
        let until = match &self.0.shared {
            Some(_) => before.at + time_to_live.min(LIFETIME),
            None => Instant::now() + time_to_live,
        };
        let (bytes, since) = (json.len(), before.since);
        let stored = Stored { json, since, until };
        memory.insert(key(name), Arc::new(stored), bytes);
    }
}

fn key(name: &str) -> Key {
    Key {
        space: Space::Values,
        name: name.into(),
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

fn serialize(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Error::internal)
}

#[cfg(test)]
mod tests;

/// Compiles the examples of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/cache.md")]
struct Documentation;
