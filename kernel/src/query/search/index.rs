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

/// Indexes new rows.
pub async fn index<'a, C: Crud>(
    tx: &Tx,
    rows: impl IntoIterator<Item = &'a Model<C>>,
) -> Result<()> {
    store::<C>(tx, rows, false).await
}

async fn store<'a, C: Crud>(
    tx: &Tx,
    rows: impl IntoIterator<Item = &'a Model<C>>,
    replaces: bool,
) -> Result<()> {
    let columns = C::SEARCH;
    let rows: Vec<_> = rows.into_iter().collect();
    if columns.is_empty() || rows.is_empty() {
        return Ok(());
    }
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        return tx.execute_soon(postgres::<C>(&rows, replaces)).await;
    }
    for portion in scope::portions(&rows, columns.len() + 1) {
        tx.execute_soon(backend.build(&sqlite::<C>(portion, replaces)?))
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
    store::<C>(tx, changed.into_iter().map(|(_, after)| after), true).await
}

/// The values are two arrays, so that the statement is the same for any number of rows and short to parse.
fn postgres<C: Crud>(rows: &[&Model<C>], replaces: bool) -> Statement {
    let ids: Vec<_> = rows.iter().map(|row| C::id(row)).collect();
    let words: Vec<_> = rows
        .iter()
        .map(|row| with_texts::<C, _>(|column| row.get(column), vector))
        .collect();
    // A conflict clause costs new rows a search for their conflict, and a second record in the log.
    let conflict = if replaces {
        " ON CONFLICT (id) DO UPDATE SET words = excluded.words"
    } else {
        ""
    };
    let sql = format!(
        "INSERT INTO {}_search (id, words) SELECT id, CAST(words AS tsvector) \
        FROM unnest(CAST($1 AS bigint[]), CAST($2 AS text[])) AS new (id, words){conflict}",
        C::name()
    );
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [ids.into(), words.into()])
}

/// A contentless table has no UPDATE of single columns and no conflicts, but rows can be replaced.
fn sqlite<C: Crud>(rows: &[&Model<C>], replaces: bool) -> Result<InsertStatement> {
    let mut insert = scope::insert_into(format!("{}_search", C::name()));
    let columns = C::SEARCH.iter().map(IdenStatic::as_str);
    insert.columns(["rowid"].into_iter().chain(columns));
    if replaces {
        insert.replace();
    }
    for row in rows {
        let lines = with_texts::<C, _>(|column| row.get(column), lines);
        let lines = lines.into_iter().map(Expr::val);
        let values = [Expr::val(C::id(row))].into_iter().chain(lines);
        insert.values(values).map_err(Error::internal)?;
    }
    Ok(insert)
}

/// Returns the words that PostgreSQL stores for a row with these values.
pub fn words_of<C: Crud>(value: impl Fn(Column<C>) -> Value) -> String {
    with_texts::<C, _>(value, vector)
}

fn with_texts<C: Crud, T>(
    value: impl Fn(Column<C>) -> Value,
    work: impl FnOnce(&[&str]) -> T,
) -> T {
    let text = |column: &Column<C>| match value(*column) {
        Value::String(text) => text.unwrap_or_default(),
        _ => String::new(),
    };
    let texts: Vec<_> = C::SEARCH.iter().map(text).collect();
    work(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}
