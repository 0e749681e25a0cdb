//! Settings of the HTTP server; `config/default.toml` documents each key and holds its default.
use std::{net::IpAddr, num::NonZero, thread::available_parallelism, time::Duration};

use kernel::mode::ServerMode;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    load::LoadSettings,
    proxies::{Proxies, ProxyHeader},
    rate::{RateSettings, RedisSettings},
};

const MIB: usize = 1024 * 1024;

/// Everything that a server is built from, except the service. The default values are those of `config/default.toml`.
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    pub server: ServerSettings,
    pub api: ApiSettings,
    pub rate_limit: RateSettings,
    pub load: LoadSettings,
    pub redis: RedisSettings,
    /// Whether log lines about a request have the address of its client.
    pub log_client_address: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    pub mode: ServerMode,
    pub host: IpAddr,
    pub port: u16,
    pub public_url: Option<String>,
    pub secret: Option<SecretString>,
    pub workers: usize,
    pub max_in_flight: usize,
    pub max_imports: usize,
    pub max_exports: usize,
    pub max_heavy_reads: usize,
    #[serde(with = "humantime_serde")]
    pub export_timeout: Duration,
    pub body_limit: usize,
    pub bulk_limit: usize,
    pub import_limit: usize,
    #[serde(with = "humantime_serde")]
    pub body_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub head_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    #[serde(with = "humantime_serde")]
    pub drain_delay: Duration,
    #[serde(with = "humantime_serde")]
    pub drain_timeout: Duration,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Proxies,
    pub proxy_header: ProxyHeader,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSettings {
    pub require_if_match: bool,
    pub exact_counts: bool,
    pub answer_limit: u64,
}

impl ServerSettings {
    /// Returns the number of threads that serve requests.
    pub fn workers(&self) -> usize {
        match self.workers {
            0 => available_parallelism().map_or(2, NonZero::get),
            workers => workers,
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            mode: ServerMode::default(),
            host: [127, 0, 0, 1].into(),
            port: 8080,
            public_url: None,
            secret: None,
            workers: 0,
            max_in_flight: 512,
            max_imports: 2,
            max_exports: 16,
            max_heavy_reads: 4,
            export_timeout: Duration::from_mins(1),
            body_limit: MIB,
            bulk_limit: 16 * MIB,
            import_limit: 1024 * MIB,
            body_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(75),
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(65),
            cors_origins: Vec::new(),
            trusted_proxies: Proxies::default(),
            proxy_header: ProxyHeader::default(),
        }
    }
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            require_if_match: false,
            exact_counts: true,
            answer_limit: kernel::query::ANSWER_LIMIT,
        }
    }
}
