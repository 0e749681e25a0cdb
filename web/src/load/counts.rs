//! Counters by key, each with the same limit. A key is removed when its count drops to 0.
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub struct Counts<K> {
    /// 0 means no limit.
    limit: usize,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K> Clone for Counts<K> {
    fn clone(&self) -> Self {
        Self {
            limit: self.limit,
            counts: self.counts.clone(),
        }
    }
}

/// Adds one to the count of a key until it is dropped.
pub struct Counted<K: Copy + Eq + Hash> {
    counts: Counts<K>,
    key: K,
}

impl<K: Copy + Eq + Hash> Counts<K> {
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            counts: Arc::default(),
        }
    }

    /// Returns `None` if the key has reached its limit.
    pub fn take(&self, key: K) -> Option<Counted<K>> {
        let mut counts = self.lock();
        let count = counts.entry(key).or_default();
        if self.limit > 0 && *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Counted {
            counts: self.clone(),
            key,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn a_key_is_refused_at_its_limit_and_removed_when_its_count_is_0() {
        let counts = Counts::new(2);

        let held = [counts.take('a').unwrap(), counts.take('a').unwrap()];

        assert!(counts.take('a').is_none());
        assert!(counts.take('b').is_some());
        drop(held);
        assert!(counts.lock().is_empty());
        assert!(counts.take('a').is_some());
    }

    #[test]
    fn a_limit_of_0_means_no_limit() {
        let counts = Counts::new(0);

        let held: Vec<_> = (0..1_000).map(|_| counts.take(())).collect();

        assert!(held.iter().all(Option::is_some));
    }
}
