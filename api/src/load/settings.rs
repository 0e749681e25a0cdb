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
