//! Logs to standard error, as text or JSON, and traces.
mod human;
mod json;
mod traces;

use std::{
    env,
    io::{IsTerminal, stderr},
};

use anyhow::anyhow;
use serde::Deserialize;
use tracing::{Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{LevelFilter, ParseError, Targets},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::{SubscriberInitExt, TryInitError},
};

pub use self::traces::{OtlpSettings, Traces, add_metrics, request_traces};
use self::{human::HumanLog, json::JsonLog};

/// `config/default.toml` documents each key and holds its default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    pub format: LogFormat,
    pub level: String,
    pub client_address: bool,
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
    logs.with(lines(settings))
        .try_init()
        .map_err(|error| unstarted(&error))
}

/// Starts logging, and traces if a collector is set. The level of the log has no influence on the traces.
pub fn start_traced(log: &LogSettings, otlp: &OtlpSettings) -> anyhow::Result<Option<Traces>> {
    let Some(traces) = Traces::start(otlp)? else {
        start(log)?;
        return Ok(None);
    };
    tracing_subscriber::registry()
        .with(traces.spans())
        .with(traces.statements())
        .with(lines(log).with_filter(filter(&log.level)?))
        .try_init()
        .map_err(|error| unstarted(&error))?;
    traces.announce();
    Ok(Some(traces))
}

fn unstarted(error: &TryInitError) -> anyhow::Error {
    anyhow!("cannot start logging: {error}")
}

/// Returns the layer that writes the log.
fn lines<S>(settings: &LogSettings) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    match settings.format {
        LogFormat::Human => HumanLog::new(is_coloured(), stderr).boxed(),
        LogFormat::Json => JsonLog::new(stderr).boxed(),
    }
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
