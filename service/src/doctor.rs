//! Examines an installation: what its database lacks, what is stuck, and what to do about each.
use std::time::Duration;

use kernel::{
    Error, Kernel, Result, clock,
    database::{Condition, Index, ReplicaState},
    mode,
    registry::Table,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{MIGRATOR, figures};

/// How bad a finding is. A note is worth knowing, and nothing must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "CheckStatus")]
pub enum Status {
    #[default]
    Ok,
    Note,
    Warning,
    Error,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Check")]
pub struct Check {
    pub name: String,
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do about it; null if nothing must be done.
    pub advice: Option<String>,
}

impl Check {
    pub fn ok(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, found)
    }

    fn new(name: &str, status: Status, found: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            status,
            found: found.into(),
            advice: None,
        }
    }

    pub fn note(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Note, found)
    }

    pub fn warning(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..Self::new(name, Status::Warning, found)
        }
    }

    pub fn error(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..Self::new(name, Status::Error, found)
        }
    }
}

/// A larger difference of the clocks is a warning: tokens and logs of several nodes disagree.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(2);
/// An entry of the audit log is sealed within a second if a server runs.
const MAX_SEAL_LAG: Duration = Duration::from_mins(5);
/// The first retries of a mail come within this time.
const MAX_MAIL_AGE: Duration = Duration::from_mins(30);
/// The connections that a node holds in addition to its pool. With replicas it holds one more, to learn where the log of the primary
/// ends.
const EXTRA_CONNECTIONS: i64 = 2;
/// How long the state of the replicas is awaited: a process that has just started does not know it.
const REPLICAS_LIMIT: Duration = Duration::from_secs(1);

/// What the configuration says about the database.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    pub max_connections: u32,
    pub sends_mail: bool,
}

/// Runs all checks that need the database, one after the other. A check that fails is an error of its own.
pub async fn examine(kernel: &Kernel, expected: Expected) -> Vec<Check> {
    let mut checks = vec![named("migrations", migrations(kernel)).await];
    if checks.iter().any(|check| check.status == Status::Error) {
        // The others would fail for want of tables.
        return checks;
    }
    checks.push(named("mode", mode(kernel)).await);
    checks.push(named("sorts", sorts(kernel)).await);
    checks.push(named("deleted rows", deleted_rows(kernel)).await);
    checks.extend(all_named("queues", queues(kernel, expected)).await);
    checks.extend(all_named("database", server(kernel, expected)).await);
    checks.extend(replicas(kernel).await);
    checks
}

async fn named(name: &str, check: impl Future<Output = Result<Check>>) -> Check {
    check.await.unwrap_or_else(|error| failed(name, &error))
}

async fn all_named(name: &str, checks: impl Future<Output = Result<Vec<Check>>>) -> Vec<Check> {
    checks
        .await
        .unwrap_or_else(|error| vec![failed(name, &error)])
}

fn failed(name: &str, error: &Error) -> Check {
    let advice =
        "see whether the database answers, with the role and the search path that the server uses";
    Check::error(name, format!("could not be checked: {error}"), advice)
}

async fn migrations(kernel: &Kernel) -> Result<Check> {
    const NAME: &str = "migrations";
    let migrations = kernel.database.migrations(MIGRATOR);
    let all = match migrations.history().await {
        Ok(all) => all,
        Err(error) => {
            let advice = "run the release that the database belongs to, or a newer one";
            return Ok(Check::error(NAME, error.to_string(), advice));
        }
    };
    let pending = all.iter().filter(|step| step.applied_at.is_none());
    let pending: Vec<_> = pending.map(|step| step.name.as_str()).collect();
    if let Some(newer) = all.iter().rfind(|step| !step.is_known) {
        let found = format!("a newer release has applied {}", newer.name);
        return Ok(Check::warning(
            NAME,
            found,
            "finish the upgrade of the other nodes, or run that release here too",
        ));
    }
    if pending.is_empty() {
        return Ok(Check::ok(NAME, format!("all {} are applied", all.len())));
    }
    let found = format!("{} are pending: {}", pending.len(), shorten(&pending));
    Ok(Check::error(NAME, found, "run `atoll migrate up`"))
}

