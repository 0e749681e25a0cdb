//! Updates many live rows with one statement, each to values of its own.
use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbErr, FromQueryResult, Iterable, Value,
    sea_query::{Expr, ExprTrait, IntoIden, Query, TableRef, ValueTuple},
};

use super::is_live;
use crate::{
    Error, Reads, Result, Tx,
    resource::{Active, Column, Crud, Model},
};

/// The alias of the new values in the statement.
const NEW: &str = "new";

/// The most parameters of one statement. SQLite allows 32,766 (`SQLITE_MAX_VARIABLE_NUMBER`), PostgreSQL 65,535.
const PARAMETERS: usize = 32_000;

/// The numbers of rows that a statement may list. They are few, because connections cache prepared statements.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// Splits rows with this number of columns into portions, each for one statement.
pub fn portions<T>(mut rows: &[T], columns: usize) -> Vec<&[T]> {
    let mut portions = Vec::new();
    for size in SIZES {
        while rows.len() >= size && (size == 1 || size * columns <= PARAMETERS) {
            let (portion, rest) = rows.split_at(size);
            portions.push(portion);
            rows = rest;
        }
    }
    portions
}

/// Updates rows that are live, visible, and still have the version that was read. If one has changed in the meantime, the
/// transaction may be retried.
pub async fn update_each<C: Crud>(
    tx: &Tx,
    rows: &[(Model<C>, Active<C>)],
) -> Result<Vec<Model<C>>> {
    let is_set = |column: &Column<C>| {
        let is_set = |(_, row): &(_, Active<C>)| matches!(row.get(*column), ActiveValue::Set(_));
        rows.iter().any(is_set)
    };
    let columns: Vec<_> = Column::<C>::iter().filter(is_set).collect();
    let mut changed = Vec::with_capacity(rows.len());
    for rows in portions(rows, columns.len() + 2) {
        changed.extend(update_batch::<C>(tx, rows, &columns).await?);
    }
    Ok(changed)
}

async fn update_batch<C: Crud>(
    tx: &Tx,
    rows: &[(Model<C>, Active<C>)],
    columns: &[Column<C>],
) -> Result<Vec<Model<C>>> {
    let table = C::name();
    let new = |place: usize| Expr::col((NEW, format!("column{}", place + 1)));
    let mut update = Query::update();
    update
        .table(table)
        .from(TableRef::ValuesList(
            rows.iter().map(|row| values::<C>(row, columns)).collect(),
            NEW.into_iden(),
        ))
        .and_where(Expr::col((table, "id")).eq(new(0)))
        .and_where(Expr::col((table, "version")).eq(new(1)))
        .and_where(is_live(table))
        .cond_where(C::visible(tx.actor()))
        .returning(Query::returning().columns(Column::<C>::iter().map(|column| (table, column))));
    for (place, column) in columns.iter().enumerate() {
        update.value(*column, new(place + 2));
    }
    let mut changed = HashMap::new();
    for row in tx.query_all(&update).await? {
        let row = Model::<C>::from_query_result(&row, "")?;
        changed.insert(C::id(&row), row);
    }
    let changed = rows
        .iter()
        .map(|(before, _)| changed.remove(&C::id(before)));
    let changed: Option<_> = changed.collect();
    changed.ok_or(Error::Contended(DbErr::RecordNotUpdated))
}

/// Returns the id, the version that was read, and the new values.
fn values<C: Crud>((before, row): &(Model<C>, Active<C>), columns: &[Column<C>]) -> ValueTuple {
    let known = [C::id(before), C::version(before)].map(Value::from);
    let new = columns
        .iter()
        .filter_map(|column| row.get(*column).into_value());
    ValueTuple::Many(known.into_iter().chain(new).collect())
}
