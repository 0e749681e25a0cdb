//! The columns that every resource table has, and how they are stamped.
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, Value,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, SelectStatement, ValueType},
};

use super::{Active, Column, Crud, Found, Model};
use crate::{Actor, Error, Result, clock::now, permission::Action};

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

/// The id of the user to whom `.own` permissions of this row belong.
pub fn owner<C: Crud>(row: &Model<C>) -> Option<i64> {
    match row.get(C::OWNER?) {
        Value::BigInt(id) => id,
        _ => None,
    }
}

/// Fails unless a permission of the actor allows this on the row.
pub fn require_permission<C: Crud>(actor: &Actor, action: Action, row: &Model<C>) -> Result<()> {
    C::permission_rules().authorize(actor, action, owner::<C>(row))
}

/// Whether the actor sees the private fields of this row.
pub fn shows_private<C: Crud>(actor: &Actor, row: &Model<C>) -> bool {
    C::permission_rules().shows_private(actor, owner::<C>(row))
}

/// The owner column, if the service fills it in on create.
pub fn author<C: Crud>() -> Option<Column<C>> {
    C::OWNER.filter(|_| author_column::<C>().is_some())
}

/// The name of the column that is filled in with the actor on create.
pub fn author_column<C: Crud>() -> Option<&'static str> {
    C::permission_rules().author()
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

pub fn found<C: Crud>(actor: &Actor, model: &Model<C>, row: C::Row) -> Found<C::Row> {
    Found {
        id: id::<C>(model),
        created_at: read::<C, _>(model, "created_at"),
        updated_at: read::<C, _>(model, "updated_at"),
        deleted_at: read::<C, Option<DateTimeWithTimeZone>>(model, "deleted_at"),
        version: read::<C, _>(model, "version"),
        is_full: shows_private::<C>(actor, model),
        row,
    }
}
