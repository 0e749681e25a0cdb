//! Full-text search as it was first: a side table for each searched table, which triggers update.
//!
//! A word is a run of letters, decimal digits and combining accents (Unicode categories `L*` and `Nd`, and U+0300–U+036F), in lower case, on
//! both databases; no language is assumed. The side table stores no text: on `PostgreSQL` a `tsvector` per row, on
//! `SQLite` a contentless FTS5 table. Soft deletion changes no searched column, so it costs nothing here.
//!
//! Applied migrations use this: if its output changes, the history of existing databases no longer matches it.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The weights of words in the first to the fourth column: ten times the defaults of `ts_rank`.
const WEIGHTS: [(char, &str); 4] = [('A', "10"), ('B', "4"), ('C', "2"), ('D', "1")];

/// Creates `{table}_search` over these columns, at most four and the most important first, and fills it from the existing rows.
pub(crate) async fn add(
    manager: &SchemaManager<'_>,
    table: &str,
    columns: &[&str],
) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        DbBackend::Postgres => postgres(table, columns),
        _ => sqlite(table, columns),
    };
    run(manager, &sql).await
}

pub(crate) async fn remove(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        // CASCADE drops the triggers too.
        DbBackend::Postgres => {
            format!("DROP FUNCTION {table}_search_follow() CASCADE; DROP TABLE {table}_search;")
        }
        _ => format!(
            "DROP TRIGGER {table}_search_insert; DROP TRIGGER {table}_search_update;
             DROP TRIGGER {table}_search_delete; DROP TABLE {table}_search;"
        ),
    };
    run(manager, &sql).await
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

fn postgres(table: &str, columns: &[&str]) -> String {
    let names = columns.join(", ");
    let (new, old) = (qualified("NEW.", columns), qualified("OLD.", columns));
    let (words, words_of_new) = (vector("", columns), vector("NEW.", columns));
    format!(
        "CREATE TABLE {table}_search (id bigint PRIMARY KEY, words tsvector NOT NULL);
         INSERT INTO {table}_search (id, words) SELECT id, {words} FROM {table};
         CREATE INDEX {table}_search_words ON {table}_search USING gin (words);
         CREATE OR REPLACE FUNCTION {table}_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF TG_OP = 'DELETE' THEN
                 DELETE FROM {table}_search WHERE id = OLD.id;
             ELSIF TG_OP = 'UPDATE' THEN
                 UPDATE {table}_search SET words = {words_of_new} WHERE id = NEW.id;
             ELSE
                 INSERT INTO {table}_search (id, words) VALUES (NEW.id, {words_of_new});
             END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table}
             FOR EACH ROW EXECUTE FUNCTION {table}_search_follow();
         CREATE TRIGGER {table}_search_update AFTER UPDATE OF {names} ON {table}
             FOR EACH ROW WHEN (ROW({old}) IS DISTINCT FROM ROW({new})) EXECUTE FUNCTION {table}_search_follow();
         CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table}
             FOR EACH ROW EXECUTE FUNCTION {table}_search_follow();"
    )
}

/// Puts a separator between the columns, which is removed at the end, so that no phrase spans two columns.
fn vector(row: &str, columns: &[&str]) -> String {
    let words = columns.iter().zip(WEIGHTS).map(|(column, (weight, _))| {
        format!("setweight(to_tsvector('simple', search_words(coalesce({row}{column}, ''))), '{weight}')")
    });
    let words: Vec<_> = words.collect();
    format!("ts_delete({}, '|')", words.join(" || '|:1'::tsvector || "))
}

fn sqlite(table: &str, columns: &[&str]) -> String {
    let names = columns.join(", ");
    let (new, old) = (qualified("NEW.", columns), qualified("OLD.", columns));
    let weights = WEIGHTS.map(|(_, weight)| weight)[..columns.len()].join(", ");
    let set = columns
        .iter()
        .map(|column| format!("{column} = NEW.{column}"));
    let set = set.collect::<Vec<_>>().join(", ");
    format!(
        "CREATE VIRTUAL TABLE {table}_search USING fts5({names}, content = '', contentless_delete = 1,
             tokenize = \"unicode61 remove_diacritics 0 categories 'L* Nd'\");
         INSERT INTO {table}_search ({table}_search, rank) VALUES ('rank', 'bm25({weights})');
         INSERT INTO {table}_search (rowid, {names}) SELECT id, {names} FROM {table};
         CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN
             INSERT INTO {table}_search (rowid, {names}) VALUES (NEW.id, {new});
         END;
         CREATE TRIGGER {table}_search_update AFTER UPDATE OF {names} ON {table} WHEN ({old}) IS NOT ({new}) BEGIN
             UPDATE {table}_search SET {set} WHERE rowid = NEW.id;
         END;
         CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN
             DELETE FROM {table}_search WHERE rowid = OLD.id;
         END;"
    )
}

fn qualified(row: &str, columns: &[&str]) -> String {
    let columns = columns.iter().map(|column| format!("{row}{column}"));
    columns.collect::<Vec<_>>().join(", ")
}
