//! Settings of the limits on concurrency and memory; `config/default.toml` documents each key and holds its default.
use std::time::Duration;

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadSettings {
    pub requests_per_caller: usize,
    pub running_per_user: usize,
    pub waiting_per_user: usize,
    #[serde(with = "humantime_serde")]
    pub user_wait: Duration,
    pub waiting: usize,
    pub waiting_per_address: usize,
    pub body_bytes: usize,
    pub bulk_bytes: usize,
    pub answer_bytes: usize,
    pub connections_per_address: usize,
    #[serde(with = "humantime_serde")]
    pub write_timeout: Duration,
}

impl Default for LoadSettings {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            requests_per_caller: 64,
            running_per_user: 16,
            waiting_per_user: 32,
            user_wait: Duration::from_millis(500),
            waiting: 1024,
            waiting_per_address: 64,
            body_bytes: 256 * MIB,
            bulk_bytes: 64 * MIB,
            answer_bytes: 256 * MIB,
            connections_per_address: 256,
            write_timeout: Duration::from_mins(1),
        }
    }
}
