//! The schema goes up and down without losing a row, once, and whole.
mod rows;
mod schema;
mod search;
mod steps;

use service::{Database, database::Settings};
use tempfile::TempDir;
use tests::{Backend, Sql, settings};

/// A database that several can connect to.
async fn shared() -> (Backend, Settings, Option<TempDir>) {
    let backend = match Backend::of_this_run() {
        Backend::Memory => Backend::File,
        other => other,
    };
    let (url, folder) = backend.fresh().await;
    (backend, settings(&url), folder)
}

/// The same, without tables.
async fn empty() -> (Settings, Option<TempDir>) {
    let (_, settings, folder) = shared().await;
    let database = migrator(&settings).await;
    // A clone of the template has all of them.
    database.migrations().reset().await.unwrap();
    database.close().await.unwrap();
    (settings, folder)
}

async fn migrator(settings: &Settings) -> Database {
    Database::connect_for_migrations(settings).await.unwrap()
}

async fn sql(settings: &Settings) -> Sql {
    use secrecy::ExposeSecret;
    Sql::open(settings.url.expose_secret()).await
}

/// Without virtual tables, and those that they keep their rows in.
async fn tables(sql: &Sql) -> Vec<String> {
    sql.texts(match sql.is_postgres() {
        true => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        false => "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    })
    .await
}

async fn columns(sql: &Sql, table: &str) -> Vec<String> {
    sql.texts(&match sql.is_postgres() {
        true => format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY 1"
        ),
        false => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1"),
    })
    .await
}

/// Every column, index, constraint, trigger and function.
async fn schema(sql: &Sql) -> Vec<String> {
    sql.texts(match sql.is_postgres() {
        true => {
            "SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity, collation_name)
                 FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
             UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
             UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
             ORDER BY 1"
        }
        false => "SELECT coalesce(sql, name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1",
    })
    .await
}
