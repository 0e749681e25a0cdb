//! Prints the effective configuration with the origin of each value, without secrets.
use std::{
    io::{self, Write},
    path,
};

use config::{Value, ValueKind};
use secrecy::ExposeSecret;

use super::{Configuration, Entry};

const MASK: &str = "***";

/// These are shown with their passwords masked.
const URLS: [&str; 4] = [
    "backup.s3.endpoint",
    "backup.store",
    "database.url",
    "redis.url",
];

/// A list of URLs, which are shown in the same way.
const REPLICAS: &str = "database.replica_urls";

const SECRET: [&str; 9] = [
    "audit.key",
    "auth.key",
    "auth.old_peppers",
    "auth.pepper",
    "backup.s3.secret_access_key",
    "backup.s3.session_token",
    "mail.smtp_url",
    "otlp.headers",
    "server.secret",
];

/// Prints TOML, with the origin of each value in a comment.
pub fn show(configuration: &Configuration, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# profile: {}", configuration.profile)?;
    let mut current = "";
    let wrong = configuration.wrong_types();
    let is_wrong = |key: &str| wrong.iter().any(|(entry, _)| entry.key == key);
    for entry in &configuration.entries {
        let (section, name) = entry.key.split_once('.').unwrap_or(("", &entry.key));
        if section != current {
            writeln!(out, "\n[{section}]")?;
            current = section;
        }
        let value = if is_wrong(&entry.key) {
            format!("{MASK:?}")
        } else {
            text(entry)
        };
        let line = format!("{name} = {value}");
        writeln!(out, "{line:<52} # {}", entry.origin())?;
    }
    Ok(())
}

fn text(Entry { key, value }: &Entry) -> String {
    match &value.kind {
        ValueKind::String(url) if URLS.contains(&key.as_str()) => format!("{:?}", mask(url)),
        ValueKind::Array(urls) if key == REPLICAS => {
            let url = |url: &Value| match &url.kind {
                ValueKind::String(url) => format!("{:?}", mask(url)),
                _ => format!("{MASK:?}"),
            };
            let urls: Vec<_> = urls.iter().map(url).collect();
            format!("[{}]", urls.join(", "))
        }
        ValueKind::Array(items) if key == "auth.old_peppers" => {
            let items = vec![format!("{MASK:?}"); items.len()];
            format!("[{}]", items.join(", "))
        }
        _ if key == REPLICAS || URLS.contains(&key.as_str()) || SECRET.contains(&key.as_str()) => {
            format!("{MASK:?}")
        }
        kind => toml(kind),
    }
}

fn toml(kind: &ValueKind) -> String {
    match kind {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| toml(&item.kind)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// Describes where a database is, without a password: the absolute path of a file, or the host and the name.
pub fn place(database: &kernel::database::Settings) -> String {
    if database.is_in_memory() {
        return "SQLite in memory".to_owned();
    }
    if let Some(file) = database.file() {
        let absolute = path::absolute(&file).unwrap_or(file);
        return absolute.display().to_string();
    }
    let url = mask(database.url.expose_secret());
    let rest = url.split_once("://").map_or(&*url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let place = rest.split_once('?').map_or(rest, |(place, _)| place);
    format!("PostgreSQL {place}")
}

/// Masks the password of a URL. When in doubt it masks more: a password with a `/` or an `@` that should have been encoded
/// must not show.
pub fn mask(url: &str) -> String {
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let (scheme, rest) = url.split_at(start);
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (mask_password(user) + "@", place),
        None => (String::new(), rest),
    };
    let place = match place.split_once('?') {
        Some((place, query)) => format!("{place}?{}", without_passwords(query)),
        None => place.to_owned(),
    };
    format!("{scheme}{user}{place}")
}

fn mask_password(user: &str) -> String {
    match user.split_once(':') {
        Some((name, _password)) => format!("{name}:{MASK}"),
        None => user.to_owned(),
    }
}

/// sqlx also accepts `?password=`.
fn without_passwords(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if name.to_lowercase().contains("password") => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}
