//! Settings of backups; `config/default.toml` documents each key and holds its default.
use std::path::PathBuf;

use serde::Deserialize;
use service::backup::Keep;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupSettings {
    pub folder: PathBuf,
    pub recipients: Vec<String>,
    pub keep: String,
    #[serde(with = "humantime_serde")]
    pub max_age: std::time::Duration,
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
