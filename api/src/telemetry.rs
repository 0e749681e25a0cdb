//! Logs to standard error, as text or JSON.
mod human;

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

use self::human::HumanLog;

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

/// Starts logging; call it once per process. Records of the `log` crate are included.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let logs = tracing_subscriber::registry().with(filter(&settings.level)?);
    let started = match settings.format {
        LogFormat::Human => logs.with(HumanLog::new(is_coloured(), stderr)).try_init(),
        LogFormat::Json => {
            let lines = fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .with_writer(stderr);
            logs.with(lines).try_init()
        }
    };
    started.map_err(|error| anyhow!("cannot start logging: {error}"))
}

/// Tells whether the text is a level, or directives that name targets with levels. `EnvFilter` would take any other word for
/// the name of a target, log everything from it and nothing from others.
pub fn is_level(text: &str) -> bool {
    let names_a_level = |directive: &str| {
        let is_known = directive.parse::<LevelFilter>().is_ok();
        is_known || directive.is_empty() || directive.contains(['=', '['])
    };
    text.split(',').map(str::trim).all(names_a_level) && filter(text).is_ok()
}

/// Parses directives separated by commas, as in `RUST_LOG`.
pub fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    // Every connection that returns to the pool is rolled back, and PostgreSQL sends a notice each time.
    let notices = "sqlx::postgres::notice=off".parse()?;
    let filter = EnvFilter::builder().parse(level)?.add_directive(notices);
    if logs_client_errors(level) {
        return Ok(filter);
    }
    Ok(filter.add_directive(format!("{CLIENTS}=off").parse()?))
}

/// This target reports malformed requests and broken connections as errors, although the client causes them.
const CLIENTS: &str = "actix_http::h1::dispatcher";

/// Tells whether the level includes errors of clients, which are logged only for debugging.
fn logs_client_errors(level: &str) -> bool {
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
    fn malformed_requests_are_logged_at_debug() {
        assert!(!logs_client_errors("info,actix_server=warn"));
        assert!(!logs_client_errors("debug,actix_http=info"));
        assert!(logs_client_errors("debug"));
        assert!(logs_client_errors("info,actix_http=debug"));
        assert!(logs_client_errors("info,actix_http::h1::dispatcher=trace"));
    }
}
