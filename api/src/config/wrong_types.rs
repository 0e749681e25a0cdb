//! Finds values of the wrong type. Values are never shown: one may be a password that was pasted into the wrong variable.
use config::{Config, ConfigError, Map, Value, ValueKind};

use super::{Configuration, Entry, Layer, Settings, keys};

const DURATION: &str = "must be a duration with a unit, such as \"250ms\", \"5s\" or \"12h\"";
const ADDRESS: &str = "must be an IP address, such as 127.0.0.1 or ::";
const PROXIES: &str =
    "must be addresses such as 192.0.2.1 or networks such as 10.0.0.0/8, but not all addresses";
const OTHER: &str = "must have the form that config/default.toml describes";

impl Configuration {
    /// Returns the entries whose values have the wrong type, each with what the value must be.
    pub(super) fn wrong_types(&self) -> Vec<(&Entry, String)> {
        if self.values.clone().try_deserialize::<Settings>().is_ok() {
            return Vec::new();
        }
        let is_default = |entry: &&Entry| {
            keys::default_of(&entry.key).is_some_and(|default| default.kind == entry.value.kind)
        };
        let set = self.entries.iter().filter(|entry| !is_default(entry));
        let wrong = set.filter_map(|entry| {
            let error = read_alone(entry).err()?;
            Some((entry, expectation(&entry.key, &error)))
        });
        wrong.collect()
    }
}

/// Reads the default settings with only this value replaced.
fn read_alone(Entry { key, value }: &Entry) -> Result<Settings, ConfigError> {
    Config::builder()
        .add_source(Layer(keys::defaults()))
        .add_source(Layer(Map::<String, Value>::from_iter([(
            key.clone(),
            value.clone(),
        )])))
        .build()?
        .try_deserialize()
}

fn expectation(key: &str, error: &ConfigError) -> String {
    match error {
        ConfigError::At { error, .. } => expectation(key, error),
        ConfigError::Type { expected, .. } => by_type(expected),
        error => by_text(&error.to_string()).unwrap_or_else(|| by_key(key).to_owned()),
    }
}

/// Extracts what serde expected from the end of its error, behind the value.
fn by_text(text: &str) -> Option<String> {
    let is_serde = ["unknown variant ", "invalid value: ", "invalid type: "]
        .iter()
        .any(|begin| text.starts_with(begin));
    let (_, expected) = text.rsplit_once(", expected ").filter(|_| is_serde)?;
    Some(by_type(expected))
}

/// Describes the expected type to an operator.
fn by_type(expected: &str) -> String {
    if matches!(expected, "u16" | "an unsigned 16 bit integer") {
        "must be a whole number from 0 to 65535".to_owned()
    } else if expected.contains("unsigned") || expected.starts_with('u') {
        "must be a whole number that is not negative and not too large".to_owned()
    } else if expected.contains("integer") {
        "must be a whole number".to_owned()
    } else if expected == "a boolean" {
        "must be true or false".to_owned()
    } else {
        format!("must be {expected}")
    }
}

fn by_key(key: &str) -> &'static str {
    let default = keys::default_of(key).map(|default| &default.kind);
    match (key, default) {
        ("server.host", _) => ADDRESS,
        ("server.trusted_proxies", _) => PROXIES,
        ("server.proxy_header", _) => "must be `x-forwarded-for` or `forwarded`",
        ("auth.registration", _) => "must be `open` or `closed`",
        ("mail.transport", _) => "must be `none`, `smtp`, `file` or `log`",
        ("log.format", _) => "must be `human` or `json`",
        (_, Some(ValueKind::String(text))) if is_duration(text) => DURATION,
        _ => OTHER,
    }
}

fn is_duration(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && text.ends_with(['s', 'm', 'h', 'd'])
}
