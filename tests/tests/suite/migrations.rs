//! Migrations up and down lose no row, run once, are atomic, and let servers go on.
mod rolling;
mod rows;
mod schema;
mod search;
mod steps;

use kernel::{Database, database::Settings};
use migration::MIGRATOR;
use tests::{Backend, Place, Sql, settings};

/// Returns a database with several connections.
async fn shared_database() -> (Backend, Settings, Place) {
    let backend = match Backend::current() {
        Backend::Memory => Backend::File,
        other => other,
    };
    let (url, place) = backend.fresh().await;
    (backend, settings(&url), place)
}

/// Returns the URL of a database without tables.
async fn empty() -> (Settings, Place) {
    let (_, settings, place) = shared_database().await;
    let database = migrator(&settings).await;
    // A clone of the template has all tables.
    database.migrations(MIGRATOR).reset().await.unwrap();
    database.close().await.unwrap();
    (settings, place)
}

async fn migrator(settings: &Settings) -> Database {
    Database::connect_for_migrations(settings).await.unwrap()
}

async fn sql(settings: &Settings) -> Sql {
    use secrecy::ExposeSecret;
    Sql::open(settings.url.expose_secret()).await
}

/// Returns the tables without virtual tables and their shadow tables.
async fn tables(sql: &Sql) -> Vec<String> {
    let query = if sql.is_postgres() {
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    } else {
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
    };
    sql.texts(query).await
}

async fn columns(sql: &Sql, table: &str) -> Vec<String> {
    let query = if sql.is_postgres() {
        format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY 1"
        )
    } else {
        format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1")
    };
    sql.texts(&query).await
}

/// Returns every column, index, constraint, trigger and function.
async fn schema(sql: &Sql) -> Vec<String> {
    let query = if sql.is_postgres() {
        "SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity, collation_name)
                 FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
             UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
             UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
             ORDER BY 1"
    } else {
        "SELECT coalesce(sql, name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1"
    };
    sql.texts(query).await
}
