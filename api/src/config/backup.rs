//! Settings of backups; `config/default.toml` documents each key and holds its default.
use std::{path::PathBuf, time::Duration};

use chrono::NaiveTime;
use serde::Deserialize;
use service::backup::{Backups, Bucket, Failure, Keep, S3Settings, Schedule};

use super::Settings;
use crate::version;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupSettings {
    pub folder: PathBuf,
    /// `s3://BUCKET/PREFIX`, instead of the folder.
    pub store: Option<String>,
    pub recipients: Vec<String>,
    pub keep: String,
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub schedule: ScheduleSettings,
    pub s3: S3Settings,
}

/// When a server makes backups by itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    pub at: Option<String>,
}

impl ScheduleSettings {
    /// Returns `None` if it is off.
    pub fn schedule(&self) -> Option<Schedule> {
        (!self.every.is_zero()).then(|| Schedule {
            every: self.every,
            at: self.at.as_deref().and_then(time_of_day),
        })
    }

    pub fn has_valid_time(&self) -> bool {
        self.at
            .as_deref()
            .is_none_or(|at| time_of_day(at).is_some())
    }
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

impl BackupSettings {
    /// Returns which backups to keep; `None` keeps all.
    pub fn rule(&self) -> Option<Keep> {
        self.keep.parse().ok()
    }

    pub fn has_valid_rule(&self) -> bool {
        self.keep == "all" || self.rule().is_some()
    }
}

impl Settings {
    /// Returns the database and where its backups are. `store` replaces the configured one.
    pub fn backups(&self, store: Option<&str>) -> Result<Backups, Failure> {
        let store = store.or(self.backup.store.as_deref());
        let bucket = store.map(|url| Bucket::open(url, &self.backup.s3));
        Ok(Backups {
            database: self.database.clone(),
            folder: self.backup.folder.clone(),
            bucket: bucket.transpose()?,
            timeout: self.backup.timeout,
            program: version::TEXT,
        })
    }
}
