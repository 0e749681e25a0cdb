//! The command line.
mod config;
mod migrate;
mod private;
mod transfer;
mod user;

use migration::MIGRATOR;
use secrecy::ExposeSecret;
use tests::{Backend, Sql, file_url, process::Program, settings};

/// Returns the program in an empty folder, and the URL of its database, which has no tables.
pub async fn program() -> (Program, String) {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    if Backend::current() != Backend::Postgres {
        let url = file_url(program.folder.path());
        return (program.with("DATABASE_URL", &url), url);
    }
    let (url, _) = Backend::Postgres.fresh().await;
    let settings = settings(&url);
    let database = kernel::Database::connect_for_migrations(&settings)
        .await
        .unwrap();
    // The template has all tables.
    database.migrations(MIGRATOR).reset().await.unwrap();
    database.close().await.unwrap();
    (
        program.with("DATABASE_URL", settings.url.expose_secret()),
        url,
    )
}

#[actix_web::test]
async fn seeding_creates_consistent_rows() {
    let (program, url) = program().await;

    let said = program
        .ok("seed --users 20 --posts 50 --comments 80", "")
        .await;

    assert!(
        said.contains("20 users, 50 posts and 80 comments"),
        "{said}"
    );
    let sql = Sql::open(&url).await;
    for (table, rows) in [("users", 20), ("posts", 50), ("comments", 80)] {
        let there = sql.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(there, rows, "{table}");
    }
    assert_eq!(sql.inconsistent_deletions().await, Vec::<String>::new());
    let production = program.with("ATOLL_PROFILE", "production");
    let refused = production.refused("seed --users 1").await;
    assert!(refused.contains("--force"), "{refused}");
}

#[actix_web::test]
async fn an_invalid_command_is_refused_with_a_hint() {
    let (program, _) = program().await;

    for nonsense in [
        "sreve",
        "migrate",
        "migrate to",
        "user create",
        "seed",
        "serve --port 1",
    ] {
        let output = program.run(nonsense, "").await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{nonsense}: {said}");
        assert!(said.contains("Usage:"), "{nonsense}: {said}");
    }
}
