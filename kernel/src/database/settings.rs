//! The settings of the database. `config/default.toml` documents each key and holds its default.
use std::{path::PathBuf, str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::sqlite::SqliteConnectOptions;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub url: SecretString,
    /// The servers that replicate the database, for reads.
    pub replica_urls: Vec<SecretString>,
    #[serde(with = "humantime_serde")]
    pub replica_max_lag: Duration,
    pub migrate: bool,
    pub max_connections: u32,
    pub min_connections: u32,
    pub reserved_connections: u32,
    #[serde(with = "humantime_serde")]
    pub acquire_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub outage_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub read_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub write_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub long_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub max_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub test_after_idle: Duration,
    #[serde(with = "humantime_serde")]
    pub lock_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub idle_in_transaction_timeout: Duration,
    pub statement_cache: usize,
    #[serde(with = "humantime_serde")]
    pub slow_statement: Duration,
    #[serde(with = "humantime_serde")]
    pub check: Duration,
}

/// The deadline of a command, which its operator can end earlier.
const COMMAND_TIMEOUT: Duration = Duration::from_hours(24);

impl Settings {
    /// Returns the default settings for a URL.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            replica_urls: Vec::new(),
            replica_max_lag: Duration::from_secs(1),
            migrate: false,
            max_connections: 10,
            min_connections: 0,
            reserved_connections: 2,
            acquire_timeout: Duration::from_millis(800),
            outage_timeout: Duration::from_millis(1_500),
            read_timeout: Duration::from_secs(2),
            write_timeout: Duration::from_secs(5),
            long_timeout: Duration::from_mins(1),
            idle_timeout: Duration::from_mins(10),
            max_lifetime: Duration::from_mins(30),
            test_after_idle: Duration::from_secs(1),
            lock_timeout: Duration::from_millis(250),
            idle_in_transaction_timeout: Duration::from_secs(10),
            statement_cache: 500,
            slow_statement: Duration::from_millis(100),
            check: Duration::from_secs(5),
        }
    }

    /// Lets the statements and transactions of an operator's command take up to a day. It uses no replicas.
    pub fn extend_deadlines(&mut self) {
        self.replica_urls.clear();
        self.read_timeout = COMMAND_TIMEOUT;
        self.write_timeout = COMMAND_TIMEOUT;
        self.long_timeout = COMMAND_TIMEOUT;
    }

    /// Returns the file of a SQLite database; `None` for one in memory, one on a server, and an invalid URL.
    pub fn file(&self) -> Option<PathBuf> {
        let url = self.url.expose_secret();
        let is_file = url.starts_with("sqlite:") && !self.is_in_memory();
        let options = SqliteConnectOptions::from_str(url).ok();
        let options = options.filter(|_| is_file);
        options.map(|options| options.get_filename().to_owned())
    }

    /// Returns true if the database ends with its last connection.
    pub fn is_in_memory(&self) -> bool {
        let url = self.url.expose_secret();
        url.starts_with("sqlite:") && (url.contains(":memory:") || url.contains("mode=memory"))
    }
}
