//! The locks that a transaction holds until it ends.
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Tx;
use crate::{Error, Result};

impl Tx {
    /// Lets the statements that follow wait for locks until their own timeout, so that long work is not rolled back because
    /// another transaction locks one row for a moment. SQLite locks no rows.
    pub(crate) async fn wait_for_locks(&self) -> Result<()> {
        if self.get_database_backend() == DbBackend::Postgres {
            let set =
                "SELECT set_config('lock_timeout', current_setting('statement_timeout'), true)";
            self.query_one_raw(Statement::from_string(DbBackend::Postgres, set))
                .await?;
        }
        Ok(())
    }

    /// Waits for an advisory lock, and holds it until the transaction ends. SQLite needs none, because it has one writer.
    pub async fn advisory_lock(&self, lock: i64) -> Result<()> {
        if self.get_database_backend() == DbBackend::Postgres {
            let wait = "SELECT pg_advisory_xact_lock($1)";
            self.query_one_raw(Statement::from_sql_and_values(
                DbBackend::Postgres,
                wait,
                [lock.into()],
            ))
            .await?;
        }
        Ok(())
    }

    /// Takes an advisory lock until the transaction ends, and returns false if another transaction holds it. SQLite needs none,
    /// because it has one writer.
    pub async fn try_advisory_lock(&self, lock: i64) -> Result<bool> {
        if self.get_database_backend() != DbBackend::Postgres {
            return Ok(true);
        }
        let try_lock = "SELECT pg_try_advisory_xact_lock($1) AS is_locked";
        let try_lock = Statement::from_sql_and_values(DbBackend::Postgres, try_lock, [lock.into()]);
        let row = self.query_one_raw(try_lock).await?;
        let row = row.ok_or_else(|| Error::bug("a lock returned no row"))?;
        Ok(row.try_get("", "is_locked")?)
    }
}
