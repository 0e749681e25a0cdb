//! Checks of the settings of the database.
use std::time::Duration;

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

pub(super) fn database_rules(database: &database::Settings) -> [Rule; 14] {
    let url = database.url.expose_secret();
    let scheme = ["sqlite:", "postgres:", "postgresql:"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let (least, most) = (database.min_connections, database.max_connections);
    let idle = database.idle_in_transaction_timeout;
    [
        ("database.url", scheme, SCHEME),
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
