//! The command line.
mod config;
mod database;
mod migrate;
mod private;
mod seed;
mod transfer;
mod user;

use std::fs;

use migration::MIGRATOR;
use secrecy::ExposeSecret;
use tests::{Backend, file_url, migrated_file, process::Program, settings};

/// Returns the program with a database that has all tables, and its URL.
pub async fn program() -> (Program, String) {
    let mut program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    let url = if Backend::current() == Backend::Postgres {
        let (url, place) = Backend::Postgres.fresh().await;
        program.place = place.into();
        url
    } else {
        migrated_file(program.folder.path()).await
    };
    let settings = settings(&url);
    (
        program.with("DATABASE_URL", settings.url.expose_secret()),
        url,
    )
}

/// Returns the program with a database that exists and has no tables, and its URL.
pub async fn program_without_tables() -> (Program, String) {
    let mut program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    if Backend::current() != Backend::Postgres {
        let url = file_url(program.folder.path());
        fs::write(program.folder.path().join("test.db"), "").unwrap();
        return (program.with("DATABASE_URL", &url), url);
    }
    let (url, place) = Backend::Postgres.fresh().await;
    program.place = place.into();
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
async fn an_invalid_command_is_refused_with_a_hint() {
    let (program, _) = program().await;

    for nonsense in [
        "sreve",
        "migrate",
        "migrate to",
        "user create",
        "seed",
        "serve --prot 1",
    ] {
        let output = program.run(nonsense, "").await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{nonsense}: {said}");
        assert!(said.contains("Usage:"), "{nonsense}: {said}");
    }
}

#[actix_web::test]
async fn every_shell_gets_a_script_that_knows_the_commands() {
    let (program, _) = program().await;

    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = program.ok(&format!("completions {shell}"), "").await;
        for word in ["promote", "ask-password", "comments"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
}
