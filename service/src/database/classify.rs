//! The one place that knows what a database error means.
use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::DatabaseError;

use crate::{Error, Refusal, deadline::Overrun};

/// A unique violation becomes a conflict on the field that its constraint names, contention becomes worth a
/// retry, an absent or overloaded database becomes unavailable. Everything else is a bug.
pub fn classify(error: DbErr) -> Error {
    let runtime = match &error {
        DbErr::ConnectionAcquire(_) => return Error::Unavailable("the database", Some(error)),
        DbErr::RecordNotFound(_) | DbErr::RecordNotUpdated => return Error::NotFound,
        DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        _ => return Error::internal(error),
    };
    let RuntimeErr::SqlxError(cause) = runtime else {
        return Error::internal(error);
    };
    let cause = cause.clone();
    match cause.as_ref() {
        sqlx::Error::Database(refused) => by_code(refused.as_ref(), error),
        sqlx::Error::Io(failure)
            if failure.get_ref().is_some_and(|cause| cause.is::<Overrun>()) =>
        {
            Error::QueryTimeout(error)
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::Unavailable("the database", Some(error)),
        _ => Error::internal(error),
    }
}

/// PostgreSQL answers with five-character SQLSTATEs (PostgreSQL manual, appendix A), SQLite with decimal result codes (sqlite.org/rescode.html).
fn by_code(refused: &dyn DatabaseError, error: DbErr) -> Error {
    let code = refused.code().unwrap_or_default();
    match code.as_ref() {
        "23505" | "2067" | "1555" => collision(refused, error),
        // numeric_value_out_of_range: a type that is narrower than what its field takes. PostgreSQL does not say of which.
        "22003" => Error::invalid(
            "",
            "out_of_range",
            "a number is too large or too small for its field",
        ),
        // serialization_failure, deadlock_detected, lock_not_available; SQLITE_BUSY, _LOCKED, _BUSY_RECOVERY, _BUSY_SNAPSHOT
        "40001" | "40P01" | "55P03" | "5" | "6" | "261" | "517" => Error::Contended(error),
        // query_canceled (statement_timeout), transaction_timeout; SQLITE_INTERRUPT
        "57014" | "25P04" | "9" => Error::QueryTimeout(error),
        // idle_in_transaction_session_timeout, disk_full, too_many_connections,
        // admin_shutdown, crash_shutdown, cannot_connect_now; SQLITE_READONLY, _IOERR, _FULL, _CANTOPEN
        "25P03" | "53100" | "53300" | "57P01" | "57P02" | "57P03" | "8" | "10" | "13" | "14" => {
            Error::Unavailable("the database", Some(error))
        }
        _ if code.starts_with("08") => Error::Unavailable("the database", Some(error)),
        _ => Error::internal(error),
    }
}

fn collision(refused: &dyn DatabaseError, error: DbErr) -> Error {
    field(refused).map_or_else(|| Error::internal(error), |field| taken(&field))
}

/// A unique value that another live row has.
pub fn taken(field: &str) -> Error {
    Error::conflict_at(format!("/{field}"), "taken", "this value is taken")
}

/// The field behind a unique index. PostgreSQL names the index, `<table>_<column>_live`; SQLite the column, `<table>.<column>`.
fn field(refused: &dyn DatabaseError) -> Option<String> {
    let column = match (refused.constraint(), refused.table()) {
        (Some(index), Some(table)) => index
            .strip_prefix(table)?
            .strip_prefix('_')?
            .strip_suffix("_live")?
            .to_owned(),
        _ => refused.message().rsplit_once('.')?.1.to_owned(),
    };
    Some(taken_field(&column).to_owned())
}

/// A normalised column (`email_key`) stands for the field it is made from.
pub fn taken_field(column: &str) -> &str {
    column.strip_suffix("_key").unwrap_or(column)
}

/// Unique values that other live rows have.
pub fn all_taken(fields: &[String]) -> Error {
    let taken = |field: &String| Refusal::new(format!("/{field}"), "taken", "this value is taken");
    Error::Conflict {
        detail: if fields.len() == 1 {
            "this value is taken"
        } else {
            "these values are taken"
        },
        refusals: fields.iter().map(taken).collect(),
    }
}
