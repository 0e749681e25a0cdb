//! Settings of the HTTP server; `config/default.toml` documents each key and holds its default.
use std::{net::IpAddr, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    load::LoadSettings,
    proxies::{Proxies, ProxyHeader},
    rate::{RateSettings, RedisSettings},
};

/// Everything that a server is built from, except the service.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    pub server: ServerSettings,
    pub api: ApiSettings,
    pub rate_limit: RateSettings,
    pub load: LoadSettings,
    pub redis: RedisSettings,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
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

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSettings {
    #[serde(with = "humantime_serde")]
    pub purge_interval: Duration,
}
