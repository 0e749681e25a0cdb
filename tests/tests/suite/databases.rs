//! Runs the suite again on the other databases.
//!
//! Tests that only make sense on one kind are ignored in the plain run, and named `…::on_postgres::…` or `…::on_file::…`.
use std::process::Command;

use tests::{
    BACKEND,
    postgres::{SERVER, Server, TEMPLATE, say},
};

/// The variable with arguments for the runs on the other databases, such as a part of the name of a test, and `--exact`.
const ARGUMENTS: &str = "ATOLL_TEST_ARGS";

/// The most failures that a run lists at its end.
const MAX_LISTED: usize = 20;

#[actix_web::test]
async fn the_suite_passes_on_postgres() {
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
    let problem = run("postgres", suite).await;
    server.clean().await;
    assert!(problem.is_none(), "{}", problem.unwrap_or_default());
}

#[actix_web::test]
async fn the_suite_passes_on_file() {
    if is_nested() {
        return;
    }
    let mut suite = suite_on("file");
    suite.args(["--skip", "on_postgres"]);
    let problem = run("file", suite).await;
    assert!(problem.is_none(), "{}", problem.unwrap_or_default());
}

fn is_nested() -> bool {
    std::env::var(BACKEND).is_ok()
}

fn suite_on(backend: &str) -> Command {
    let mut suite = Command::new(std::env::current_exe().unwrap());
    suite
        .env(BACKEND, backend)
        .args(["--include-ignored", "--skip", "databases::"])
        .args(arguments().split_whitespace());
    suite
}

fn arguments() -> String {
    std::env::var(ARGUMENTS).unwrap_or_default()
}

/// Returns what is wrong, if anything. The output goes past the capture of the outer run: it is the only sign of life while the
/// suite runs.
async fn run(backend: &'static str, mut suite: Command) -> Option<String> {
    let done = tokio::task::spawn_blocking(move || suite.output().unwrap())
        .await
        .unwrap();
    let output = String::from_utf8_lossy(&done.stdout);
    let last = output
        .lines()
        .rev()
        .find(|line| line.starts_with("test result"))
        .unwrap_or("no result");
    say(&format!("the suite, again, on {backend}: {last}"));
    let is_single = !arguments().is_empty();
    if done.status.success() {
        let is_empty = is_single && last.contains(" 0 passed");
        return is_empty.then(|| format!("no test matches {}", arguments()));
    }
    say(&output);
    say(&String::from_utf8_lossy(&done.stderr));
    Some(failures(backend, &output))
}

/// Names the failed tests and the database, with the command that runs each of them again.
fn failures(backend: &str, output: &str) -> String {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
    let failed = lines.filter_map(|line| line.strip_suffix(" ... FAILED"));
    let failed: Vec<_> = failed.collect();
    if failed.is_empty() {
        return format!("the suite on {backend} ended early: see above");
    }
    let again = |name: &&str| {
        format!(
            "  {name}\n    {ARGUMENTS}='{name} --exact' cargo test --workspace --test suite the_suite_passes_on_{backend}"
        )
    };
    let listed: Vec<_> = failed.iter().take(MAX_LISTED).map(again).collect();
    let number = failed.len();
    format!(
        "failed on {backend}: {number}. The command below each name runs that test again:\n{}\n",
        listed.join("\n")
    )
}

#[test]
fn a_failure_on_another_database_is_named_with_the_command_that_runs_it_again() {
    let output = "running 2 tests\ntest posts::a ... ok\ntest posts::b ... FAILED\n\nfailures:\n\n    posts::b\n";

    let text = failures("postgres", output);

    let command = "ATOLL_TEST_ARGS='posts::b --exact' cargo test --workspace --test suite the_suite_passes_on_postgres";
    assert!(text.contains("failed on postgres: 1."), "{text}");
    assert!(
        text.contains(command) && !text.contains("posts::a"),
        "{text}"
    );
    assert!(failures("file", "").contains("ended early"));
}
