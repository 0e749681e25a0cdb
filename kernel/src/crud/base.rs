//! What the base columns and the owner column of a row decide, and how the base columns are stamped.
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, IdenStatic, ModelTrait, Value,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use super::{Active, Column, Crud, Found, Model, Readable, forbidden};
use crate::{
    Actor, Error, Result,
    clock::now,
    permission::{Action, Reach},
};

/// Whether the actor is the one whom `.own` permissions of this row mean.
pub fn owned<C: Readable>(actor: &Actor, row: &Model<C>) -> bool {
    let (Some(owner), Some(me)) = (C::OWNER, actor.user_id()) else {
        return false;
    };
    row.get(owner) == Value::from(me)
}

/// Whether the actor's permissions for this action reach this row.
pub fn reaches<C: Readable>(actor: &Actor, action: Action, row: &Model<C>) -> bool {
    match actor.reach(C::name(), action) {
        Reach::All => true,
        Reach::Own => owned::<C>(actor, row),
        Reach::None => false,
    }
}

/// The same as an answer.
pub fn permit<C: Readable>(actor: &Actor, action: Action, row: &Model<C>) -> Result<()> {
    match reaches::<C>(actor, action, row) {
        true => Ok(()),
        false => Err(forbidden(action)),
    }
}

/// The owner column where the service fills it in: not where the owner is the row itself.
pub fn author<C: Crud>() -> Option<Column<C>> {
    C::OWNER.filter(|owner| owner.as_str() != C::ID.as_str())
}

/// The name of the column that is filled in with the actor on create.
pub fn author_column<C: Crud>() -> Option<&'static str> {
    author::<C>().map(|column| column.as_str())
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

/// How many rows of a table a select of its ids finds.
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
    let row = row.ok_or_else(|| Error::bug("a count answered nothing"))?;
    Ok(row.try_get("", "rows")?)
}

/// Whether the actor sees the private fields of this row.
pub fn is_full<C: Readable>(actor: &Actor, row: &Model<C>) -> bool {
    let is_lent = actor.owner(C::name(), Action::Read).is_some();
    (is_lent && owned::<C>(actor, row)) || actor.reach(C::name(), Action::Read) == Reach::All
}

pub fn found<C: Readable>(actor: &Actor, model: &Model<C>, row: C::Row) -> Found<C::Row, C::State> {
    Found {
        id: C::id(model),
        created_at: C::created_at(model),
        state: C::state(model),
        is_full: is_full::<C>(actor, model),
        row,
    }
}
