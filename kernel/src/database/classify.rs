//! Maps errors of both databases to errors of this crate. No other module interprets database errors.
use sea_orm::{DbErr, RuntimeErr};
use sqlx::{error::DatabaseError, sqlite::SqliteError};

use super::{reader::is_overrun, sqlite};
use crate::{
    Code, Error, Refusal,
    error::{ReadOnly, Storage},
};

/// Turns a unique violation into a conflict on the field that its constraint names, contention into an error that is
/// retried, and an absent or overloaded database into an unavailable one. Everything else is a bug.
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
        overrun if is_overrun(overrun) => Error::QueryTimeout(error),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::Unavailable("the database", Some(error)),
        _ => Error::internal(error),
    }
}

/// The classes of SQLSTATEs that do not depend on the statement: connections, credentials, resources (disk, memory,
/// connections), the operator (shutdown, start-up) and the system (input and output).
const OUTAGE_CLASSES: [&str; 5] = ["08", "28", "53", "57", "58"];

/// PostgreSQL answers with five-character SQLSTATEs (PostgreSQL manual, appendix A).
fn by_code(refused: &dyn DatabaseError, error: DbErr) -> Error {
    let code = refused.code().unwrap_or_default();
    if let Some(class) = sqlite_class(refused) {
        return match class {
            sqlite::Class::Unique => collision(refused, error),
            sqlite::Class::Contended => Error::Contended(error),
            sqlite::Class::Interrupted => Error::QueryTimeout(error),
            sqlite::Class::Storage(storage) => Error::Storage(storage, error),
            sqlite::Class::Bug => Error::internal(error),
        };
    }
    match code.as_ref() {
        "23505" => collision(refused, error),
        // numeric_value_out_of_range: the type of a column is narrower than its field. PostgreSQL does not say which column.
        "22003" => Error::invalid(
            "",
            Code::OutOfRange,
            "a number is out of range for its field",
        ),
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Error::Contended(error),
        // query_canceled (statement_timeout), transaction_timeout
        "57014" | "25P04" => Error::QueryTimeout(error),
        // disk_full, out_of_memory, io_error; data_corrupted, index_corrupted
        "53100" => Error::Storage(Storage::Full, error),
        "53200" => Error::Storage(Storage::OutOfMemory, error),
        "58030" => Error::Storage(Storage::Unusable, error),
        "XX001" | "XX002" => Error::Storage(Storage::Damaged, error),
        // read_only_sql_transaction: a standby, or default_transaction_read_only
        "25006" => Error::ReadOnly(ReadOnly::Database),
        // idle_in_transaction_session_timeout, invalid_catalog_name, object_not_in_prerequisite_state
        "25P03" | "3D000" | "55000" => Error::Unavailable("the database", Some(error)),
        _ if OUTAGE_CLASSES.iter().any(|class| code.starts_with(class)) => {
            Error::Unavailable("the database", Some(error))
        }
        _ => Error::internal(error),
    }
}

/// Returns true if a statement reached the lock timeout.
pub fn is_lock_wait(error: &DbErr) -> bool {
    let (DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else {
        return false;
    };
    let RuntimeErr::SqlxError(cause) = runtime else {
        return false;
    };
    let refused = cause.as_database_error();
    refused.is_some_and(|refused| refused.code().as_deref() == Some("55P03"))
}

fn sqlite_class(refused: &dyn DatabaseError) -> Option<sqlite::Class> {
    refused.try_downcast_ref::<SqliteError>()?;
    Some(sqlite::class(refused.code()?.parse().ok()?))
}

/// Returns what is wrong with the file of a SQLite database, if a statement failed because of it.
pub(super) fn storage(error: &DbErr) -> Option<Storage> {
    match classify(error.clone()) {
        Error::Storage(storage, _) => Some(storage),
        _ => None,
    }
}

/// Returns true if SQLite may have rolled back the whole transaction when a statement failed with this error.
pub fn ends_transaction(error: &DbErr) -> bool {
    matches!(
        classify(error.clone()),
        Error::Storage(..)
            | Error::Contended(_)
            | Error::Unavailable(..)
            | Error::QueryTimeout(_)
            | Error::ReadOnly(_)
    )
}

fn collision(refused: &dyn DatabaseError, error: DbErr) -> Error {
    field(refused).map_or_else(|| Error::internal(error), |field| value_taken(&field))
}

/// Returns the error for a unique value that another live row has.
pub fn value_taken(field: &str) -> Error {
    Error::conflict_at(format!("/{field}"), Code::Taken, "this value is taken")
}

/// Returns the field of a unique index. PostgreSQL names the index, `<table>_<column>_live`; SQLite the column, `<table>.<column>`.
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

/// Returns the field of a column: a normalised column (`email_key`) belongs to the field that it is made from.
pub fn taken_field(column: &str) -> &str {
    column.strip_suffix("_key").unwrap_or(column)
}

/// Returns the error for unique values that other live rows have.
pub fn values_taken(fields: &[String]) -> Error {
    let taken =
        |field: &String| Refusal::new(format!("/{field}"), Code::Taken, "this value is taken");
    Error::Conflict {
        detail: if fields.len() == 1 {
            "this value is taken"
        } else {
            "these values are taken"
        },
        refusals: fields.iter().map(taken).collect(),
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        classify(error)
    }
}
