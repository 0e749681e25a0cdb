//! The settings of the audit log. `config/default.toml` documents each key and holds its default.
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub key: Option<SecretString>,
    #[serde(with = "humantime_serde")]
    pub seal_interval: Duration,
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
    /// The most bytes of changed values that one user may store within a day.
    pub daily_limit: u64,
    /// True if the audit log is written. It is not a configuration key: only the benchmark of the audit log turns it off.
    #[serde(skip, default = "always")]
    pub is_kept: bool,
}

const fn always() -> bool {
    true
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            key: None,
            seal_interval: Duration::from_secs(1),
            retention: Duration::ZERO,
            daily_limit: 1024 * 1024 * 1024,
            is_kept: always(),
        }
    }
}
