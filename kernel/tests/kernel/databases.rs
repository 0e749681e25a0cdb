//! Starts a kernel on an empty database of its own: in memory on SQLite, and on PostgreSQL if there is a server.
//!
//! `ATOLL_TEST_SERVER` names a server whose user may create databases. With `CI=true` a throw-away server is started.
use std::{
    env, process,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use kernel::{Database, Kernel, database::Settings, migration::Migrator, registry::Table};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the suite of the product stops and freezes its servers too"
)]
#[path = "../../../tests/src/throw_away.rs"]
mod throw_away;

/// The schema and the resources of an application.
#[derive(Clone, Copy)]
pub struct Application {
    pub migrator: Migrator,
    pub tables: fn() -> Vec<Table>,
}

/// Runs a test on each database.
pub async fn on_each(application: Application, test: impl AsyncFn(Kernel)) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    test(start(application, "sqlite::memory:").await).await;
    let Some(server) = SERVER.as_deref() else {
        return;
    };
    let name = format!("kernel_{}_{}", process::id(), NEXT.fetch_add(1, Relaxed));
    let mut admin = connect(server).await;
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    admin.execute(create).await.unwrap();
    let (host, _) = server.rsplit_once('/').unwrap();
    test(start(application, &format!("{host}/{name}")).await).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    admin.execute(drop).await.unwrap();
}

async fn start(application: Application, url: &str) -> Kernel {
    let database = Database::connect(&settings(url), None).await.unwrap();
    let migrations = database.migrations(application.migrator);
    migrations.up(None).await.unwrap();
    let kernel = Kernel::for_tables(database, (application.tables)());
    kernel.registry().check().unwrap();
    kernel
}

/// The result of a test must not depend on the load of the machine.
fn settings(url: &str) -> Settings {
    let mut settings = Settings {
        max_connections: 4,
        acquire_timeout: Duration::from_secs(10),
        lock_timeout: Duration::from_secs(10),
        check: Duration::ZERO,
        ..Settings::new(url)
    };
    settings.extend_deadlines();
    settings
}

static SERVER: LazyLock<Option<String>> = LazyLock::new(|| {
    static STARTED: LazyLock<Option<throw_away::ThrowAway>> =
        LazyLock::new(|| throw_away::ThrowAway::start(tempfile::tempdir().unwrap()));
    let given = env::var("ATOLL_TEST_SERVER").ok();
    let is_ci = env::var("CI").is_ok_and(|ci| ci == "true");
    given.or_else(|| {
        let started = is_ci.then(|| STARTED.as_ref()).flatten()?;
        Some(started.url.clone())
    })
});

/// A server that was just started refuses connections for a moment.
async fn connect(url: &str) -> PgConnection {
    for _ in 0..200 {
        if let Ok(connection) = PgConnection::connect(url).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the PostgreSQL server did not come up within 10 s")
}
