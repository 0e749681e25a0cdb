//! Keeps what was made for a key, if it may be needed again soon.
use std::{cell::RefCell, collections::HashMap, hash::Hash};

use foldhash::fast::RandomState;

/// The most values that one thread keeps. When it has as many, it begins anew.
const MAX: usize = 1_000;

/// Values that were made for keys. Each thread has its own, so that none waits for another.
pub struct Kept<K, V>(RefCell<HashMap<K, V, RandomState>>);

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    pub fn new() -> Self {
        Self(RefCell::default())
    }

    /// Returns the value of the key, which `make` makes if there is none. It must follow from the key alone.
    pub fn get(&self, key: K, make: impl FnOnce() -> V) -> V {
        let kept = self.0.borrow().get(&key).cloned();
        kept.unwrap_or_else(|| {
            let value = make();
            let mut kept = self.0.borrow_mut();
            if kept.len() >= MAX {
                kept.clear();
            }
            kept.insert(key, value.clone());
            value
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_for_its_key() {
        let kept = Kept::new();

        assert_eq!((kept.get(1, || "a"), kept.get(2, || "b")), ("a", "b"));

        assert_eq!((kept.get(1, || "c"), kept.get(2, || "c")), ("a", "b"));
    }

    #[test]
    fn a_bounded_number_of_values_is_kept() {
        let kept = Kept::new();

        for number in 0..3 * MAX {
            assert_eq!(kept.get(number, || number), number);
            assert!(kept.0.borrow().len() <= MAX);
        }
    }
}
