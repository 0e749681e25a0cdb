//! Configuration: merges layers of files and variables into settings, and names the key of each mistake.
mod backup;
mod check;
mod files;
mod inputs;
mod keys;
mod misspelt;
mod postgres;
mod profile;
mod show;
#[cfg(test)]
mod tests;
mod variables;
mod wrong_types;

use anyhow::{Context, anyhow, bail, ensure};
use config::{Config, ConfigBuilder, ConfigError, Map, Source, Value, builder::DefaultState};
use kernel::Cache;
use serde::Deserialize;
use service::mail::Mailer;

pub use backup::BackupSettings;
pub use inputs::{Inputs, Setting, Variables};
pub use keys::Entry;
pub use misspelt::SEED_PASSWORD;
pub use profile::Profile;
pub use show::{mask, place, show};

use web::{
    load::LoadSettings,
    rate::{RateSettings, RedisSettings},
    settings::{ApiSettings, HttpSettings, ServerSettings},
};

use crate::{
    jobs::JobSettings,
    metrics::MetricsSettings,
    telemetry::{LogSettings, OtlpSettings},
};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub server: ServerSettings,
    pub api: ApiSettings,
    pub admin: crate::admin::Settings,
    pub rate_limit: RateSettings,
    pub load: LoadSettings,
    /// Absent unless one of its keys is set.
    #[serde(default)]
    pub redis: RedisSettings,
    pub database: kernel::database::Settings,
    pub auth: service::identity::Settings,
    pub soft_delete: service::retention::Settings,
    pub audit: kernel::audit::Settings,
    pub idempotency: kernel::idempotency::Settings,
    pub cache: kernel::cache::Settings,
    pub mail: service::mail::Settings,
    pub jobs: JobSettings,
    pub log: LogSettings,
    pub otlp: OtlpSettings,
    pub metrics: MetricsSettings,
    pub backup: BackupSettings,
}

/// The merged layers, from which [`Settings`] are built.
#[derive(Debug)]
pub struct Configuration {
    pub profile: Profile,
    /// All values, sorted by key.
    pub entries: Vec<Entry>,
    /// Probable mistakes that do not prevent the start.
    pub warnings: Vec<String>,
    values: Config,
}

impl Configuration {
    /// Fails on unreadable files, an unknown profile and unknown keys.
    pub fn read(inputs: &Inputs) -> anyhow::Result<Self> {
        let profile = inputs
            .get("ATOLL_PROFILE")
            .map_or(Ok(Profile::Development), str::parse)?;
        let mut layers = files::layers(inputs, profile)?;
        layers.extend(variables::layers(inputs));
        let unknown: Vec<_> = layers
            .iter()
            .flat_map(keys::flatten)
            .filter_map(|entry| keys::unknown(&entry))
            .collect();
        ensure!(unknown.is_empty(), unknown.join("\n"));

        let values = layers
            .into_iter()
            .map(Layer)
            .fold(Config::builder(), ConfigBuilder::<DefaultState>::add_source)
            .build()?;
        let entries = keys::flatten(&values.collect()?);
        Ok(Self {
            profile,
            entries,
            warnings: misspelt::warnings(inputs),
            values,
        })
    }

    /// Fails on values of the wrong type or out of range, and on those that are unsafe in production.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let settings: Settings = self
            .values
            .clone()
            .try_deserialize()
            .map_err(|error| self.explain(&error))?;
        let mut problems = check::limits(&settings);
        problems.extend(check::mail(&settings, self.profile));
        if self.profile == Profile::Production {
            problems.extend(check::unsafe_in_production(&settings));
        }
        let lines: Vec<_> = problems
            .into_iter()
            .map(|(key, problem)| self.describe(key, problem))
            .collect();
        if lines.is_empty() {
            return Ok(settings);
        }
        bail!("{}", lines.join("\n"))
    }

    /// Describes a problem without the value, which may be a secret in the wrong place.
    fn describe(&self, key: &str, problem: &str) -> String {
        match self.origin(key) {
            Some(origin) => format!("{key}, from {origin}, {problem}"),
            None => format!("{key} {problem}"),
        }
    }

    /// Names all keys with values of the wrong type. The error itself would show a value.
    fn explain(&self, error: &ConfigError) -> anyhow::Error {
        let wrong = self.wrong_types().into_iter();
        let lines: Vec<_> = wrong
            .map(|(Entry { key, .. }, expected)| self.describe(key, &expected))
            .collect();
        if !lines.is_empty() {
            return anyhow!("{}", lines.join("\n"));
        }
        match error {
            ConfigError::NotFound(key) => anyhow!("{key} is missing"),
            _ => anyhow!("a value has the wrong type"),
        }
    }

    /// Returns warnings about settings that are allowed in production but risky. Other profiles have none.
    pub fn risks(&self, settings: &Settings) -> Vec<String> {
        if !self.is_production() {
            return Vec::new();
        }
        let risks = self.all_risks(settings).into_iter();
        risks.map(|(key, risk)| format!("{key} {risk}")).collect()
    }

    pub fn is_production(&self) -> bool {
        self.profile == Profile::Production
    }

    /// Returns the keys of settings that would be risky in production, each with its risk.
    pub fn all_risks(&self, settings: &Settings) -> Vec<(&'static str, &'static str)> {
        check::risks_in_production(settings)
    }

    /// Returns the keys of settings that an operator should know about, each with what to know.
    pub fn notes(&self, settings: &Settings) -> Vec<(&'static str, &'static str)> {
        check::notes_in_production(settings)
    }

    pub fn origin(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(Entry::origin)
    }
}

impl Settings {
    /// Returns the settings of the service. Fails on mail templates that cannot be rendered.
    pub fn service(&self) -> anyhow::Result<service::Settings> {
        Ok(service::Settings {
            auth: self.auth.clone(),
            audit: self.audit.clone(),
            soft_delete: self.soft_delete.clone(),
            idempotency: self.idempotency.clone(),
            cache: Cache::start(&self.cache, self.redis.url.as_ref())?,
            mail: Mailer::start(&self.mail, &self.base_url()).context("mail")?,
        })
    }

    /// Returns the URL that links begin with.
    fn base_url(&self) -> String {
        let here = || format!("http://localhost:{}", self.server.port);
        self.server.public_url.clone().unwrap_or_else(here)
    }

    /// Returns the settings of the HTTP server.
    pub fn http(&self) -> HttpSettings {
        HttpSettings {
            server: self.server.clone(),
            api: self.api,
            rate_limit: self.rate_limit.clone(),
            load: self.load.clone(),
            redis: self.redis.clone(),
            log_client_address: self.log.client_address,
        }
    }

    pub fn load(inputs: &Inputs) -> anyhow::Result<Self> {
        Configuration::read(inputs)
            .context("reading the configuration")?
            .settings()
    }
}

#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}
