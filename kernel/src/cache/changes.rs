//! Numbers changes, so that what was read before a change can be told from what was read after it.
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Instant,
};

/// The number of slots. Things share slots: a change of one also counts as a change of the others in its slot.
const SLOTS: usize = 4_096;

/// The slot of a thing that changes: a table, a user, or a key of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(usize);

impl Slot {
    pub fn of(thing: &(impl Hash + ?Sized)) -> Self {
        let mut hasher = DefaultHasher::new();
        thing.hash(&mut hasher);
        let hash = usize::try_from(hasher.finish() % SLOTS as u64);
        Self(hash.unwrap_or_default())
    }
}

/// Numbers the changes in the order in which this node learns of them, and keeps the number of the last change of each slot.
/// It is cheap to clone.
#[derive(Debug, Clone)]
pub struct Changes(Arc<Numbers>);

#[derive(Debug)]
struct Numbers {
    count: AtomicU64,
    /// The number of the last change of everything.
    last_of_all: AtomicU64,
    slots: Box<[AtomicU64]>,
    /// The times of the last change of everything and of each slot, in nanoseconds since the start; 0 if there was none.
    time_of_all: AtomicU64,
    times: Box<[AtomicU64]>,
    started: Instant,
}

impl Default for Changes {
    fn default() -> Self {
        Self(Arc::new(Numbers {
            count: AtomicU64::new(0),
            last_of_all: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            time_of_all: AtomicU64::new(0),
            times: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            started: Instant::now(),
        }))
    }
}

impl Changes {
    /// Returns the number of changes so far. Whatever is read after this call includes them.
    pub fn count(&self) -> u64 {
        self.0.count.load(SeqCst)
    }

    /// Returns true if nothing in these slots has changed since the count was `since`.
    pub fn are_unchanged(&self, slots: &[Slot], since: u64) -> bool {
        self.0.last_of_all.load(SeqCst) <= since
            && slots
                .iter()
                .all(|Slot(slot)| self.0.slots[*slot].load(SeqCst) <= since)
    }

    /// Counts one change of everything in these slots.
    pub fn apply(&self, slots: &[Slot]) {
        if slots.is_empty() {
            return;
        }
        // Whoever sees the number also sees the time.
        let now = self.nanoseconds(Instant::now());
        for Slot(slot) in slots {
            self.0.times[*slot].fetch_max(now, SeqCst);
        }
        let number = self.next();
        for Slot(slot) in slots {
            self.0.slots[*slot].fetch_max(number, SeqCst);
        }
    }

    /// Counts one change of everything.
    pub fn apply_to_all(&self) {
        let now = self.nanoseconds(Instant::now());
        self.0.time_of_all.fetch_max(now, SeqCst);
        let number = self.next();
        self.0.last_of_all.fetch_max(number, SeqCst);
    }

    /// Returns true if every change of these slots so far was counted before `time`.
    pub fn changed_before(&self, slots: &[Slot], time: Instant) -> bool {
        let time = self.nanoseconds(time);
        let is_earlier = |changed: &AtomicU64| match changed.load(SeqCst) {
            0 => true,
            changed => changed < time,
        };
        is_earlier(&self.0.time_of_all)
            && slots
                .iter()
                .all(|Slot(slot)| is_earlier(&self.0.times[*slot]))
    }

    fn nanoseconds(&self, time: Instant) -> u64 {
        let since = time.saturating_duration_since(self.0.started).as_nanos();
        u64::try_from(since).unwrap_or(u64::MAX).max(1)
    }

    fn next(&self) -> u64 {
        self.0.count.fetch_add(1, SeqCst) + 1
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_old_and_what_was_read_after_it_is_not() {
        let changes = Changes::default();
        let (one, other) = ([Slot::of("one")], [Slot::of("other")]);
        let before = changes.count();

        changes.apply(&one);

        let after = changes.count();
        assert!(!changes.are_unchanged(&one, before));
        assert!(changes.are_unchanged(&one, after));
        assert!(changes.are_unchanged(&other, before));
        changes.apply_to_all();
        assert!(!changes.are_unchanged(&other, after));
    }

    #[test]
    fn a_change_has_a_time() {
        let changes = Changes::default();
        let (one, other) = ([Slot::of("one")], [Slot::of("other")]);
        let before = Instant::now();

        changes.apply(&one);

        assert!(!changes.changed_before(&one, before));
        assert!(changes.changed_before(&one, before + Duration::from_mins(1)));
        assert!(changes.changed_before(&other, before));
        changes.apply_to_all();
        assert!(!changes.changed_before(&other, before));
    }
}
