//! Forgetting the values of what was purged. That there was such a row, and the digests of its values, stay.
use ::entity::audit_entries::{Column, Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, Statement,
    sea_query::{Expr, ExprTrait},
};

use super::{Did, Entry};
use crate::{Result, Tx, crud::scope};

/// Rows whose values are erased by one statement.
const CHUNK: usize = 1_000;

/// Once the entries that say so are stored: an erasure without one is an alteration.
pub async fn erase(tx: &Tx, entries: &[Entry]) -> Result<()> {
    let purged = entries.iter().filter(|entry| entry.did == Did::Purged);
    let purged: Vec<_> = purged.collect();
    for of_one in purged.chunk_by(|one, next| one.resource == next.resource) {
        for rows in of_one.chunks(CHUNK) {
            let ids: Vec<_> = rows.iter().map(|entry| entry.resource_id).collect();
            values(tx, rows[0].resource, &ids).await?;
        }
    }
    Ok(())
}

async fn values(tx: &Tx, resource: &str, ids: &[i64]) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        // With the rights of the tables' owner: this role may have none to change an entry.
        let ids: Vec<_> = ids.iter().map(i64::to_string).collect();
        let ids = format!("{{{}}}", ids.join(","));
        let erase = "SELECT audit_erase($1, CAST($2 AS bigint[]))";
        let erase = Statement::from_sql_and_values(
            DbBackend::Postgres,
            erase,
            [resource.into(), ids.into()],
        );
        tx.execute_raw(erase).await?;
        return Ok(());
    }
    let theirs = Column::Resource
        .eq(resource)
        .and(Column::ResourceId.is_in(ids.iter().copied()))
        .and(Column::Action.ne(Did::Purged.as_str()));
    let nothing = [Column::Changes, Column::Texts, Column::Salt]
        .map(|column| (column, Expr::val(None::<String>)));
    scope::update_plain::<Entity>(tx, theirs, nothing)
        .await
        .map(drop)
}
