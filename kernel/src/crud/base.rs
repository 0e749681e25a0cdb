//! The columns that every resource table has, and how they are stamped.
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, Value,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, SelectStatement, ValueType},
};

use super::{Active, Column, Crud, Found, Model, forbidden};
use crate::{
    Actor, Error, Result,
    clock::now,
    permission::{Action, Reach},
};

/// Returns a base column by its name.
///
/// # Panics
///
/// If the table lacks the column: give the table the base columns (`docs/add-a-resource.md`).
pub fn column<E: EntityTrait>(name: &str) -> E::Column {
    E::Column::iter()
        .find(|column| column.as_str() == name)
        .unwrap_or_else(|| {
            panic!(
                "table {} lacks the column {name}: add it in a migration",
                E::default().table_name()
            )
        })
}

/// Returns the value of a base column.
///
/// # Panics
///
/// If the column has another type than in every other resource.
pub fn read<C: Crud, T: ValueType>(row: &Model<C>, name: &str) -> T {
    let value = row.get(column::<C::Entity>(name));
    T::try_from(value).unwrap_or_else(|_| {
        panic!(
            "{}.{name} does not have the type of this base column",
            C::name()
        )
    })
}

pub fn value<C: Crud>(row: &Model<C>, column: Column<C>) -> Value {
    row.get(column)
}

pub fn id<C: Crud>(row: &Model<C>) -> i64 {
    read::<C, i64>(row, "id")
}

pub fn version<C: Crud>(row: &Model<C>) -> i64 {
    read::<C, i64>(row, "version")
}

/// Whether the actor is the one whom `.own` permissions of this row mean.
pub fn owned<C: Crud>(actor: &Actor, row: &Model<C>) -> bool {
    let (Some(owner), Some(me)) = (C::OWNER, actor.user_id()) else {
        return false;
    };
    row.get(owner) == Value::from(me)
}

/// Whether the actor's permissions for this action reach this row.
pub fn reaches<C: Crud>(actor: &Actor, action: Action, row: &Model<C>) -> bool {
    match actor.reach(C::name(), action) {
        Reach::All => true,
        Reach::Own => owned::<C>(actor, row),
        Reach::None => false,
    }
}

/// The same as an answer.
pub fn permit<C: Crud>(actor: &Actor, action: Action, row: &Model<C>) -> Result<()> {
    match reaches::<C>(actor, action, row) {
        true => Ok(()),
        false => Err(forbidden(action)),
    }
}

/// The owner column where the service fills it in: not where the owner is the row itself.
pub fn author<C: Crud>() -> Option<Column<C>> {
    C::OWNER.filter(|owner| owner.as_str() != "id")
}

/// The name of the column that is filled in with the actor on create.
pub fn author_column<C: Crud>() -> Option<&'static str> {
    author::<C>().map(|column| column.as_str())
}

pub fn stamp_new<C: Crud>(row: &mut Active<C>) {
    let now = now();
    set::<C>(row, "created_at", now);
    set::<C>(row, "updated_at", now);
    set::<C>(row, "version", 1_i64);
}

pub fn stamp_next<C: Crud>(row: &mut Active<C>, before: &Model<C>) {
    set::<C>(row, "updated_at", now());
    set::<C>(row, "version", version::<C>(before) + 1);
}

pub fn stamp_restored<C: Crud>(row: &mut Active<C>, before: &Model<C>) {
    stamp_next::<C>(row, before);
    set::<C>(row, "deleted_at", None::<DateTimeWithTimeZone>);
    set::<C>(row, "deletion_id", None::<i64>);
}

fn set<C: Crud>(row: &mut Active<C>, name: &str, value: impl Into<Value>) {
    row.set(column::<C::Entity>(name), value.into());
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
    let row = row.ok_or_else(|| Error::bug("a count returned no row"))?;
    Ok(row.try_get("", "rows")?)
}

/// Whether the actor sees the private fields of this row.
pub fn is_full<C: Crud>(actor: &Actor, row: &Model<C>) -> bool {
    let is_lent = actor.owner(C::name(), Action::Read).is_some();
    (is_lent && owned::<C>(actor, row)) || actor.reach(C::name(), Action::Read) == Reach::All
}

pub fn found<C: Crud>(actor: &Actor, model: &Model<C>, row: C::Row) -> Found<C::Row> {
    Found {
        id: id::<C>(model),
        created_at: read::<C, _>(model, "created_at"),
        updated_at: read::<C, _>(model, "updated_at"),
        deleted_at: read::<C, Option<DateTimeWithTimeZone>>(model, "deleted_at"),
        version: read::<C, _>(model, "version"),
        is_full: is_full::<C>(actor, model),
        row,
    }
}
