//! The side tables of search. The service writes the words of a row into them, in the transaction that writes the row; a
//! trigger removes them with the row.
//!
//! A side table stores no text: on `PostgreSQL` a `tsvector` per row, on `SQLite` a contentless FTS5 table. Soft deletion
//! changes no searched column, so it costs nothing here.
//!
//! Applied migrations use this: if its output changes, the history of existing databases no longer matches it.
use std::fmt::Write;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, QueryResult, Statement, Value},
};

use super::words;

/// The weights of words in the first to the fourth column: ten times the defaults of `ts_rank`.
const WEIGHTS: [(char, &str); 4] = [('A', "10"), ('B', "4"), ('C', "2"), ('D', "1")];

/// Rows that are read and indexed in one round.
const BATCH: usize = 500;

/// Creates `{table}_search` over these columns, at most four and the most important first, and fills it from the existing rows.
pub async fn add(manager: &SchemaManager<'_>, table: &str, columns: &[&str]) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        DbBackend::Postgres => postgres(table),
        _ => sqlite(table, columns),
    };
    run(manager, &sql).await?;
    fill(manager, table, columns).await
}

pub async fn remove(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        // CASCADE drops the trigger too.
        DbBackend::Postgres => {
            format!("DROP FUNCTION {table}_search_forget() CASCADE; DROP TABLE {table}_search;")
        }
        _ => format!("DROP TRIGGER {table}_search_delete; DROP TABLE {table}_search;"),
    };
    run(manager, &sql).await
}

/// Indexes every row, deleted ones included.
pub async fn fill(manager: &SchemaManager<'_>, table: &str, columns: &[&str]) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let backend = manager.get_database_backend();
    let mut last = i64::MIN;
    loop {
        let select = Query::select()
            .column("id")
            .columns(columns.iter().map(|column| (*column).to_owned()))
            .from(table.to_owned())
            .and_where(Expr::col("id").gt(last))
            .order_by("id", Order::Asc)
            .limit(BATCH as u64)
            .take();
        let rows = db.query_all(&select).await?;
        for row in &rows {
            last = row.try_get("", "id")?;
            let text = |column: &&str| text(row, column);
            let texts = columns.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            let (sql, values) = statement(backend, table, columns, last, &texts);
            db.execute_raw(Statement::from_sql_and_values(backend, sql, values))
                .await?;
        }
        if rows.len() < BATCH {
            return Ok(());
        }
    }
}

fn text(row: &QueryResult, column: &str) -> Result<String, DbErr> {
    let text: Option<String> = row.try_get("", column)?;
    Ok(text.unwrap_or_default())
}

fn statement(
    backend: DbBackend,
    table: &str,
    columns: &[&str],
    id: i64,
    texts: &[&str],
) -> (String, Vec<Value>) {
    if backend == DbBackend::Postgres {
        let sql =
            format!("INSERT INTO {table}_search (id, words) VALUES ($1, CAST($2 AS tsvector))");
        return (sql, vec![id.into(), vector(texts).into()]);
    }
    let names = columns.join(", ");
    let places = vec!["?"; columns.len() + 1].join(", ");
    let sql = format!("INSERT INTO {table}_search (rowid, {names}) VALUES ({places})");
    let texts = lines(texts).into_iter().map(Value::from);
    (sql, [id.into()].into_iter().chain(texts).collect())
}

/// The value that `PostgreSQL` stores for a row: its words with their positions and weights (manual, section 8.11.1). A
/// position is left out between two columns, so that no phrase spans both.
pub fn vector(texts: &[&str]) -> String {
    let mut vector = String::new();
    let mut place = 0;
    for (words, (weight, _)) in words::row(texts).iter().zip(WEIGHTS) {
        for word in words {
            place += 1;
            // Writing to a string cannot fail.
            let _ = write!(vector, "'{word}':{place}{weight} ");
        }
        place += 1;
    }
    vector
}

/// The values that `SQLite` stores for a row: the words of each column, separated by spaces.
pub fn lines(texts: &[&str]) -> Vec<String> {
    let columns = words::row(texts).into_iter();
    columns.map(|words| words.join(" ")).collect()
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

fn postgres(table: &str) -> String {
    format!(
        "CREATE TABLE {table}_search (id bigint PRIMARY KEY, words tsvector NOT NULL);
         CREATE INDEX {table}_search_words ON {table}_search USING gin (words);
         CREATE OR REPLACE FUNCTION {table}_search_forget() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             DELETE FROM {table}_search WHERE id = OLD.id;
             RETURN NULL;
         END $$;
         CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table}
             FOR EACH ROW EXECUTE FUNCTION {table}_search_forget();"
    )
}

/// The tokenizer treats every character outside ASCII as a letter, because its input is words already.
fn sqlite(table: &str, columns: &[&str]) -> String {
    let names = columns.join(", ");
    let weights = WEIGHTS.map(|(_, weight)| weight)[..columns.len()].join(", ");
    format!(
        "CREATE VIRTUAL TABLE {table}_search USING fts5({names}, content = '', contentless_delete = 1, tokenize = 'ascii');
         INSERT INTO {table}_search ({table}_search, rank) VALUES ('rank', 'bm25({weights})');
         CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN
             DELETE FROM {table}_search WHERE rowid = OLD.id;
         END;"
    )
}
