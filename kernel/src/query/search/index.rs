//! Writes the side table of a searched resource, in the transaction that writes the rows.
use sea_orm::{
    ConnectionTrait, DbBackend, IdenStatic, ModelTrait, Statement, Value,
    sea_query::{Expr, InsertStatement},
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
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        return tx.execute_soon(postgres::<C>(&rows)).await;
    }
    for portion in scope::portions(&rows, columns.len() + 1) {
        tx.execute_soon(backend.build(&sqlite::<C>(portion)?))
            .await?;
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

/// The values are two arrays, so that the statement is the same for any number of rows and short to parse.
fn postgres<C: Crud>(rows: &[&Model<C>]) -> Statement {
    let ids: Vec<_> = rows.iter().map(|row| C::id(row)).collect();
    let words: Vec<_> = rows
        .iter()
        .map(|row| with_texts::<C, _>(row, vector))
        .collect();
    let sql = format!(
        "INSERT INTO {}_search (id, words) SELECT id, CAST(words AS tsvector) \
        FROM unnest(CAST($1 AS bigint[]), CAST($2 AS text[])) AS new (id, words) \
        ON CONFLICT (id) DO UPDATE SET words = excluded.words",
        C::name()
    );
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [ids.into(), words.into()])
}

/// A contentless table has no UPDATE of single columns and no conflicts, but rows can be replaced.
fn sqlite<C: Crud>(rows: &[&Model<C>]) -> Result<InsertStatement> {
    let mut insert = scope::insert_into(format!("{}_search", C::name()));
    let columns = C::SEARCH.iter().map(IdenStatic::as_str);
    insert
        .replace()
        .columns(["rowid"].into_iter().chain(columns));
    for row in rows {
        let lines = with_texts::<C, _>(row, lines).into_iter().map(Expr::val);
        let values = [Expr::val(C::id(row))].into_iter().chain(lines);
        insert.values(values).map_err(Error::internal)?;
    }
    Ok(insert)
}

fn with_texts<C: Crud, T>(row: &Model<C>, work: impl FnOnce(&[&str]) -> T) -> T {
    let text = |column: &Column<C>| match row.get(*column) {
        Value::String(text) => text.unwrap_or_default(),
        _ => String::new(),
    };
    let texts: Vec<_> = C::SEARCH.iter().map(text).collect();
    work(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}
