//! Erases the values of purged rows from the audit log. The entries themselves and the digests of their values stay.
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, Statement,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use crate::{
    Result, Tx,
    entity::audit_entries::{Column, Entity},
    record::AuditAction,
    resource::scope,
};

/// Passes the rows that this transaction purged to `audit_erase`, 50,000 per call. The function has the rights of the tables'
/// owner, because the role of the server may lack the right to change an entry.
const ERASE: &str = "\
    SELECT count(*) AS calls FROM (\
        SELECT array_agg(purged.resource_id) AS ids FROM (\
            SELECT resource_id, (row_number() OVER (ORDER BY id) - 1) / 50000 AS part FROM audit_entries \
            WHERE transaction_id = CAST(CAST(pg_current_xact_id() AS text) AS bigint) \
            AND resource = $1 AND action = 'purged') AS purged \
        GROUP BY purged.part) AS parts, LATERAL audit_erase($1, parts.ids)";

/// Erases the values of the rows of a table that this transaction purged. It runs after the rows are removed and their entries
/// are stored. On SQLite, [`erase_before_purge`] has already done it.
pub async fn erase_purged(tx: &Tx, table: &'static str) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres && tx.is_recorded() {
        let erase = Statement::from_sql_and_values(DbBackend::Postgres, ERASE, [table.into()]);
        tx.query_one_raw(erase).await?;
    }
    Ok(())
}

/// Erases the values of rows that are about to be purged, on SQLite.
pub async fn erase_before_purge(tx: &Tx, table: &'static str, rows: SelectStatement) -> Result<()> {
    let theirs = Column::Resource
        .eq(table)
        .and(Column::ResourceId.in_subquery(rows))
        .and(Column::Action.ne(AuditAction::Purged.as_str()));
    let nothing = [Column::Changes, Column::Texts, Column::Salt]
        .map(|column| (column, Expr::val(None::<String>)));
    scope::update_plain::<Entity>(tx, theirs, nothing)
        .await
        .map(drop)
}
