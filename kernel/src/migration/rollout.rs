//! Applies migrations while servers use the database.
//!
//! The first migrations, which make the tables, run in one transaction. Later ones have a transaction each, so that the locks of
//! one end before the next begins, and wait only briefly for a lock, because later statements wait behind them.

use sea_orm_migration::{
    MigratorTraitSelf, SchemaManagerConnection,
    sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr},
};

use super::lock::{self, Steps};

/// How long a migration waits for the lock on a table. Every later statement on the table waits behind it.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";

/// How long a migration outside a transaction waits for running transactions. No statement waits behind it.
const LONG_LOCK_TIMEOUT: &str = "SET lock_timeout = '1h'";
const RESET_LOCK_TIMEOUT: &str = "RESET lock_timeout";

/// Applies the next pending migrations, at most `limit`. Returns how many it applied, and `None` if there was nothing to do.
pub(super) async fn apply_next(
    steps: &Steps,
    db: SchemaManagerConnection<'_>,
    limit: u32,
) -> Result<Option<u32>, DbErr> {
    let connection = match &db {
        SchemaManagerConnection::Connection(connection) => Some(*connection),
        _ => None,
    };
    let tx = lock::begin(db).await?;
    let pending = steps.get_pending_migrations(&tx).await?;
    let Some(next) = pending.first().filter(|_| limit > 0) else {
        tx.commit().await?;
        return Ok(None);
    };
    let is_postgres = tx.get_database_backend() == DbBackend::Postgres;
    let outside = if is_postgres {
        outside(steps)
    } else {
        Vec::new()
    };
    if let Some(connection) = connection
        && outside.iter().any(|name| name == next.name())
    {
        tx.commit().await?;
        return apply_outside(steps, connection, next.name()).await;
    }
    let is_new = pending.len() == steps.migrations().len();
    let count = if is_new || connection.is_none() {
        let inside = pending.iter().take_while(|step| {
            connection.is_none() || !outside.iter().any(|name| name == step.name())
        });
        u32::try_from(inside.count()).unwrap_or(limit).min(limit)
    } else {
        1
    };
    if is_postgres && !is_new {
        tx.execute_unprepared(LOCK_TIMEOUT).await?;
    }
    steps.up(&tx, Some(count)).await?;
    tx.commit().await?;
    Ok(Some(count))
}

/// Returns the names of the migrations that ask for no transaction, for example because of `CREATE INDEX CONCURRENTLY`.
fn outside(steps: &Steps) -> Vec<String> {
    let all = steps.migrations().into_iter();
    let outside = all.filter(|step| step.use_transaction() == Some(false));
    outside.map(|step| step.name().to_owned()).collect()
}

/// Applies one migration outside of any transaction, while the session holds the lock.
async fn apply_outside(
    steps: &Steps,
    connection: &DatabaseConnection,
    name: &str,
) -> Result<Option<u32>, DbErr> {
    lock::hold(connection).await?;
    let applied = async {
        let pending = steps.get_pending_migrations(connection).await?;
        // Another process may have applied it before this one got the lock.
        if pending.first().is_none_or(|next| next.name() != name) {
            return Ok(Some(0));
        }
        connection.execute_unprepared(LONG_LOCK_TIMEOUT).await?;
        let done = steps.up(connection, Some(1)).await;
        connection.execute_unprepared(RESET_LOCK_TIMEOUT).await?;
        done.map(|()| Some(1))
    };
    let applied = applied.await;
    lock::release(connection).await?;
    applied
}
