//! Checks of the settings of the database.
use std::{ops::RangeInclusive, time::Duration};

use kernel::database;
use secrecy::ExposeSecret;

use super::{
    DAY, DEADLINE, OPTIONAL_DEADLINE, OPTIONAL_TIMEOUT, Rule, TIMEOUT,
    values::{is_deadline, is_optional_deadline, is_timeout},
};

const SCHEME: &str = "must begin with sqlite: or postgres:";
const POOL: &str = "must be from 1 to 10000";
/// A shorter timeout would mistake a busy database for an unreachable one.
const MIN_OUTAGE_TIMEOUT: Duration = Duration::from_millis(100);

/// Less could not be measured.
const REPLICA_LAG: RangeInclusive<Duration> = Duration::from_millis(250)..=Duration::from_hours(1);

pub(super) fn database_rules(database: &database::Settings) -> [Rule; 18] {
    let url = database.url.expose_secret();
    let scheme = ["sqlite:", "postgres:", "postgresql:"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let (least, most) = (database.min_connections, database.max_connections);
    let idle = database.idle_in_transaction_timeout;
    let replicas = &database.replica_urls;
    let is_server = |url: &str| url.starts_with("postgres:") || url.starts_with("postgresql:");
    let are_replicas = replicas.len() <= database::MAX_REPLICAS
        && replicas.iter().all(|it| is_server(it.expose_secret()));
    [
        ("database.url", scheme, SCHEME),
        (
            "database.replica_urls",
            replicas.is_empty() || is_server(url),
            "must be empty, because database.url names a SQLite file, which has no replicas",
        ),
        (
            "database.replica_urls",
            are_replicas,
            "must be at most 8 URLs that begin with postgres:",
        ),
        (
            "database.replica_urls",
            replicas
                .iter()
                .all(|it| database::names_one_host(it.expose_secret())),
            "must have a URL of its own for each replica: one of them names several hosts, of which only the first would be used",
        ),
        (
            "database.replica_max_lag",
            REPLICA_LAG.contains(&database.replica_max_lag),
            "must be from 250ms to 1h",
        ),
        (
            "database.max_connections",
            (1..=10_000).contains(&most),
            POOL,
        ),
        (
            "database.min_connections",
            least <= most,
            "must be at most database.max_connections",
        ),
        (
            "database.acquire_timeout",
            is_timeout(database.acquire_timeout),
            TIMEOUT,
        ),
        (
            "database.idle_timeout",
            is_timeout(database.idle_timeout),
            TIMEOUT,
        ),
        (
            "database.max_lifetime",
            is_timeout(database.max_lifetime),
            TIMEOUT,
        ),
        (
            "database.outage_timeout",
            (MIN_OUTAGE_TIMEOUT..=DAY).contains(&database.outage_timeout),
            "must be from 100ms to 24h",
        ),
        (
            "database.read_timeout",
            is_deadline(database.read_timeout),
            DEADLINE,
        ),
        (
            "database.write_timeout",
            is_deadline(database.write_timeout),
            DEADLINE,
        ),
        (
            "database.long_timeout",
            is_deadline(database.long_timeout),
            DEADLINE,
        ),
        (
            "database.lock_timeout",
            is_optional_deadline(database.lock_timeout),
            OPTIONAL_DEADLINE,
        ),
        (
            "database.idle_in_transaction_timeout",
            is_optional_deadline(idle),
            OPTIONAL_DEADLINE,
        ),
        (
            "database.slow_statement",
            database.slow_statement <= DAY,
            OPTIONAL_TIMEOUT,
        ),
        ("database.check", database.check <= DAY, OPTIONAL_TIMEOUT),
    ]
}
