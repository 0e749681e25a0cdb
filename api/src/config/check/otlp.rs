//! Checks the settings of traces.
use std::{ops::RangeInclusive, time::Duration};

use super::{Rule, values::is_base};
use crate::telemetry::OtlpSettings;

/// A stop waits this long for the collector.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_mins(1);

pub(super) fn otlp_rules(otlp: &OtlpSettings) -> [Rule; 6] {
    [
        (
            "otlp.endpoint",
            otlp.endpoint.as_deref().is_none_or(is_base),
            "must be the URL of a collector, such as http://localhost:4318 or https://collector.example.org, without a slash at its end",
        ),
        (
            "otlp.headers",
            otlp.headers().is_some(),
            "must be headers separated by commas, such as authorization=Bearer TOKEN",
        ),
        (
            "otlp.service_name",
            !otlp.service_name.trim().is_empty(),
            "must not be empty",
        ),
        (
            "otlp.sample_ratio",
            (0.0..=1.0).contains(&otlp.sample_ratio),
            "must be from 0 to 1",
        ),
        (
            "otlp.queue",
            (1..=65_536).contains(&otlp.queue),
            "must be from 1 to 65536",
        ),
        (
            "otlp.timeout",
            TIMEOUT.contains(&otlp.timeout),
            "must be from 100ms to 1m",
        ),
    ]
}
