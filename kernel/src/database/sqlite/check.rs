//! Looks for damage of a SQLite file while the server runs.
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, Error, sqlite::SqliteConnectOptions};

use super::{Class, class};
use crate::error::Storage;

/// How many instructions SQLite runs between two looks at the clock.
const STEPS: i32 = 1_000;

/// Reports 20 lines of damage at most.
const CHECK: &str = "PRAGMA quick_check(20)";

/// What a check of the file found.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::database) enum Found {
    Nothing,
    /// The first few things that are wrong.
    Damage(Vec<String>),
    /// The time was over before the whole file was read.
    TooLate,
}

/// Runs `quick_check` on a connection of its own, for `limit` at most. It sees whether pages and their order are whole, and
/// neither changed bytes inside of values nor an index that lacks a row.
pub(in crate::database) async fn quick_check(
    file: &SqliteConnectOptions,
    limit: Duration,
) -> Result<Found, Error> {
    let deadline = Instant::now() + limit;
    let mut connection = file.clone().pragma("query_only", "on").connect().await?;
    let is_in_time = move || Instant::now() < deadline;
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(STEPS, is_in_time);
    drop(handle);
    let lines = sqlx::query_scalar(CHECK).fetch_all(&mut connection).await;
    connection.close().await?;
    let lines: Vec<String> = match lines {
        Ok(lines) => lines,
        Err(Error::Database(error)) => {
            let code = error.code().and_then(|code| code.parse().ok());
            match code.map(class) {
                Some(Class::Interrupted) => return Ok(Found::TooLate),
                Some(Class::Storage(Storage::Damaged)) => {
                    return Ok(Found::Damage(vec![error.to_string()]));
                }
                _ => return Err(Error::Database(error)),
            }
        }
        Err(error) => return Err(error),
    };
    if lines == ["ok"] {
        Ok(Found::Nothing)
    } else {
        Ok(Found::Damage(lines))
    }
}
