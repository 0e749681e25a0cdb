//! The binary behind `sea-orm-cli migrate`.

use std::{env, fs, time::Duration};

use migration::{DEFAULT_DATABASE_URL, MIGRATOR};
use sea_orm_migration::{
    cli,
    sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr},
};

#[tokio::main]
async fn main() {
    let is_url = |arg: String| arg.starts_with("-u") || arg.starts_with("--database-url");
    if env::args().any(is_url) {
        cli::run_cli_with_connection(MIGRATOR, connect).await;
    } else {
        // `.env` is loaded before this closure runs.
        cli::run_cli_with_custom_connection(MIGRATOR, async || connect(options()?).await).await;
    }
}

fn options() -> Result<ConnectOptions, DbErr> {
    let Ok(url) = env::var("DATABASE_URL") else {
        fs::create_dir_all("data").map_err(|error| DbErr::Custom(error.to_string()))?;
        return Ok(ConnectOptions::new(DEFAULT_DATABASE_URL));
    };
    let mut options = ConnectOptions::new(url);
    if let Ok(schema) = env::var("DATABASE_SCHEMA") {
        options.set_schema_search_path(schema);
    }
    Ok(options)
}

async fn connect(mut options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    options
        .max_connections(1)
        // Waits for another process that is migrating.
        .map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(Duration::from_mins(1)));
    Box::pin(Database::connect(options)).await
}
