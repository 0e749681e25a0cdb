//! The settings of the cache. `config/default.toml` documents each key and holds its default.
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The bytes of memory; 0 turns the cache off.
    pub size: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            size: 32 * 1024 * 1024,
        }
    }
}
