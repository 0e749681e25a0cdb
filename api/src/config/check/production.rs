//! Checks for production: what is never acceptable there, and what is allowed but risky.
use std::time::Duration;

use secrecy::ExposeSecret;
use service::{identity::Registration, mail::Transport};

use super::{Problem, broken_rules};
use crate::config::Settings;

/// KiB times passes: the lowest cost that the cheat sheet considers equivalent to 19 MiB with two passes.
const HASH_COST: u64 = 7_168 * 5;

/// Keep this list short: only what is never acceptable in production.
pub fn unsafe_in_production(settings: &Settings) -> Vec<Problem> {
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

/// Lists what an operator should know, each with the setting that changes it. Something else covers each as long as the operator does
/// their part.
pub fn notes_in_production(settings: &Settings) -> Vec<Problem> {
    let Settings {
        database,
        auth,
        mail,
        backup,
        ..
    } = settings;
    let is_local = database.file().is_some() && backup.store.is_none();
    let is_closed = auth.registration == Registration::Closed;
    broken_rules([
        (
            "backup.store",
            !is_local || backup.schedule.every.is_zero(),
            "is not set: the backups of the SQLite file are on the same machine. Copy backup.folder to another one, or set it \
             (ATOLL__BACKUP__STORE)",
        ),
        (
            "mail.transport",
            mail.transport != Transport::None || !is_closed,
            "is \"none\": only an administrator can replace a forgotten password (`atoll user password NAME`), and addresses are not verified. \
             Set it (ATOLL__MAIL__TRANSPORT=smtp, with mail.smtp_url and mail.from) to change that",
        ),
    ])
}

/// Lists the risks that production allows, each with the setting that ends it.
pub fn risks_in_production(settings: &Settings) -> Vec<Problem> {
    let Settings {
        server,
        database,
        auth,
        audit,
        mail,
        backup,
        otlp,
        ..
    } = settings;
    let is_open = auth.registration != Registration::Closed;
    broken_rules([
        (
            "database.url",
            database.file().is_none() || !backup.schedule.every.is_zero(),
            "is a SQLite file: let the server make backups (backup.schedule.every) and send them to another machine (backup.store), or \
             use PostgreSQL",
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
            !is_open,
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
            mail.transport != Transport::None || !is_open,
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
