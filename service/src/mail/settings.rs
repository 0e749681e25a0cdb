//! Settings of mail. `config/default.toml` documents each key and holds its default.
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub transport: Transport,
    pub from: Option<String>,
    /// The URL may contain a password.
    pub smtp_url: Option<SecretString>,
    pub folder: Option<PathBuf>,
    pub templates: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Mail is turned off.
    #[default]
    None,
    /// Mails are written to the log, including their secrets; for development.
    Log,
    /// Each mail is written to a file in a folder.
    File,
    Smtp,
}
