//! Bytes that may be held at once, by all callers together and by each of them.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::rate::Who;

/// One caller may hold this part of a budget.
const PART_OF_ONE: usize = 4;

/// A caller that holds nothing is always given what it asks for once: each request has a limit of its own.
#[derive(Clone)]
pub struct Budget {
    most: usize,
    held: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    all: usize,
    by_caller: HashMap<Who, usize>,
}

/// The limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    OfAll,
    OfCaller,
}

/// Bytes that are held until this is dropped.
pub struct Held {
    budget: Budget,
    caller: Who,
    bytes: usize,
}

impl Budget {
    pub fn new(most: usize) -> Self {
        Self {
            most,
            held: Arc::default(),
        }
    }

    pub fn hold(&self, caller: Who, bytes: usize) -> Result<Held, Full> {
        let mut held = self.empty(caller);
        held.grow(bytes)?;
        Ok(held)
    }

    /// Holds the bytes even where they are too many: for what must not fail any more.
    pub fn hold_anyway(&self, caller: Who, bytes: usize) -> Held {
        let mut held = self.empty(caller);
        held.add(&mut self.lock(), bytes);
        held
    }

    /// The bytes that all callers hold.
    pub fn held(&self) -> usize {
        self.lock().all
    }

    fn empty(&self, caller: Who) -> Held {
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
    /// Holds more bytes. Fails, and holds as many as before, where a limit is reached.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let budget = self.budget.clone();
        let mut state = budget.lock();
        let of_caller = state.by_caller.get(&self.caller).copied();
        let of_caller = of_caller.unwrap_or_default();
        let fits = |held: usize, most: usize| held == self.bytes || held + bytes <= most;
        if !fits(of_caller, budget.most / PART_OF_ONE) {
            return Err(Full::OfCaller);
        }
        if !fits(state.all, budget.most) {
            return Err(Full::OfAll);
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
    use super::{Budget, Full, Who};

    #[test]
    fn one_caller_gets_a_quarter_and_all_together_no_more_than_there_is() {
        let budget = Budget::new(100);
        let of = |user: i64, bytes: usize| budget.hold(Who::User(user), bytes);

        let mut held = vec![of(1, 20).unwrap()];
        assert_eq!(of(1, 6).err(), Some(Full::OfCaller));
        held.extend([of(2, 25), of(3, 25), of(4, 25)].map(Result::unwrap));

        assert_eq!(of(5, 6).err(), Some(Full::OfAll));
        assert_eq!(budget.held(), 95);
        held.clear();
        assert_eq!(budget.held(), 0);
        assert!(budget.lock().by_caller.is_empty());
    }

    #[test]
    fn who_holds_nothing_is_given_what_one_request_takes() {
        let budget = Budget::new(100);

        let mut held = budget.hold(Who::User(1), 60).unwrap();

        assert!(held.grow(60).is_ok());
        assert_eq!(budget.hold(Who::User(2), 1).err(), Some(Full::OfAll));
    }

    #[test]
    fn what_must_not_fail_is_counted_all_the_same() {
        let budget = Budget::new(100);

        let _held = budget.hold_anyway(Who::User(1), 1_000);

        assert_eq!(budget.held(), 1_000);
        assert_eq!(budget.hold(Who::User(2), 1).err(), Some(Full::OfAll));
    }
}
