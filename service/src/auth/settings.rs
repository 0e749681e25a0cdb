//! How users come and stay; `config/default.toml` documents each key and holds its default.
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
    pub key: Option<SecretString>,
    pub require_totp_for: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registration: Registration::Open,
            session_lifetime: Duration::from_hours(30 * 24),
            session_idle: Duration::from_hours(14 * 24),
            token_lifetime: Duration::from_hours(1),
            cache_lifetime: Duration::from_secs(30),
            key: None,
            require_totp_for: Vec::new(),
        }
    }
}

/// Whether anybody may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    Open,
    Closed,
}
