//! The memory of a node, bounded by bytes. What is in it says itself how long it is valid.
use std::{any::Any, sync::Arc};

use moka::{policy::EvictionPolicy, sync::Cache};

use crate::access::Rights;

/// The bytes of an entry beside its key and its value: what the map, its bookkeeping and the allocations take.
const OVERHEAD: usize = 256;

/// An entry may take this part of the memory.
const MAX_PART: u64 = 32;

type Value = Arc<dyn Any + Send + Sync>;

/// Whose entry it is, and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub space: Space,
    pub name: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// The values that code stores under its own names.
    Values,
    /// The answers to reads of callers with the same rights.
    Reads(Rights),
}

#[derive(Debug)]
pub struct Memory {
    entries: Cache<Key, (Value, usize)>,
    max: usize,
}

impl Memory {
    /// Returns `None` if it may hold nothing.
    pub fn new(bytes: u64) -> Option<Self> {
        let weigh = |key: &Key, (_, bytes): &(Value, usize)| {
            let all = key.name.len() + bytes + OVERHEAD;
            u32::try_from(all).unwrap_or(u32::MAX)
        };
        // Answers are used for a second, so the newest are worth the most.
        let entries = Cache::builder()
            .max_capacity(bytes)
            .weigher(weigh)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let max = usize::try_from(bytes / MAX_PART).unwrap_or(usize::MAX);
        (bytes > 0).then_some(Self { entries, max })
    }

    pub fn get<T: Send + Sync + 'static>(&self, key: &Key) -> Option<Arc<T>> {
        let (value, _) = self.entries.get(key)?;
        value.downcast().ok()
    }

    /// Stores a value that takes this many bytes, unless it is too large.
    pub fn insert<T: Send + Sync + 'static>(&self, key: Key, value: Arc<T>, bytes: usize) {
        if key.name.len() + bytes + OVERHEAD > self.max {
            self.entries.invalidate(&key);
            return;
        }
        self.entries.insert(key, (value, bytes));
        // Otherwise entries beyond the limit would wait in memory for their removal.
        self.entries.run_pending_tasks();
    }

    pub fn remove(&self, key: &Key) {
        self.entries.invalidate(key);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering::Relaxed},
        thread,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::Actor;

    static LIVE: AtomicU64 = AtomicU64::new(0);

    /// A value that counts its bytes while it is in memory.
    struct Counted(u64);

    impl Counted {
        fn new(bytes: u64) -> Arc<Self> {
            LIVE.fetch_add(bytes, Relaxed);
            Arc::new(Self(bytes))
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            LIVE.fetch_sub(self.0, Relaxed);
        }
    }

    fn key(name: &str) -> Key {
        Key {
            space: Space::Values,
            name: name.into(),
        }
    }

    /// Waits until at most this many bytes are in memory. A removed value is freed once no thread reads any map in its state before the
    /// removal, so a thread that the machine has stopped in such a read delays it.
    fn wait_until_live(max: u64) {
        let other = Memory::new(64 * 1024).unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        while LIVE.load(Relaxed) > max {
            assert!(Instant::now() < end, "more than {max} bytes stay in memory");
            // A write to any map frees what may be freed.
            other.insert(key("other"), Arc::new(0), 4);
            thread::yield_now();
        }
    }

    #[test]
    fn memory_is_bounded_by_the_bytes_of_keys_and_values() {
        const LIMIT: u64 = 1024 * 1024;
        let memory = Memory::new(LIMIT).unwrap();
        for number in 0..2_000 {
            let name = format!("{number}{}", "k".repeat(number % 1_000));
            let bytes = 10_000 + number;
            memory.insert(key(&name), Counted::new(bytes as u64), bytes);
            wait_until_live(LIMIT);
        }
        assert!(LIVE.load(Relaxed) > LIMIT / 2);

        memory.insert(key("huge"), Counted::new(65_536), 65_536);
        assert!(memory.get::<Counted>(&key("huge")).is_none());

        let memory = Memory::new(LIMIT).unwrap();
        for number in 0..2_000 {
            let name = format!("{number}{}", "k".repeat(10_000));
            memory.insert(key(&name), Arc::new(number), 4);
        }
        assert!(memory.entries.entry_count() < LIMIT / 10_000);
        assert!(Memory::new(0).is_none());
    }

    #[test]
    fn an_entry_is_found_by_its_whole_key() {
        let memory = Memory::new(1024 * 1024).unwrap();
        memory.insert(key("a"), Arc::new(1), 8);
        let of = |actor: &Actor| Key {
            space: Space::Reads(Rights::new(actor)),
            name: "a".into(),
        };
        memory.insert(of(&Actor::Anonymous), Arc::new(2), 8);
        assert_eq!(memory.get(&key("a")), Some(Arc::new(1)));
        assert_eq!(memory.get(&of(&Actor::Anonymous)), Some(Arc::new(2)));
        assert_eq!(memory.get::<i32>(&of(&Actor::System)), None);
        memory.remove(&key("a"));
        assert_eq!(memory.get::<i32>(&key("a")), None);
    }
}