async fn mode(kernel: &Kernel) -> Result<Check> {
    const NAME: &str = "mode";
    mode::load(kernel).await?;
    let reasons = kernel.database.read_only_reasons();
    Ok(match reasons.first() {
        None => Check::ok(NAME, "writes are accepted"),
        Some(reason) => Check::warning(NAME, format!("read-only mode: {reason}"), reason.advice()),
    })
}

/// Every field that is declared as indexed needs an index over live rows that begins with it.
async fn sorts(kernel: &Kernel) -> Result<Check> {
    const NAME: &str = "sorts";
    let indexes = kernel.database.indexes().await?;
    let tables = kernel.registry().tables();
    let serves = |table: &Table, field: &str| {
        // The primary key serves `id`; it has no statement of its own.
        field == "id"
            || indexes.iter().any(|index| {
                let is_first = index.table == table.name && index.first_column() == Some(field);
                is_first && !index.needs("deleted_at")
            })
    };
    // Every resource is sorted by the time of creation, which it need not declare.
    let declared = tables.iter().flat_map(|table| {
        let all = table.indexed.iter().chain(&["created_at"]);
        all.map(move |field| (table, *field))
    });
    let missing: Vec<_> = declared
        .filter(|(table, field)| !serves(table, field))
        .map(|(table, field)| format!("{}.{field}", table.name))
        .collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().map(String::as_str).collect();
        let found = format!("no index serves {}", shorten(&missing));
        let advice = "create the indexes that the migrations make, or restore the schema from a backup: lists in this \
                      order read the whole table";
        return Ok(Check::error(NAME, found, advice));
    }
    let sortable = |table: &Table| {
        let fields = (table.filterable)().into_iter();
        let own = fields.filter(|field| !field.name.contains('.'));
        own.filter(|field| !serves(table, &field.name)).count()
    };
    let slow: usize = tables.iter().map(sortable).sum();
    let found = format!(
        "all declared indexes exist; {slow} filters have none and run as heavy reads (server.max_heavy_reads)"
    );
    Ok(Check::ok(NAME, found))
}

/// A purge and a restore find deleted rows by two indexes.
async fn deleted_rows(kernel: &Kernel) -> Result<Check> {
    const NAME: &str = "deleted rows";
    let indexes = kernel.database.indexes().await?;
    let has = |table: &str, is_it: &dyn Fn(&Index) -> bool| {
        indexes
            .iter()
            .any(|index| index.table == table && is_it(index))
    };
    let mut missing = Vec::new();
    for table in kernel.registry().tables() {
        if !has(table.name, &|index| index.needs("deleted_at")) {
            missing.push(format!("{}: one over deleted rows", table.name));
        }
        if !has(table.name, &|index| {
            index.first_column() == Some("deletion_id")
        }) {
            missing.push(format!("{}: one by deletion_id", table.name));
        }
    }
    if missing.is_empty() {
        return Ok(Check::ok(
            NAME,
            "every table has the indexes of its deleted rows",
        ));
    }
    let missing: Vec<_> = missing.iter().map(String::as_str).collect();
    let advice = "create them as `schema::index` in the migration of the table does: purges and restores read the whole \
                  table without";
    let found = format!("missing indexes: {}", shorten(&missing));
    Ok(Check::error(NAME, found, advice))
}

async fn queues(kernel: &Kernel, expected: Expected) -> Result<Vec<Check>> {
    let found = figures::read(kernel).await?;
    let audit = match found.oldest_unsealed {
        Some(age) if age > MAX_SEAL_LAG => Check::warning(
            "audit log",
            format!(
                "{} entries are not sealed, the oldest for {}",
                found.unsealed_entries,
                whole(age)
            ),
            "see whether a server runs, and look for \"sealing\" or \"seal_audit\" in its log; a transaction that stays open \
             in the database also holds back the seal",
        ),
        _ => Check::ok(
            "audit log",
            format!("{} entries wait for their seal", found.unsealed_entries),
        ),
    };
    let queued = found.new_mails + found.retried_mails;
    let mail = match found.oldest_mail {
        Some(age) if !expected.sends_mail => Check::warning(
            "mail",
            format!(
                "{queued} mails are queued, the oldest for {}, and mail.transport is \"none\"",
                whole(age)
            ),
            "set mail.transport, or delete the mails",
        ),
        Some(age) if age > MAX_MAIL_AGE => Check::warning(
            "mail",
            format!(
                "{queued} mails are queued, the oldest for {}; {} were tried in vain",
                whole(age),
                found.retried_mails
            ),
            "look for \"mail not sent\" in the log of the server: it has the answer of the mail server",
        ),
        _ => Check::ok("mail", format!("{queued} mails are queued")),
    };
    Ok(vec![audit, mail])
}

