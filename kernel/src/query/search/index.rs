//! Writes the side table of a searched resource, in the transaction that writes the rows.
use sea_orm::{
    ConnectionTrait, DbBackend, IdenStatic, ModelTrait, Value,
    sea_query::{Expr, ExprTrait, InsertStatement, OnConflict},
};

use crate::{
    Error, Result, Tx,
    migration::side_table::{lines, vector},
    resource::{Column, Crud, Model, scope},
};

/// Indexes rows that are new or whose words have changed.
pub async fn index<'a, C: Crud>(
    tx: &Tx,
    rows: impl IntoIterator<Item = &'a Model<C>>,
) -> Result<()> {
    let columns = C::SEARCH;
    let rows: Vec<_> = rows.into_iter().collect();
    if columns.is_empty() || rows.is_empty() {
        return Ok(());
    }
    for portion in scope::portions(&rows, columns.len() + 1) {
        let backend = tx.get_database_backend();
        let insert = match backend {
            DbBackend::Postgres => postgres::<C>(portion)?,
            _ => sqlite::<C>(portion)?,
        };
        tx.execute_soon(backend.build(&insert)).await?;
    }
    Ok(())
}

/// Indexes the rows of which a searched column has changed. Each is given as before and after.
pub async fn index_changed<'a, C: Crud>(
    tx: &Tx,
    rows: impl IntoIterator<Item = (&'a Model<C>, &'a Model<C>)>,
) -> Result<()> {
    let has_changed = |(before, after): &(&Model<C>, &Model<C>)| {
        let mut columns = C::SEARCH.iter();
        columns.any(|column| before.get(*column) != after.get(*column))
    };
    let changed: Vec<_> = rows.into_iter().filter(has_changed).collect();
    index::<C>(tx, changed.into_iter().map(|(_, after)| after)).await
}

fn postgres<C: Crud>(rows: &[&Model<C>]) -> Result<InsertStatement> {
    let mut insert = into::<C>();
    insert.columns(["id", "words"]);
    for row in rows {
        let words = with_texts::<C, _>(row, vector);
        let values = [id::<C>(row), Expr::val(words).cast_as("tsvector")];
        insert.values(values).map_err(Error::internal)?;
    }
    let replace = OnConflict::column("id").update_column("words").to_owned();
    Ok(insert.on_conflict(replace).take())
}

/// A contentless table has no UPDATE of single columns and no conflicts, but rows can be replaced.
fn sqlite<C: Crud>(rows: &[&Model<C>]) -> Result<InsertStatement> {
    let mut insert = into::<C>();
    let columns = C::SEARCH.iter().map(IdenStatic::as_str);
    insert
        .replace()
        .columns(["rowid"].into_iter().chain(columns));
    for row in rows {
        let lines = with_texts::<C, _>(row, lines).into_iter().map(Expr::val);
        let values = [id::<C>(row)].into_iter().chain(lines);
        insert.values(values).map_err(Error::internal)?;
    }
    Ok(insert)
}

fn into<C: Crud>() -> InsertStatement {
    scope::insert_into(format!("{}_search", C::name()))
}

fn id<C: Crud>(row: &Model<C>) -> Expr {
    Expr::val(C::id(row))
}

fn with_texts<C: Crud, T>(row: &Model<C>, work: impl FnOnce(&[&str]) -> T) -> T {
    let text = |column: &Column<C>| match row.get(*column) {
        Value::String(text) => text.unwrap_or_default(),
        _ => String::new(),
    };
    let texts: Vec<_> = C::SEARCH.iter().map(text).collect();
    work(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}
