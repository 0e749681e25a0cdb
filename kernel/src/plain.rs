//! Statements on plain tables, which have no soft deletion. Their rows are purged with the rows of a resource.
#![expect(
    clippy::disallowed_methods,
    reason = "these tables have no soft deletion"
)]
use std::str::FromStr;

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select, UpdateMany,
    sea_query::{DeleteStatement, Expr, ExprTrait, Query, SelectStatement},
};

use crate::{Error, Result};

/// Selects from a plain table. From a table with soft deletion it selects only live rows.
pub fn plain<E: EntityTrait>() -> Select<E> {
    let live = deleted_at::<E>().map(|deleted_at| deleted_at.is_null());
    E::find().filter(live.into_iter().fold(Condition::all(), Condition::add))
}

/// Selects from a plain table under another name, for statements that read it twice.
pub fn plain_as<E: EntityTrait>(name: &'static str) -> SelectStatement {
    Query::select().from_as(E::default(), name).take()
}

/// Removes the rows of a plain table for which `condition` holds, and returns how many there were.
pub async fn erase<E: EntityTrait>(
    db: &impl ConnectionTrait,
    condition: impl Into<Condition>,
) -> Result<u64> {
    ensure_plain::<E>()?;
    let delete = E::delete_many().filter(condition.into());
    Ok(delete.exec(db).await?.rows_affected)
}

/// Sets columns of the rows of a plain table for which `condition` holds, and returns how many there were.
pub async fn update_plain<E: EntityTrait>(
    db: &impl ConnectionTrait,
    condition: impl Into<Condition>,
    values: impl IntoIterator<Item = (E::Column, Expr)>,
) -> Result<u64> {
    ensure_plain::<E>()?;
    let update = E::update_many().filter(condition.into());
    let set = |update: UpdateMany<E>, (column, value)| update.col_expr(column, value);
    let update = values.into_iter().fold(update, set);
    Ok(update.exec(db).await?.rows_affected)
}

/// Returns the column `deleted_at` of a table with soft deletion, which has a `deletion_id` too.
fn deleted_at<E: EntityTrait>() -> Option<E::Column> {
    E::Column::from_str("deletion_id").ok()?;
    E::Column::from_str("deleted_at").ok()
}

/// Fails for a table with soft deletion, whose rows change only through the operations of its resource.
fn ensure_plain<E: EntityTrait>() -> Result<()> {
    if deleted_at::<E>().is_none() {
        Ok(())
    } else {
        Err(Error::bug(format!(
            "the table `{}` has soft deletion: write to it through its resource",
            E::default().table_name()
        )))
    }
}

/// Returns a statement that removes the rows of a plain table that refer to rows of a resource.
pub fn erase_links(
    table: &'static str,
    column: &'static str,
    rows: SelectStatement,
) -> DeleteStatement {
    Query::delete()
        .from_table(table)
        .and_where(Expr::col((table, column)).in_subquery(rows))
        .take()
}
