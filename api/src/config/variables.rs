//! Reads settings from environment variables, from `.env` and from options of the command line.
use config::{Map, Value, ValueKind};

use super::{
    inputs::{Inputs, Setting, Variables, value},
    keys, postgres,
};

const PREFIX: &str = "ATOLL__";

/// Conventional names that platforms and tools set. Of two names for one key the last one counts.
const ALIASES: [(&str, &str); 10] = [
    ("AWS_ACCESS_KEY_ID", "backup.s3.access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "backup.s3.secret_access_key"),
    ("AWS_SESSION_TOKEN", "backup.s3.session_token"),
    ("AWS_DEFAULT_REGION", "backup.s3.region"),
    ("AWS_REGION", "backup.s3.region"),
    ("AWS_ENDPOINT_URL", "backup.s3.endpoint"),
    ("AWS_ENDPOINT_URL_S3", "backup.s3.endpoint"),
    ("DATABASE_URL", "database.url"),
    ("PORT", "server.port"),
    ("RUST_LOG", "log.level"),
];

pub(super) fn is_alias(name: &str) -> bool {
    ALIASES.iter().any(|(alias, _)| *alias == name) || name.starts_with("POSTGRES_")
}

/// Returns the layers, each of which overrides the ones before it.
pub(super) fn layers(inputs: &Inputs) -> Vec<Map<String, Value>> {
    let dotenv = |name: &str| format!("{name} in .env");
    let environment = |name: &str| format!("the environment variable {name}");
    vec![
        postgres::layer(inputs),
        aliases(&inputs.dotenv, dotenv),
        prefixed(&inputs.dotenv, dotenv),
        aliases(&inputs.environment, environment),
        prefixed(&inputs.environment, environment),
        options(&inputs.options),
    ]
}

fn aliases(variables: &Variables, origin: impl Fn(&str) -> String) -> Map<String, Value> {
    let set = |&(alias, key): &(&str, &str)| {
        let text = value(variables, alias)?;
        Some((key.to_owned(), typed(key, text, &origin(alias))))
    };
    ALIASES.iter().filter_map(set).collect()
}

fn options(settings: &[Setting]) -> Map<String, Value> {
    let set = |Setting { option, key, text }: &Setting| {
        let origin = format!("the option {option}");
        ((*key).to_owned(), typed(key, text, &origin))
    };
    settings.iter().map(set).collect()
}

/// Variables with one underscore are not settings; `misspelt` warns about them.
fn prefixed(variables: &Variables, origin: impl Fn(&str) -> String) -> Map<String, Value> {
    let set = |name: &String| {
        let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
        let text = value(variables, name)?;
        Some((key.clone(), typed(&key, text, &origin(name))))
    };
    variables.keys().filter_map(set).collect()
}

/// Converts text to the type of the key's default. Text that cannot be converted stays text and is refused later.
fn typed(key: &str, text: &str, origin: &String) -> Value {
    let kind = match keys::default_of(key).map(|default| &default.kind) {
        Some(ValueKind::I64(_)) => text.parse().map(ValueKind::I64).ok(),
        Some(ValueKind::Boolean(_)) => text.parse().map(ValueKind::Boolean).ok(),
        Some(ValueKind::Array(_)) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Some(ValueKind::Array(
                items.map(|item| Value::new(Some(origin), item)).collect(),
            ))
        }
        _ => None,
    };
    Value::new(Some(origin), kind.unwrap_or_else(|| text.into()))
}
