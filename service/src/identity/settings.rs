//! Settings of accounts, sessions and passwords. `config/default.toml` documents each key and holds its default.
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub registration: Registration,
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub session_idle: Duration,
    #[serde(with = "humantime_serde")]
    pub token_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub cache_lifetime: Duration,
    pub require_verified_email: bool,
    pub key: Option<SecretString>,
    pub require_totp_for: Vec<String>,
    pub min_password_score: u8,
    /// The memory of one hash, in KiB.
    pub hash_memory: u32,
    pub hash_passes: u32,
    pub hash_lanes: u32,
    pub pepper: Option<SecretString>,
    pub old_peppers: Vec<SecretString>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registration: Registration::Open,
            session_lifetime: Duration::from_hours(30 * 24),
            session_idle: Duration::from_hours(14 * 24),
            token_lifetime: Duration::from_hours(1),
            cache_lifetime: Duration::from_secs(30),
            require_verified_email: false,
            key: None,
            require_totp_for: Vec::new(),
            min_password_score: 2,
            hash_memory: 19_456,
            hash_passes: 2,
            hash_lanes: 1,
            pepper: None,
            old_peppers: Vec::new(),
        }
    }
}

/// Whether visitors may create accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    Open,
    Closed,
}