async fn server(kernel: &Kernel, expected: Expected) -> Result<Vec<Check>> {
    let Some(server) = kernel.database.server().await? else {
        let check = if kernel.database.is_damaged() {
            Check::error(
                "database",
                "the file is damaged",
                "stop the server, keep a copy of the file, and restore a backup",
            )
        } else {
            Check::ok("database", "SQLite")
        };
        return Ok(vec![check]);
    };
    let watch = i64::from(kernel.database.has_replicas());
    let ours = i64::from(expected.max_connections) + EXTRA_CONNECTIONS + watch;
    let theirs = server.max_connections - server.reserved_connections;
    let connections =
        format!("a node opens up to {ours} of the {theirs} connections that the server has for it");
    let connections = if ours > theirs {
        let advice = "lower database.max_connections, or raise max_connections of PostgreSQL";
        Check::error("connections", connections, advice)
    } else if ours * 2 > theirs {
        let advice = "lower database.max_connections before you start a second node: together they would need more";
        Check::warning("connections", connections, advice)
    } else {
        Check::ok("connections", connections)
    };
    let encryption = if server.is_encrypted {
        Check::ok("encryption", "the connection to the database uses TLS")
    } else if server.is_local {
        Check::ok("encryption", "the database is on this machine")
    } else {
        Check::warning(
            "encryption",
            "the connection to the database is not encrypted",
            "add ?sslmode=verify-full&sslrootcert=FILE to database.url",
        )
    };
    Ok(vec![
        Check::ok("database", format!("PostgreSQL {}", server.version)),
        connections,
        encryption,
        clock_difference(),
    ])
}

/// Checks that every replica answers reads.
async fn replicas(kernel: &Kernel) -> Vec<Check> {
    let states = kernel.database.replica_states(REPLICAS_LIMIT).await;
    states.iter().map(replica).collect()
}

fn replica(state: &ReplicaState) -> Check {
    const NAME: &str = "replicas";
    let place = format!("{}:{}", state.host, state.port);
    let advice = match state.condition {
        Condition::Following | Condition::CatchingUp => {
            "look for slow replay, long reads or a full disk on it; until it is close enough the primary answers its reads"
        }
        Condition::Away => {
            "start it, or remove it from database.replica_urls; until then the primary answers its reads"
        }
        Condition::NoStandby => {
            "if it was promoted, make it database.url; a server that is not a standby must not be in database.replica_urls"
        }
        Condition::Foreign => {
            "correct database.replica_urls: it must name a physical replica of database.url"
        }
        Condition::Diverged => "rebuild it from the primary, with pg_rewind or pg_basebackup",
        Condition::NoPrimary => "see whether the primary answers",
    };
    let age = state.lag.map(|lag| format!("{} ms", lag.as_millis()));
    match (state.is_used, age) {
        (true, Some(age)) => {
            Check::ok(NAME, format!("{place} is at most {age} behind the primary"))
        }
        (false, Some(age)) => Check::warning(
            NAME,
            format!("{place} is {age} behind the primary, more than database.replica_max_lag"),
            advice,
        ),
        (_, None) => Check::warning(NAME, format!("{place} {}", state.condition), advice),
    }
}

fn clock_difference() -> Check {
    let difference = clock::difference().abs().to_std().unwrap_or_default();
    let found = format!(
        "this machine and the database differ by {} ms",
        difference.as_millis()
    );
    if difference > MAX_CLOCK_DIFFERENCE {
        let advice = "set the clock of this machine, for example by NTP: the log and TLS use it";
        return Check::warning("clock", found, advice);
    }
    Check::ok("clock", found)
}

/// Lists the first few names.
fn shorten(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>();
    let more = names.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Writes a time in its largest unit.
fn whole(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
