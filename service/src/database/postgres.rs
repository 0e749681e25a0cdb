//! The PostgreSQL pool.
use std::{str::FromStr, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqlxPostgresConnector, Statement,
};
use sqlx::{
    ConnectOptions, Connection, Executor,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tracing::log::LevelFilter;

use super::Settings;
use crate::{Error, Result};

pub(super) async fn connect(
    url: &str,
    settings: &Settings,
) -> Result<(DatabaseConnection, PgConnectOptions)> {
    let server = PgConnectOptions::from_str(url)
        .map_err(Error::internal)?
        .application_name("atoll")
        .statement_cache_capacity(settings.statement_cache)
        .options([
            ("statement_timeout", milliseconds(settings.read_timeout)),
            ("lock_timeout", milliseconds(settings.lock_timeout)),
            (
                "idle_in_transaction_session_timeout",
                milliseconds(settings.idle_in_transaction_timeout),
            ),
        ])
        .disable_statement_logging();
    let test_after_idle = settings.test_after_idle;
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .min_connections(settings.min_connections)
        .acquire_timeout(settings.acquire_timeout)
        .acquire_slow_threshold(settings.acquire_timeout / 4)
        .acquire_slow_level(LevelFilter::Warn)
        .idle_timeout(settings.idle_timeout)
        .max_lifetime(settings.max_lifetime)
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= test_after_idle {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        // sqlx 0.9.0 returns a connection whose BEGIN was cancelled inside an open transaction, and the next user's
        // acknowledged write is rolled back with it (transact-rs/sqlx#4394). Outside a transaction this is a notice.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.execute("ROLLBACK").await?;
                Ok(true)
            })
        })
        .connect_with(server.clone())
        .await
        .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    Ok((SqlxPostgresConnector::from_sqlx_postgres_pool(pool), server))
}

/// Lets no statement of a transaction run, or wait for a lock, beyond the time that is left.
pub(super) async fn limit(
    tx: &DatabaseTransaction,
    left: Duration,
    lock_timeout: Duration,
) -> Result<()> {
    // 0 would be no limit at all.
    let left = left.max(Duration::from_millis(1));
    let lock_timeout = if lock_timeout.is_zero() {
        left
    } else {
        lock_timeout.min(left)
    };
    let set =
        "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true)";
    let values = [milliseconds(left).into(), milliseconds(lock_timeout).into()];
    let set = Statement::from_sql_and_values(DbBackend::Postgres, set, values);
    tx.query_one_raw(set).await?;
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}
