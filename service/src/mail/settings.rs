//! How mail goes out; `config/default.toml` documents each key and holds its default.
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub transport: Transport,
    pub from: Option<String>,
    /// It may hold a password.
    pub smtp_url: Option<SecretString>,
    pub folder: Option<PathBuf>,
    pub templates: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// No mail at all.
    #[default]
    None,
    /// Into the log, secrets and all: for development.
    Log,
    /// Into a folder, a file each.
    File,
    Smtp,
}
