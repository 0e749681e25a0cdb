//! When the rows of a run began to be: in the order of their ids, as rows do, up to now.
use chrono::Duration;

use super::sample::{Parent, Time};
use crate::crud::now;

/// Moments for a number of rows, evenly spread with some noise.
pub struct Timeline {
    start: Time,
    /// Between two rows; microseconds.
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

    /// From the time when there was the first of the rows to add to.
    pub fn since_first(parents: &[Parent], rows: u32) -> Self {
        let first = parents.iter().map(|parent| parent.since).min();
        Self::new(first.unwrap_or_else(now), rows)
    }

    pub fn moment(&self, row: u32) -> Time {
        let noise = rand::random_range(0..self.step.max(1));
        self.start + Duration::microseconds(self.step * i64::from(row) + noise)
    }
}
