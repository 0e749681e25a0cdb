//! Checks values beyond their types, and refuses what is unsafe in production.
use std::{ops::RangeInclusive, time::Duration};

use kernel::database;
use secrecy::{ExposeSecret, SecretString};
use service::{
    identity::{self, Registration},
    mail::{self, Transport},
};

use super::{Profile, Settings};
use crate::telemetry;

mod otlp;
mod server;
mod values;

use otlp::otlp_rules;
use server::{load_rules, server_rules};
use values::{is_deadline, is_long, is_optional_deadline, is_role, is_timeout, is_window};

/// A key and what is wrong with its value.
pub(super) type Problem = (&'static str, &'static str);

/// A key, whether its value is valid, and what the value must be.
type Rule = (&'static str, bool, &'static str);

const DAY: Duration = Duration::from_hours(24);
const LIFETIME: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(365 * 24);
/// The longest retention: a hundred years, so that it can be subtracted from the current date.
const MAX_RETENTION: Duration = Duration::from_hours(36_500 * 24);
const RETENTION: &str = "must be at most 36500d";
/// KiB, from the minimum of the OWASP Password Storage Cheat Sheet to the most that one sign-in may reasonably use.
const HASH_MEMORY: RangeInclusive<u32> = 7_168..=1_048_576;
/// KiB times passes: the lowest cost that the cheat sheet considers equivalent to 19 MiB with two passes.
const HASH_COST: u64 = 7_168 * 5;

const ANSWER_LIMIT: RangeInclusive<u64> = 64 * 1024..=100 * 1024 * 1024;

/// Bytes, from 1 MiB to 1 TiB.
const CACHE_SIZE: RangeInclusive<u64> = 1024 * 1024..=1024 * 1024 * 1024 * 1024;

const SCHEME: &str = "must begin with sqlite: or postgres:";
const TIMEOUT: &str = "must be more than 0 and at most 24h";
const OPTIONAL_TIMEOUT: &str = "must be at most 24h";
/// A shorter timeout would mistake a busy database for an unreachable one.
const MIN_OUTAGE_TIMEOUT: Duration = Duration::from_millis(100);
const DEADLINE: &str = "must be from 1ms to 24h";
const OPTIONAL_DEADLINE: &str = "must be 0s, or from 1ms to 24h";
const POOL: &str = "must be from 1 to 10000";
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
        (
            "backup.keep",
            backup.has_valid_rule(),
            "must be \"all\", or a list such as daily=7,weekly=4",
        ),
        ("backup.max_age", backup.max_age <= MAX_RETENTION, RETENTION),
        ("metrics.listen", metrics.is_valid(), LISTEN),
        ("log.level", telemetry::is_level(&log.level), LEVEL),
    ];
    broken_rules(
        server_rules(server)
            .into_iter()
            .chain(database_rules(database))
            .chain(auth_rules(auth))
            .chain(load_rules(load))
            .chain(otlp_rules(otlp))
            .chain(others),
    )
}

fn auth_rules(auth: &identity::Settings) -> [Rule; 12] {
    let lifetime = LIFETIME.contains(&auth.session_lifetime);
    let token = LIFETIME.contains(&auth.token_lifetime);
    let idle = auth.session_idle >= Duration::from_mins(5) && auth.session_idle <= 365 * DAY;
    let cached = auth.cache_lifetime <= Duration::from_secs(30);
    let pepper = auth.pepper.as_ref().is_none_or(is_long);
    let old_peppers = auth.old_peppers.iter().all(is_long);
    let (memory, passes, lanes) = (auth.hash_memory, auth.hash_passes, auth.hash_lanes);
    [
        (
            "auth.min_password_score",
            auth.min_password_score <= 4,
            "must be from 0 to 4",
        ),
        (
            "auth.hash_memory",
            HASH_MEMORY.contains(&memory),
            "must be from 7168 to 1048576",
        ),
        (
            "auth.hash_passes",
            (1..=32).contains(&passes),
            "must be from 1 to 32",
        ),
        (
            "auth.hash_lanes",
            (1..=16).contains(&lanes),
            "must be from 1 to 16",
        ),
        ("auth.pepper", pepper, SECRET),
        ("auth.old_peppers", old_peppers, SECRET_EACH),
        ("auth.session_lifetime", lifetime, "must be from 1m to 365d"),
        ("auth.session_idle", idle, "must be from 5m to 365d"),
        ("auth.token_lifetime", token, "must be from 1m to 365d"),
        ("auth.cache_lifetime", cached, "must be at most 30s"),
        ("auth.key", auth.key.as_ref().is_none_or(is_long), SECRET),
        (
            "auth.require_totp_for",
            auth.require_totp_for.iter().all(|name| is_role(name)),
            "must be names of roles, such as admin,editor",
        ),
    ]
}

