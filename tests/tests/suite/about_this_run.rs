//! Says what a complete run does. The test runner starts tests in the order of their names, so this module comes first.
use std::{env, thread};

use tests::{
    Backend,
    postgres::{self, say},
};

/// The minutes that one core needs for the suite on all databases.
const CORE_MINUTES: usize = 30;

/// Returns the first lines of a run.
fn announcement() -> String {
    if env::var(tests::BACKEND).is_ok() {
        let backend = Backend::current();
        return format!("\nThis runs the suite on one kind of database: {backend:?}.");
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let minutes = CORE_MINUTES.div_ceil(cores);
    let server = if env::var(postgres::GIVEN).is_ok() {
        format!("PostgreSQL at {}", postgres::GIVEN)
    } else if postgres::is_installed() {
        "a temporary PostgreSQL server".to_owned()
    } else {
        "no PostgreSQL: install it, or set TEST_DATABASE_URL".to_owned()
    };
    format!(
        "\nThis runs the suite three times at once: on SQLite in memory, on SQLite in a file, and on {server}.\n\
         It takes about {minutes} minutes on this machine. Only the tests on SQLite in memory: `just test-fast`.\n\
         CONTRIBUTING.md says how to run single tests.\n"
    )
}

#[test]
fn a_complete_run_says_what_it_does_and_how_long_it_takes() {
    let text = announcement();
    say(&text);

    let is_part = env::var(tests::BACKEND).is_ok();
    assert_eq!(text.contains("one kind of database"), is_part, "{text}");
    assert_eq!(text.contains("minutes on this machine"), !is_part, "{text}");
}
