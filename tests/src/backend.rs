//! The kind of database that a test runs on, and a fresh database of that kind.
use std::{
    env, fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use kernel::{Database, database::Settings};
use migration::MIGRATOR;
use secrecy::SecretString;
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

use crate::{Place, place, postgres};

/// The environment variable that names the kind of database of a run.
pub const BACKEND: &str = "ATOLL_TEST_BACKEND";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// SQLite in memory. It has one connection, so a read beside its own transaction fails at once.
    Memory,
    /// SQLite in a file, with the pools of the product.
    File,
    Postgres,
}

impl Backend {
    pub fn current() -> Self {
        match env::var(BACKEND).as_deref() {
            Err(_) | Ok("memory") => Self::Memory,
            Ok("file") => Self::File,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("{BACKEND}={other}; expected memory, file or postgres"),
        }
    }

    pub fn is_postgres(self) -> bool {
        self == Self::Postgres
    }

    /// Returns the URL of a fresh, migrated database, and its place, with which it is removed.
    pub async fn fresh(self) -> (String, Place) {
        match self {
            Self::Memory => ("sqlite::memory:".to_owned(), Place::Memory),
            Self::File => {
                let folder = place::folder();
                (migrated_file(folder.path()).await, Place::Folder(folder))
            }
            Self::Postgres => clone_of_template().await,
        }
    }
}

/// Writes a migrated database into the folder and returns its URL. The migrations run once per process, because they take longer than most tests.
pub async fn migrated_file(folder: &Path) -> String {
    static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(async || {
        let folder = place::folder();
        let database = Database::connect(&settings(&file_url(folder.path())), None)
            .await
            .unwrap();
        database.migrations(MIGRATOR).up(None).await.unwrap();
        // The last connection moves the write-ahead log into the file.
        database.close().await.unwrap();
        fs::read(folder.path().join(FILE)).unwrap()
    });
    // Like the server, the test makes its database unreadable to other users of the machine.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join(FILE))
        .unwrap();
    file.write_all(template.await).unwrap();
    file_url(folder)
}

const FILE: &str = "test.db";

pub fn file_url(folder: &Path) -> String {
    format!("sqlite://{}/{FILE}?mode=rwc", folder.display())
}

/// The settings of `config/default.toml`, with small pools and long timeouts.
pub fn settings(url: &str) -> Settings {
    Settings {
        url: SecretString::from(url),
        replica_urls: Vec::new(),
        replica_max_lag: Duration::from_secs(1),
        migrate: true,
        max_connections: 4,
        min_connections: 0,
        reserved_connections: 1,
        // A busy machine must not decide what a test sees: tests about timeouts set their own.
        acquire_timeout: Duration::from_secs(30),
        outage_timeout: Duration::from_secs(30),
        read_timeout: Duration::from_secs(30),
        write_timeout: Duration::from_secs(30),
        long_timeout: Duration::from_mins(1),
        idle_timeout: Duration::from_mins(10),
        max_lifetime: Duration::from_mins(30),
        test_after_idle: Duration::from_secs(1),
        lock_timeout: Duration::from_millis(250),
        idle_in_transaction_timeout: Duration::from_mins(1),
        statement_cache: 500,
        slow_statement: Duration::from_millis(500),
        check: Duration::ZERO,
    }
}

/// Clones the migrated template. The names of the clones begin with the template's, so concurrent runs do not collide.
async fn clone_of_template() -> (String, Place) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let server =
        env::var(postgres::SERVER).expect("ATOLL_TEST_SERVER must be set for a run on PostgreSQL");
    let template = env::var(postgres::TEMPLATE)
        .expect("ATOLL_TEST_TEMPLATE must be set for a run on PostgreSQL");
    let name = format!("{template}_{}", NEXT.fetch_add(1, Relaxed));
    let mut connection = PgConnection::connect(&server).await.unwrap();
    // A copy of the files takes half the time of a copy through the write-ahead log, which is the default since PostgreSQL 15.
    let strategy = match connection.server_version_num() {
        Some(150_000..) => "STRATEGY FILE_COPY",
        _ => "",
    };
    let create = format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}");
    connection
        .execute(sqlx::AssertSqlSafe(create))
        .await
        .unwrap();
    connection.close().await.unwrap();
    (postgres::with_database(&server, &name), Place::Clone(name))
}