/// Checks that mail can be sent and that its links work.
pub(super) fn mail(settings: &Settings, profile: Profile) -> Vec<Problem> {
    let Settings {
        mail, server, auth, ..
    } = settings;
    let is_from = |from: &String| mail::is_sender(from);
    let is_url = |url: &SecretString| mail::is_smtp_url(url);
    let is = |transport| mail.transport == transport;
    let is_on = !is(Transport::None);
    let leads_here = profile != Profile::Production && !is(Transport::Smtp);
    let has_links = server.public_url.is_some() || leads_here;
    let has_server = mail.smtp_url.as_ref().is_some_and(is_url);
    let verifies = is_on || !auth.require_verified_email;
    broken_rules([
        (
            "mail.from",
            !is_on || mail.from.as_ref().is_some_and(is_from),
            mail::FROM,
        ),
        (
            "mail.smtp_url",
            !is(Transport::Smtp) || has_server,
            mail::SMTP_URL,
        ),
        (
            "mail.folder",
            !is(Transport::File) || mail.folder.is_some(),
            "must be the folder that mail is written to",
        ),
        (
            "server.public_url",
            !is_on || has_links,
            "must be set, because links in mail begin with it",
        ),
        (
            "auth.require_verified_email",
            verifies,
            "needs mail: set mail.transport",
        ),
    ])
}

fn database_rules(database: &database::Settings) -> [Rule; 14] {
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

/// Keep this list short: only what is never acceptable in production.
pub(super) fn unsafe_in_production(settings: &Settings) -> Vec<Problem> {
    let Settings {
        server,
        database,
        auth,
        mail,
        ..
    } = settings;
    let hash_cost = u64::from(auth.hash_memory) * u64::from(auth.hash_passes);
    let is_postgres = database.url.expose_secret().starts_with("postgres");
    let encrypted = server
        .public_url
        .as_deref()
        .is_none_or(|url| url.starts_with("https://"));
    let bounded = |time: Duration| !(is_postgres && time.is_zero());
    let idle = database.idle_in_transaction_timeout;
    broken_rules([
        (
            "auth.hash_memory, auth.hash_passes",
            hash_cost >= HASH_COST,
            "must have a product of at least 35840; less is unsafe in production: passwords could be guessed too quickly",
        ),
        (
            "database.url",
            !database.is_in_memory(),
            "is in memory, which is unsafe in production: all data is lost when the server stops",
        ),
        (
            "server.public_url",
            encrypted,
            "must begin with https://; anything else is unsafe in production: passwords and tokens would be sent unencrypted",
        ),
        (
            "server.cors_origins",
            server
                .cors_origins
                .iter()
                .all(|origin| origin.starts_with("https://")),
            "must all begin with https://; anything else is unsafe in production: an attacker on the network could run scripts there",
        ),
        (
            "database.idle_in_transaction_timeout",
            bounded(idle),
            "is 0, which is unsafe in production: a stuck transaction would hold its locks forever",
        ),
        (
            "mail.transport",
            !matches!(mail.transport, Transport::Log | Transport::File),
            "is \"log\" or \"file\", which is unsafe in production: anybody who can read the mail there can take over accounts",
        ),
    ])
}

/// Lists the risks that production allows, each with the setting that ends it.
pub(super) fn risks_in_production(settings: &Settings) -> Vec<Problem> {
    let Settings {
        server,
        database,
        auth,
        audit,
        mail,
        otlp,
        ..
    } = settings;
    broken_rules([
        (
            "database.url",
            database.file().is_none(),
            "is a SQLite file: run `atoll backup create` regularly and copy the backups to another machine, or use PostgreSQL",
        ),
        (
            "auth.key",
            auth.key.is_some(),
            "is not set: a copy of the database is enough to read second factors. Set it (ATOLL__AUTH__KEY, `openssl rand -base64 48`) \
             before users enable second factors, which another key ends",
        ),
        (
            "audit.key",
            audit.key.is_some(),
            "is not set: anyone who can write to the database can forge the audit log. Set it (ATOLL__AUDIT__KEY, \
             `openssl rand -base64 48`) before the first start: `atoll audit verify` reports entries under another key as altered",
        ),
        (
            "server.public_url",
            server.public_url.is_some(),
            "is not set: links have no host, and browsers are not told to use HTTPS only. Set it \
             (ATOLL__SERVER__PUBLIC_URL=https://…)",
        ),
        (
            "auth.registration",
            auth.registration == Registration::Closed,
            "is \"open\": everyone who reaches the server can create an account. Close it (ATOLL__AUTH__REGISTRATION=closed) unless you want that",
        ),
        (
            "auth.pepper",
            auth.pepper.is_some(),
            "is not set: a copy of the database is enough to guess weak passwords. Set it (ATOLL__AUTH__PEPPER, \
             `openssl rand -base64 48`) and keep it: without it no password can be checked",
        ),
        (
            "mail.transport",
            mail.transport != Transport::None,
            "is \"none\": forgotten passwords cannot be reset by mail, and addresses are not verified. Set it \
             (ATOLL__MAIL__TRANSPORT=smtp, with mail.smtp_url and mail.from)",
        ),
        (
            "otlp.endpoint",
            otlp.is_private(),
            "is plain HTTP to another machine: everyone between sees the traces and otlp.headers. Use https://, or a collector on this \
             machine that passes them on",
        ),
    ])
}

fn broken_rules(rules: impl IntoIterator<Item = Rule>) -> Vec<Problem> {
    let broken = |(key, is_valid, expected): Rule| (!is_valid).then_some((key, expected));
    rules.into_iter().filter_map(broken).collect()
}
