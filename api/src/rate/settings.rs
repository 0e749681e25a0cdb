//! Settings of the rate limits; `config/default.toml` documents each key and holds its default.
use std::{num::NonZeroU32, time::Duration};

use secrecy::SecretString;
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
