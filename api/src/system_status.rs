//! `/system`: the program, its database and its queues, for operators.
mod backups;
mod replicas;

use std::{sync::LazyLock, time::Instant};

use service::system_status::{self, SystemStatus};
use web::prelude::*;

use self::{backups::BackupsView, replicas::ReplicaView};
use crate::{doctor::Examined, mode::ModeView, version};

/// When the program was started, or first asked.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Begins to count the time for which the program has been running.
pub fn start_clock() {
    LazyLock::force(&STARTED);
}

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            "status",
            Method::GET,
            "/system",
            Rule::permission("system.read"),
            status,
        )
        .summary("Show the state of the server")
        .about(
            "Returns the version of the program, the version and the size of the database, its replicas, what waits in the \
             queues, and when the last backup was made. Counts end at 10,000.",
        )
        .about_tag("The state of the server, for operators."),
    ]
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SystemStatus")]
struct StatusView {
    version: &'static str,
    /// The commit that the program was built from; null if the build did not name it.
    build: Option<&'static str>,
    /// How long the program that answers has been running.
    uptime_seconds: u64,
    mode: ModeView,
    database: DatabaseView,
    /// The replicas of the database; empty if it has none.
    replicas: Vec<ReplicaView>,
    queues: QueuesView,
    storage: StorageView,
    /// Null if the database is in memory, which cannot be backed up.
    backups: Option<BackupsView>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "DatabaseStatus")]
struct DatabaseView {
    /// `sqlite` or `postgres`.
    backend: &'static str,
    version: String,
    size_bytes: i64,
    /// Whether it answers; an answer of this route says that it does.
    reachable: bool,
    /// Whether the last write or a later probe succeeded.
    writable: bool,
    /// Whether the database file has no known damage.
    intact: bool,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "QueueStatus")]
struct QueuesView {
    mail: MailView,
    audit: AuditQueueView,
}

/// Mails that are not sent yet.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "MailStatus")]
struct MailView {
    waiting: u64,
    /// Mails that will be tried again after a failure.
    failed: u64,
    /// When the oldest of them was queued.
    oldest_at: Option<Time>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AuditStatus")]
struct AuditQueueView {
    /// The number of entries that are kept.
    entries: u64,
    /// Entries that are not sealed yet.
    unsealed: u64,
    last_sealed_at: Option<Time>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "StorageStatus")]
struct StorageView {
    database_bytes: i64,
}

async fn status(call: Call) -> Answer<Ok<StatusView>> {
    let status = system_status::system_status(&call.session).await?;
    let kernel = &call.session.kernel;
    let backups = match kernel.find_state::<Examined>() {
        Some(examined) => BackupsView::of(examined.settings()).await,
        None => None,
    };
    Ok(Reply::ok(&StatusView {
        replicas: ReplicaView::all(&kernel.database).await,
        backups,
        ..StatusView::new(status, ModeView::of(&kernel.database))
    })?)
}

impl StatusView {
    fn new(status: SystemStatus, mode: ModeView) -> Self {
        let SystemStatus {
            database,
            is_writable,
            is_intact,
            mail,
            audit,
        } = status;
        let sealed = audit.last_seq.saturating_sub(audit.pruned_seq);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            build: version::known_commit(),
            uptime_seconds: STARTED.elapsed().as_secs(),
            mode,
            replicas: Vec::new(),
            backups: None,
            storage: StorageView {
                database_bytes: database.size_bytes,
            },
            database: DatabaseView {
                backend: database.backend,
                version: database.version,
                size_bytes: database.size_bytes,
                reachable: true,
                writable: is_writable,
                intact: is_intact,
            },
            queues: QueuesView {
                mail: MailView {
                    waiting: mail.waiting,
                    failed: mail.failed,
                    oldest_at: mail.oldest_at.map(Time::from),
                },
                audit: AuditQueueView {
                    entries: sealed.unsigned_abs() + audit.unsealed,
                    unsealed: audit.unsealed,
                    last_sealed_at: audit.last_sealed_at.map(Time::from),
                },
            },
        }
    }
}
