//! Decides access by the owner column of a row, and sets its base columns.
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, ModelTrait, Value,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use super::{Active, Column, Crud, Found, Model, Readable};
use crate::{Actor, Error, Result, clock::now, permission::Action};

/// Returns the id of the user whom `.own` permissions on this row mean.
pub fn owner<C: Readable>(row: &Model<C>) -> Option<i64> {
    match row.get(C::OWNER?) {
        Value::BigInt(id) => id,
        _ => None,
    }
}

/// Fails unless a permission of the actor allows this on the row.
pub fn require_permission<C: Readable>(
    actor: &Actor,
    action: Action,
    row: &Model<C>,
) -> Result<()> {
    C::permission_rules().authorize(actor, action, owner::<C>(row))
}

/// Returns true if the actor sees the private fields of this row.
pub fn shows_private<C: Readable>(actor: &Actor, row: &Model<C>) -> bool {
    C::permission_rules().shows_private(actor, owner::<C>(row))
}

/// Returns the owner column if the service fills it in on create.
pub fn author<C: Crud>() -> Option<Column<C>> {
    C::OWNER.filter(|_| author_column::<C>().is_some())
}

/// Returns the name of the column that is set to the actor on create.
pub fn author_column<C: Crud>() -> Option<&'static str> {
    C::permission_rules().author()
}

pub fn stamp_new<C: Crud>(row: &mut Active<C>) {
    let now = now();
    row.set(C::CREATED_AT, now.into());
    row.set(C::UPDATED_AT, now.into());
    row.set(C::VERSION, 1_i64.into());
}

pub fn stamp_next<C: Crud>(row: &mut Active<C>, before: &Model<C>) {
    row.set(C::UPDATED_AT, now().into());
    row.set(C::VERSION, (C::version(before) + 1).into());
}

pub fn stamp_restored<C: Crud>(row: &mut Active<C>, before: &Model<C>) {
    stamp_next::<C>(row, before);
    row.set(C::DELETED_AT, None::<DateTimeWithTimeZone>.into());
    row.set(C::DELETION_ID, None::<i64>.into());
}

/// Returns the number of rows that a select of the ids of a table finds.
pub async fn count(
    db: &impl ConnectionTrait,
    table: &'static str,
    mut ids: SelectStatement,
) -> Result<i64> {
    let count = ids
        .clear_selects()
        .expr_as(Expr::col((table, "id")).count(), "rows")
        .take();
    let row = db.query_one(&count).await?;
    let row = row.ok_or_else(|| Error::bug("a count returned no row"))?;
    Ok(row.try_get("", "rows")?)
}

pub fn found_row<C: Readable>(
    actor: &Actor,
    model: &Model<C>,
    row: C::Row,
) -> Found<C::Row, C::State> {
    Found {
        id: C::id(model),
        created_at: C::created_at(model),
        state: C::state(model),
        is_full: shows_private::<C>(actor, model),
        row,
    }
}
