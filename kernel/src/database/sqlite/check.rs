//! Checks a SQLite file for damage while the server runs.
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, Error, sqlite::SqliteConnectOptions};

use super::{Class, class};
use crate::error::Storage;

/// The number of instructions that SQLite runs between two checks of the time.
const STEPS: i32 = 1_000;

/// Reports 20 lines of damage at most.
const CHECK: &str = "PRAGMA quick_check(20)";

/// The result of a check of the file.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::database) enum Found {
    Nothing,
    /// The first few things that are wrong.
    Damage(Vec<String>),
    /// The time ran out before the whole file was read.
    TimedOut,
}

/// Runs `quick_check` on a connection of its own, for at most `limit`. It finds damaged pages and rows out of order, but
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
                Some(Class::Interrupted) => return Ok(Found::TimedOut),
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
