//! Keeps a connection from being used again when its last transaction did not end cleanly.
//!
//! sqlx 0.9 counts the open transactions of a connection and lowers the count only when COMMIT, ROLLBACK or RELEASE
//! succeeds. SQLite ends some transactions by itself, for example on a full disk. With the wrong count the next BEGIN is a
//! SAVEPOINT, and what it commits may be part of a transaction that never ends: acknowledged, seen by no reader, and lost.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use sqlx::{
    AssertSqlSafe, Connection, Error, Executor, SqliteConnection,
    sqlite::{SqlitePoolOptions, SqliteTransactionManager},
};
use sqlx_core::transaction::TransactionManager;

/// The action for a connection whose transaction did not end cleanly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is closed, and the pool opens another one.
    Closed,
    /// Its transactions are rolled back, because closing it would end an in-memory database.
    Repaired,
}

/// Checks each connection of the writer when it returns to its pool and when it is taken from there. If `retires` is set,
/// the next one is closed in any case.
pub(super) fn check_writers(
    pool: SqlitePoolOptions,
    unfit: Unfit,
    retires: &Arc<AtomicBool>,
) -> SqlitePoolOptions {
    let (when_released, when_taken) = (retires.clone(), retires.clone());
    pool.after_release(move |connection, _| {
        let retires = when_released.clone();
        Box::pin(async move {
            let has_ended = has_ended(connection).await?;
            if unfit == Unfit::Repaired {
                return Ok(has_ended || repair(connection).await?);
            }
            let is_fit = has_ended && !retires.swap(false, SeqCst);
            if !is_fit {
                tracing::warn!(
                    has_ended,
                    "a transaction did not end cleanly; its connection is closed and replaced"
                );
            }
            Ok(is_fit)
        })
    })
    .before_acquire(move |connection, _| {
        let retires = when_taken.clone();
        Box::pin(async move {
            let has_ended = !connection.is_in_transaction();
            match unfit {
                Unfit::Repaired => Ok(has_ended || repair(connection).await?),
                Unfit::Closed => Ok(has_ended && !retires.swap(false, SeqCst)),
            }
        })
    })
}

/// Returns true if SQLite and sqlx agree that no transaction is open. An open one is rolled back.
///
/// A connection runs its commands in order, so the queued rollback of a dropped transaction has run before this.
async fn has_ended(connection: &mut SqliteConnection) -> Result<bool, Error> {
    let was_open = match connection.execute("ROLLBACK").await {
        Ok(_) => true,
        // SQLITE_ERROR: "cannot rollback - no transaction is active".
        Err(Error::Database(error)) if error.code().as_deref() == Some("1") => false,
        Err(error) => return Err(error),
    };
    Ok(!was_open && !connection.is_in_transaction())
}

/// Opens as many transactions as sqlx counts and rolls them back through sqlx, so that both count none.
async fn repair(connection: &mut SqliteConnection) -> Result<bool, Error> {
    let depth = SqliteTransactionManager::get_transaction_depth(connection);
    if depth > 0 {
        connection.execute("BEGIN").await?;
    }
    for level in 1..depth {
        let savepoint = format!("SAVEPOINT _sqlx_savepoint_{level}");
        connection.execute(AssertSqlSafe(savepoint)).await?;
    }
    for _ in 0..depth {
        SqliteTransactionManager::rollback(connection).await?;
    }
    has_ended(connection).await
}
