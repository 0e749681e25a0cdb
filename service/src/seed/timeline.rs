//! The creation times of the rows of a run: in the order of their ids, up to now.
use chrono::Duration;

use super::sample::{Parent, Time};
use kernel::resource::now;

/// Times for a number of rows, evenly spread with some noise.
pub struct Timeline {
    start: Time,
    /// The time between two rows in microseconds.
    step: i64,
}

impl Timeline {
    pub fn new(start: Time, rows: u32) -> Self {
        let span = (now() - start).num_microseconds().unwrap_or_default();
        Self {
            start,
            step: span / i64::from(rows).max(1),
        }
    }

    /// Starts at the time of the oldest parent.
    pub fn since_first(parents: &[Parent], rows: u32) -> Self {
        let first = parents.iter().map(|parent| parent.since).min();
        Self::new(first.unwrap_or_else(now), rows)
    }

    pub fn moment(&self, row: u32) -> Time {
        let noise = rand::random_range(0..self.step.max(1));
        self.start + Duration::microseconds(self.step * i64::from(row) + noise)
    }
}
