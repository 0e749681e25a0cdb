//! The known keys: those of `default.toml`, and the few that have no default.
use std::sync::LazyLock;

use config::{FileFormat, Format, Map, Value, ValueKind};
use kernel::suggest::nearest;

pub(super) const DEFAULT: &str = include_str!("../../../config/default.toml");

/// These keys are absent unless they are set.
pub(super) const WITHOUT_DEFAULT: [&str; 18] = [
    "audit.key",
    "auth.key",
    "auth.pepper",
    "backup.s3.access_key_id",
    "backup.s3.endpoint",
    "backup.s3.secret_access_key",
    "backup.s3.session_token",
    "backup.schedule.at",
    "backup.store",
    "mail.folder",
    "mail.from",
    "mail.smtp_url",
    "mail.templates",
    "otlp.endpoint",
    "otlp.headers",
    "redis.url",
    "server.public_url",
    "server.secret",
];

static DEFAULTS: LazyLock<Vec<Entry>> = LazyLock::new(|| flatten(&defaults()));

/// A key with its value and the origin of the value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// For example `server.port`.
    pub key: String,
    pub value: Value,
}

impl Entry {
    pub fn origin(&self) -> &str {
        self.value.origin().unwrap_or_default()
    }
}

/// Returns the table of `default.toml`.
pub(super) fn defaults() -> Map<String, Value> {
    // This cannot fail: a test parses the file.
    FileFormat::Toml.parse(None, DEFAULT).unwrap_or_default()
}

pub(super) fn default_of(key: &str) -> Option<&'static Value> {
    DEFAULTS
        .iter()
        .find(|entry| entry.key == key)
        .map(|entry| &entry.value)
}

/// Returns an error text if the key does not exist.
pub(super) fn unknown(entry: &Entry) -> Option<String> {
    let Entry { key, .. } = entry;
    if default_of(key).is_some() || WITHOUT_DEFAULT.contains(&key.as_str()) {
        return None;
    }
    let section = key.split('.').next().unwrap_or_default();
    let siblings = names_in(section);
    let hint = if siblings.is_empty() {
        format!("the sections are {}", sections().join(", "))
    } else {
        format!("the keys of `{section}` are {}", siblings.join(", "))
    };
    let meant = nearest(key, names());
    let meant = meant.map_or_else(String::new, |key| format!("did you mean `{key}`? "));
    Some(format!(
        "unknown key `{key}`, from {}: {meant}{hint}",
        entry.origin()
    ))
}

/// Returns all keys.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let with_default = DEFAULTS.iter().map(|entry| entry.key.as_str());
    with_default.chain(WITHOUT_DEFAULT)
}

fn names_in(section: &str) -> Vec<&'static str> {
    names()
        .filter_map(|key| key.strip_prefix(section)?.strip_prefix('.'))
        .collect()
}

/// Returns the leaves of a table, sorted by key. A list is a leaf; so is an empty table that is not a section, which is a
/// mistake to report.
pub(super) fn flatten(table: &Map<String, Value>) -> Vec<Entry> {
    let mut entries = Vec::new();
    collect("", table, &mut entries);
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    entries
}

fn collect(prefix: &str, table: &Map<String, Value>, entries: &mut Vec<Entry>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match &value.kind {
            ValueKind::Table(inner) if !inner.is_empty() => {
                collect(&format!("{key}."), inner, entries);
            }
            ValueKind::Table(_) if is_section(&key) => {}
            _ => entries.push(Entry {
                key,
                value: value.clone(),
            }),
        }
    }
}

fn is_section(key: &str) -> bool {
    sections().contains(&key)
}

fn sections() -> Vec<&'static str> {
    let names = DEFAULTS
        .iter()
        .filter_map(|entry| entry.key.split('.').next());
    let mut names: Vec<_> = names.collect();
    names.dedup();
    names
}
