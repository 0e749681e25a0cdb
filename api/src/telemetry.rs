//! Logs: for people or for machines, to standard error.
use std::{
    env,
    io::{IsTerminal, stderr},
};

use anyhow::anyhow;
use serde::Deserialize;
use tracing::Level;
use tracing_subscriber::{
    EnvFilter,
    filter::{LevelFilter, ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// `config/default.toml` documents each key and holds its default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    pub format: LogFormat,
    pub level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Human,
    Json,
}

/// Once per process. Records of the `log` crate go the same way.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let logs = tracing_subscriber::registry().with(filter(&settings.level)?);
    let started = match settings.format {
        LogFormat::Human => {
            let lines = fmt::layer().with_writer(stderr).with_ansi(is_coloured());
            logs.with(lines).try_init()
        }
        LogFormat::Json => {
            let lines = fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .with_writer(stderr);
            logs.with(lines).try_init()
        }
    };
    started.map_err(|error| anyhow!("logs cannot be started: {error}"))
}

/// Whether the text is a level, or directives that name targets with levels. `EnvFilter` takes any other word for the name
/// of a target, of which it then logs everything, and of all others nothing.
pub fn is_level(text: &str) -> bool {
    let names_a_level = |directive: &str| {
        let is_known = directive.parse::<LevelFilter>().is_ok();
        is_known || directive.is_empty() || directive.contains(['=', '['])
    };
    text.split(',').map(str::trim).all(names_a_level) && filter(text).is_ok()
}

/// Directives separated by commas, as `RUST_LOG` has them.
pub fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    // Every connection that goes back to the pool is rolled back, which PostgreSQL remarks on.
    let remarks = "sqlx::postgres::notice=off".parse()?;
    let filter = EnvFilter::builder().parse(level)?.add_directive(remarks);
    if hears_of_clients(level) {
        return Ok(filter);
    }
    Ok(filter.add_directive(format!("{CLIENTS}=off").parse()?))
}

/// Reports requests that cannot be parsed and connections that break, as errors although it is the client that errs.
const CLIENTS: &str = "actix_http::h1::dispatcher";

/// Whether the operator wants to read what is there for debugging.
fn hears_of_clients(level: &str) -> bool {
    let targets = level.parse::<Targets>();
    targets.is_ok_and(|targets| targets.would_enable(CLIENTS, &Level::DEBUG))
}

/// <https://no-color.org>
fn is_coloured() -> bool {
    stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_requests_are_logged_where_debugging_is_on() {
        assert!(!hears_of_clients("info,actix_server=warn"));
        assert!(!hears_of_clients("debug,actix_http=info"));
        assert!(hears_of_clients("debug"));
        assert!(hears_of_clients("info,actix_http=debug"));
        assert!(hears_of_clients("info,actix_http::h1::dispatcher=trace"));
    }
}
