//! Measures each statement, and logs it at DEBUG or, if it is slow, at WARN, in the span of the request that sent them. It never logs values.
use std::{sync::Arc, time::Duration};

use sea_orm::{DbBackend, Statement, metric::Info};

use super::metrics::Series;

/// Is called with every statement and its values.
pub type Observer = Arc<dyn Fn(&Statement) + Send + Sync>;

/// Logs a statement that was answered.
pub(super) type Log = Arc<dyn Fn(&Info<'_>) + Send + Sync>;

pub(super) fn log(
    slow: Duration,
    observer: Option<Observer>,
    series: Series,
) -> impl Fn(&Info<'_>) + Send + Sync + 'static {
    move |info| {
        let sql = info.statement.sql.as_str();
        series.count_statement(sql, info.elapsed);
        if info.elapsed >= slow {
            tracing::warn!(
                target: "atoll::sql",
                elapsed = ?info.elapsed,
                seconds = info.elapsed.as_secs_f64(),
                failed = info.failed,
                system = system(info),
                sql,
                "slow statement"
            );
        } else {
            tracing::debug!(
                target: "atoll::sql",
                elapsed = ?info.elapsed,
                seconds = info.elapsed.as_secs_f64(),
                failed = info.failed,
                system = system(info),
                sql,
                "statement"
            );
        }
        if let Some(observe) = &observer {
            observe(info.statement);
        }
    }
}

/// Returns the name that OpenTelemetry has for the database.
fn system(info: &Info<'_>) -> &'static str {
    match info.statement.db_backend {
        DbBackend::Postgres => "postgresql",
        DbBackend::Sqlite => "sqlite",
        _ => "other_sql",
    }
}
