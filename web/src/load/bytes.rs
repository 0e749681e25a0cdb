//! Limits on the bytes that all callers together, and each of them, may hold at once.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::rate::CallerKey;

/// One caller may hold this fraction of a budget: 1 divided by the number.
const CALLER_SHARE: usize = 4;

/// A number of bytes shared by all callers. The first request of a caller that holds nothing may exceed the caller's share
/// and the budget: each request has a size limit of its own.
#[derive(Clone)]
pub struct MemoryBudget {
    limit: usize,
    held: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    all: usize,
    by_caller: HashMap<CallerKey, usize>,
}

/// The limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitReached {
    Total,
    PerCaller,
}

/// Holds bytes of a budget until it is dropped.
pub struct Held {
    budget: MemoryBudget,
    caller: CallerKey,
    bytes: usize,
}

impl MemoryBudget {
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            held: Arc::default(),
        }
    }

    pub fn hold(&self, caller: CallerKey, bytes: usize) -> Result<Held, LimitReached> {
        let mut held = self.empty(caller);
        held.grow(bytes)?;
        Ok(held)
    }

    /// Holds the bytes even if they exceed the limits, for work that must not fail any more.
    pub fn hold_anyway(&self, caller: CallerKey, bytes: usize) -> Held {
        let mut held = self.empty(caller);
        held.add(&mut self.lock(), bytes);
        held
    }

    /// Returns the bytes that all callers hold together.
    pub fn held(&self) -> usize {
        self.lock().all
    }

    fn empty(&self, caller: CallerKey) -> Held {
        Held {
            budget: self.clone(),
            caller,
            bytes: 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Holds more bytes. On failure it holds as many as before.
    pub fn grow(&mut self, bytes: usize) -> Result<(), LimitReached> {
        let budget = self.budget.clone();
        let mut state = budget.lock();
        let of_caller = state.by_caller.get(&self.caller).copied();
        let of_caller = of_caller.unwrap_or_default();
        let fits = |held: usize, limit: usize| held == self.bytes || held + bytes <= limit;
        if !fits(of_caller, budget.limit / CALLER_SHARE) {
            return Err(LimitReached::PerCaller);
        }
        if !fits(state.all, budget.limit) {
            return Err(LimitReached::Total);
        }
        self.add(&mut state, bytes);
        Ok(())
    }

    fn add(&mut self, state: &mut State, bytes: usize) {
        state.all += bytes;
        *state.by_caller.entry(self.caller).or_default() += bytes;
        self.bytes += bytes;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.all -= self.bytes;
        if let Some(held) = state.by_caller.get_mut(&self.caller) {
            *held -= self.bytes;
            if *held == 0 {
                state.by_caller.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallerKey, LimitReached, MemoryBudget};

    #[test]
    fn one_caller_gets_a_quarter_and_all_together_get_the_budget() {
        let budget = MemoryBudget::new(100);
        let take = |user: i64, bytes: usize| budget.hold(CallerKey::User(user), bytes);

        let mut held = vec![take(1, 20).unwrap()];
        assert_eq!(take(1, 6).err(), Some(LimitReached::PerCaller));
        held.extend([take(2, 25), take(3, 25), take(4, 25)].map(Result::unwrap));

        assert_eq!(take(5, 6).err(), Some(LimitReached::Total));
        assert_eq!(budget.held(), 95);
        held.clear();
        assert_eq!(budget.held(), 0);
        assert!(budget.lock().by_caller.is_empty());
    }

    #[test]
    fn a_caller_that_holds_nothing_may_exceed_its_share_once() {
        let budget = MemoryBudget::new(100);

        let mut held = budget.hold(CallerKey::User(1), 60).unwrap();

        assert!(held.grow(60).is_ok());
        assert_eq!(
            budget.hold(CallerKey::User(2), 1).err(),
            Some(LimitReached::Total)
        );
    }

    #[test]
    fn bytes_held_anyway_are_counted() {
        let budget = MemoryBudget::new(100);

        let _held = budget.hold_anyway(CallerKey::User(1), 1_000);

        assert_eq!(budget.held(), 1_000);
        assert_eq!(
            budget.hold(CallerKey::User(2), 1).err(),
            Some(LimitReached::Total)
        );
    }
}
