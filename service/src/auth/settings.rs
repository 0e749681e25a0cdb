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
    pub require_verified_email: bool,
    pub key: Option<SecretString>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registration: Registration::Open,
            session_lifetime: Duration::from_hours(30 * 24),
            require_verified_email: false,
            key: None,
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
