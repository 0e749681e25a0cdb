//! What metrics of every layer have in common: labels with few values, and histograms of time.
//!
//! A layer makes the handles of its series once, so that counting costs an atomic operation and formats no label.
use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};

/// The series that a monitoring system reads.
pub use prometheus_client::registry::Registry as Metrics;

/// The only label of a series. Its values are named in the code, so their number is bounded.
pub type Label = [(&'static str, &'static str); 1];

pub type Counters = Family<Label, Counter>;
pub type Times = Family<Label, Histogram, fn() -> Histogram>;

/// The upper bounds of the buckets of times, in seconds.
const BOUNDS: [f64; 12] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0,
];

/// Returns an empty histogram of seconds.
pub fn time() -> Histogram {
    Histogram::new(BOUNDS)
}

/// Returns histograms of seconds, one for each value of a label.
pub fn times() -> Times {
    Family::new_with_constructor(time)
}
