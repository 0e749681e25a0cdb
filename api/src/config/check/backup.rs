//! Checks of the settings of backups.
use std::{ops::RangeInclusive, time::Duration};

use service::backup::parse_store;

use super::{MAX_RETENTION, RETENTION, Rule};
use crate::config::BackupSettings;

/// From a second, for tests, to a year.
const PERIOD: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(365 * 24);
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(7 * 24);
/// S3 refuses a signature that is older than 15 minutes.
const PATIENCE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_mins(10);
const PATIENCE_RANGE: &str = "must be from 100ms to 10m";

pub(super) fn backup_rules(backup: &BackupSettings) -> [Rule; 10] {
    let BackupSettings {
        folder: _,
        store,
        recipients: _,
        keep: _,
        max_age,
        timeout,
        schedule,
        s3,
    } = backup;
    let is_store = store.as_ref().is_none_or(|url| parse_store(url).is_some());
    [
        (
            "backup.keep",
            backup.has_valid_rule(),
            "must be \"all\", or a list such as daily=7,weekly=4",
        ),
        ("backup.max_age", *max_age <= MAX_RETENTION, RETENTION),
        (
            "backup.timeout",
            TIMEOUT.contains(timeout),
            "must be from 1s to 7d",
        ),
        (
            "backup.store",
            is_store,
            "must be like s3://BUCKET/PREFIX; keys belong into backup.s3",
        ),
        (
            "backup.s3.access_key_id, backup.s3.secret_access_key",
            store.is_none() || s3.has_keys(),
            "must both be set to use backup.store",
        ),
        (
            "backup.s3.endpoint",
            store.is_none() || s3.has_safe_endpoint(),
            "must begin with https://, unless it is on this machine or backup.s3.allow_http is true; keys belong into backup.s3",
        ),
        (
            "backup.s3.request_timeout",
            PATIENCE.contains(&s3.request_timeout),
            PATIENCE_RANGE,
        ),
        (
            "backup.s3.retry_timeout",
            PATIENCE.contains(&s3.retry_timeout),
            PATIENCE_RANGE,
        ),
        (
            "backup.schedule.every",
            schedule.every.is_zero() || PERIOD.contains(&schedule.every),
            "must be 0s, or from 1s to 365d",
        ),
        (
            "backup.schedule.at",
            schedule.has_valid_time(),
            "must be a time of day in UTC, such as \"03:30\"",
        ),
    ]
}
