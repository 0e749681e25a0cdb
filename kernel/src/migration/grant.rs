//! The rights of a role that serves but does not own the tables: it may change ordinary tables, and only add to the audit log.

use std::time::Duration;

use sea_orm_migration::{
    IntoSchemaManagerConnection,
    prelude::*,
    sea_orm::{DatabaseTransaction, DbBackend, Statement, Value},
};

use super::{Migrator, lock};

/// `format` inserts the role, the schema and the shortest time that entries are kept: `%1$I`, `%2$I` and `%3$L`.
const RIGHTS: &str = "
REVOKE CREATE ON SCHEMA %2$I FROM PUBLIC;
GRANT USAGE ON SCHEMA %2$I TO %1$I;
REVOKE ALL ON ALL TABLES IN SCHEMA %2$I FROM %1$I;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %2$I TO %1$I;
REVOKE UPDATE, DELETE ON audit_entries, audit_seals, audit_blocks FROM %1$I;
REVOKE INSERT, UPDATE, DELETE ON audit, audit_prunes, migration_requirements, secrets, seaql_migrations FROM %1$I;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA %2$I TO %1$I;
GRANT EXECUTE ON FUNCTION audit_erase TO %1$I;
CREATE OR REPLACE FUNCTION audit_kept_for() RETURNS interval LANGUAGE sql STABLE AS $$ SELECT interval %3$L $$;
";
const MAY_PRUNE: &str = "GRANT EXECUTE ON FUNCTION audit_prune TO %1$I;";
const MAY_NOT_PRUNE: &str = "REVOKE EXECUTE ON FUNCTION audit_prune FROM %1$I;";

/// Returns whether a role owns the tables or may act as their owner, which every superuser may.
const IS_OWNER: &str = "SELECT pg_has_role($1, relowner, 'MEMBER') AS is_owner FROM pg_class \
    WHERE oid = 'audit_entries'::regclass";

impl Migrator {
    /// Gives a role the rights that a server needs, revokes all others, and lets it prune audit entries older than
    /// `audit_retention`; zero keeps them for ever. Running it again has the same result.
    ///
    /// Fails if the role owns the tables or may act as their owner, because no revoked right would bind it.
    pub async fn grant<'c, C>(
        &self,
        db: C,
        role: &str,
        audit_retention: Duration,
    ) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = lock::begin(db).await?;
        if tx.get_database_backend() != DbBackend::Postgres {
            return Err(DbErr::Migration(
                "only PostgreSQL has roles; this database is SQLite".to_owned(),
            ));
        }
        if answer::<bool>(&tx, IS_OWNER, [role.into()]).await? {
            let problem = format!(
                "the role `{role}` already has all rights of the owner of the tables; name another role"
            );
            return Err(DbErr::Migration(problem));
        }
        let pruning = match audit_retention {
            Duration::ZERO => MAY_NOT_PRUNE,
            _ => MAY_PRUNE,
        };
        let kept_for = format!("{} microseconds", audit_retention.as_micros());
        let rights = format!("{RIGHTS}{pruning}");
        let sql = "SELECT format($1, $2, current_schema(), $3) AS sql";
        let sql: String = answer(&tx, sql, [rights.into(), role.into(), kept_for.into()]).await?;
        tx.execute_unprepared(&sql).await?;
        tx.commit().await
    }
}

/// Returns the first column of the only row.
async fn answer<T: sea_orm_migration::sea_orm::TryGetable>(
    tx: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<T, DbErr> {
    let question = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let row = tx.query_one_raw(question).await?;
    let row = row.ok_or_else(|| DbErr::Migration(format!("{sql} returned no row")))?;
    row.try_get_by_index(0)
}
