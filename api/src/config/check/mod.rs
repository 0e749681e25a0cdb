//! Checks values beyond their types, and refuses what is unsafe in production.
use std::{ops::RangeInclusive, time::Duration};

use super::Settings;
use crate::telemetry;

mod accounts;
mod backup;
mod database;
mod otlp;
mod production;
mod server;
mod values;

use accounts::auth_rules;
use backup::backup_rules;
use database::database_rules;
use otlp::otlp_rules;
use server::{load_rules, server_rules};
use values::{is_long, is_timeout, is_window};

pub(super) use accounts::mail;
pub(super) use production::{notes_in_production, risks_in_production, unsafe_in_production};

/// A key and what is wrong with its value.
pub(super) type Problem = (&'static str, &'static str);

/// A key, whether its value is valid, and what the value must be.
type Rule = (&'static str, bool, &'static str);

const DAY: Duration = Duration::from_hours(24);
const LIFETIME: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(365 * 24);
/// The longest retention: a hundred years, so that it can be subtracted from the current date.
const MAX_RETENTION: Duration = Duration::from_hours(36_500 * 24);
const RETENTION: &str = "must be at most 36500d";
const ANSWER_LIMIT: RangeInclusive<u64> = 64 * 1024..=100 * 1024 * 1024;

/// Bytes, from 1 MiB to 1 TiB.
const CACHE_SIZE: RangeInclusive<u64> = 1024 * 1024..=1024 * 1024 * 1024 * 1024;

const TIMEOUT: &str = "must be more than 0 and at most 24h";
const OPTIONAL_TIMEOUT: &str = "must be at most 24h";
const DEADLINE: &str = "must be from 1ms to 24h";
const OPTIONAL_DEADLINE: &str = "must be 0s, or from 1ms to 24h";
const WINDOW: &str = "must be whole seconds, from 1s to 24h";
const REDIS: &str =
    "must be redis://USER:PASSWORD@HOST:PORT/DATABASE, or the same with rediss: or unix:";
const SECRET: &str = "must have at least 32 characters";
const SECRET_EACH: &str = "must have at least 32 characters each";
const LISTEN: &str =
    "must be \"off\", or an IP address with a port, such as 127.0.0.1:9090 or [::]:9090";
const LEVEL: &str = "must be one of off, error, warn, info, debug and trace, or a list with levels of targets, such as \
    info,atoll::sql=debug";

pub(super) fn limits(settings: &Settings) -> Vec<Problem> {
    let Settings {
        server,
        api,
        rate_limit,
        load,
        redis,
        soft_delete,
        audit,
        idempotency: _,
        cache,
        jobs,
        database,
        auth,
        mail: _,
        log,
        otlp,
        metrics,
        backup,
        admin: _,
    } = settings;
    let others = [
        (
            "api.answer_limit",
            ANSWER_LIMIT.contains(&api.answer_limit),
            "must be from 65536 to 104857600",
        ),
        (
            "soft_delete.retention",
            soft_delete.retention <= MAX_RETENTION,
            RETENTION,
        ),
        ("audit.key", audit.key.as_ref().is_none_or(is_long), SECRET),
        (
            "audit.seal_interval",
            is_timeout(audit.seal_interval),
            TIMEOUT,
        ),
        (
            "audit.retention",
            audit.retention <= MAX_RETENTION,
            RETENTION,
        ),
        (
            "jobs.purge_interval",
            jobs.purge_interval <= DAY,
            OPTIONAL_TIMEOUT,
        ),
        (
            "cache.size",
            CACHE_SIZE.contains(&cache.size) || cache.size == 0,
            "must be 0, or from 1048576 to 1099511627776",
        ),
        ("rate_limit.per", is_window(rate_limit.per), WINDOW),
        ("redis.url", redis.is_valid(), REDIS),
        ("metrics.listen", metrics.is_valid(), LISTEN),
        ("log.level", telemetry::is_level(&log.level), LEVEL),
    ];
    broken_rules(
        server_rules(server)
            .into_iter()
            .chain(database_rules(database))
            .chain(auth_rules(auth))
            .chain(load_rules(load))
            .chain(backup_rules(backup))
            .chain(otlp_rules(otlp))
            .chain(others),
    )
}

fn broken_rules(rules: impl IntoIterator<Item = Rule>) -> Vec<Problem> {
    let broken = |(key, is_valid, expected): Rule| (!is_valid).then_some((key, expected));
    rules.into_iter().filter_map(broken).collect()
}
