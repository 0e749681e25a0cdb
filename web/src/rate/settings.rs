//! Settings of the rate limits; `config/default.toml` documents each key and holds its default.
use std::{num::NonZeroU32, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Policy, Quota};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSettings {
    pub signed_in: u32,
    pub anonymous: u32,
    pub auth: u32,
    #[serde(with = "humantime_serde")]
    pub per: Duration,
}

impl RateSettings {
    /// Returns `None` if there is no limit.
    pub fn quota(&self, policy: Policy) -> Option<Quota> {
        let requests = match policy {
            Policy::SignedIn => self.signed_in,
            Policy::Anonymous => self.anonymous,
            Policy::Auth => self.auth,
        };
        let requests = NonZeroU32::new(requests)?;
        Some(Quota {
            requests,
            per: self.per,
        })
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    pub url: Option<SecretString>,
}

impl RedisSettings {
    /// Returns false if the URL is invalid.
    pub fn is_valid(&self) -> bool {
        let url = self.url.as_ref();
        url.is_none_or(|url| redis::Client::open(url.expose_secret()).is_ok())
    }
}

impl Default for RateSettings {
    fn default() -> Self {
        Self {
            signed_in: 6_000,
            anonymous: 3_000,
            auth: 600,
            per: Duration::from_mins(1),
        }
    }
}
