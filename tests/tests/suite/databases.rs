//! Runs the suite again on the other databases.
//!
//! Tests that only make sense on one kind are ignored in the plain run, and named `…::on_postgres::…` or `…::on_file::…`.
use std::process::Command;

use tests::postgres::{SERVER, Server, TEMPLATE, say};

#[actix_web::test]
async fn the_suite_passes_on_postgresql() {
    if is_nested() {
        return;
    }
    let Some(server) = Server::find().await else {
        assert!(
            std::env::var("CI").is_err(),
            "CI requires PostgreSQL: install it, or set TEST_DATABASE_URL"
        );
        say("NOT RUN: the suite on PostgreSQL. Install PostgreSQL, or set TEST_DATABASE_URL.");
        return;
    };
    let mut suite = suite_on("postgres");
    suite
        .env(SERVER, &server.url)
        .env(TEMPLATE, &server.template)
        .args(["--skip", "on_file", "--skip", "with_redis"]);
    let passed = run(suite).await;
    server.clean().await;
    assert!(passed, "the suite fails on PostgreSQL: see above");
}

#[actix_web::test]
async fn the_suite_passes_on_sqlite_in_a_file() {
    if is_nested() {
        return;
    }
    let mut suite = suite_on("file");
    suite.args(["--skip", "on_postgres"]);
    assert!(
        run(suite).await,
        "the suite fails on SQLite in a file: see above"
    );
}

fn is_nested() -> bool {
    std::env::var(BACKEND).is_ok()
}

const BACKEND: &str = "ATOLL_TEST_BACKEND";

fn suite_on(backend: &str) -> Command {
    let mut suite = Command::new(std::env::current_exe().unwrap());
    suite
        .env(BACKEND, backend)
        .args(["--include-ignored", "--skip", "databases::"]);
    suite
}

/// The output goes past the capture of the outer run: it is the only sign of life while the suite runs.
async fn run(mut suite: Command) -> bool {
    let done = tokio::task::spawn_blocking(move || suite.output().unwrap())
        .await
        .unwrap();
    let output = String::from_utf8_lossy(&done.stdout);
    let last = output
        .lines()
        .rev()
        .find(|line| line.starts_with("test result"))
        .unwrap_or("no result");
    say(&format!("the suite, again: {last}"));
    if !done.status.success() {
        say(&output);
        say(&String::from_utf8_lossy(&done.stderr));
    }
    done.status.success()
}
