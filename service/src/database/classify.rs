//! The one place that knows what a database error means.
use sea_orm::{DbErr, RuntimeErr};
use sqlx::{error::DatabaseError, sqlite::SqliteError};

use super::sqlite;
use crate::{Error, error::Storage};

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
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::Unavailable("the database", Some(error)),
        _ => Error::internal(error),
    }
}

/// PostgreSQL answers with five-character SQLSTATEs (PostgreSQL manual, appendix A).
fn by_code(refused: &dyn DatabaseError, error: DbErr) -> Error {
    let code = refused.code().unwrap_or_default();
    if let Some(class) = sqlite_class(refused) {
        return match class {
            sqlite::Class::Unique => collision(refused, error),
            sqlite::Class::Contended => Error::Contended(error),
            sqlite::Class::Interrupted => Error::Unavailable("the database", Some(error)),
            sqlite::Class::Storage(storage) => Error::Storage(storage, error),
            sqlite::Class::Bug => Error::internal(error),
        };
    }
    match code.as_ref() {
        "23505" => collision(refused, error),
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Error::Contended(error),
        // query_canceled (statement_timeout), idle_in_transaction_session_timeout, too_many_connections,
        // admin_shutdown, crash_shutdown, cannot_connect_now
        "57014" | "25P03" | "53300" | "57P01" | "57P02" | "57P03" => {
            Error::Unavailable("the database", Some(error))
        }
        // disk_full, out_of_memory, io_error; data_corrupted, index_corrupted
        "53100" => Error::Storage(Storage::Full, error),
        "53200" => Error::Storage(Storage::OutOfMemory, error),
        "58030" => Error::Storage(Storage::Unusable, error),
        "XX001" | "XX002" => Error::Storage(Storage::Damaged, error),
        _ if code.starts_with("08") => Error::Unavailable("the database", Some(error)),
        _ => Error::internal(error),
    }
}

fn sqlite_class(refused: &dyn DatabaseError) -> Option<sqlite::Class> {
    refused.try_downcast_ref::<SqliteError>()?;
    Some(sqlite::class(refused.code()?.parse().ok()?))
}

/// What is wrong with the file of a SQLite database, if that is why a statement failed.
pub(super) fn storage(error: &DbErr) -> Option<Storage> {
    match classify(error.clone()) {
        Error::Storage(storage, _) => Some(storage),
        _ => None,
    }
}

/// Whether SQLite may have rolled back and ended the whole transaction when a statement failed like this.
pub fn ends_transaction(error: &DbErr) -> bool {
    matches!(
        classify(error.clone()),
        Error::Storage(..) | Error::Contended(_) | Error::Unavailable(..)
    )
}

fn collision(refused: &dyn DatabaseError, error: DbErr) -> Error {
    field(refused).map_or_else(|| Error::internal(error), |field| taken(&field))
}

/// A unique value that another live row has.
pub fn taken(field: &str) -> Error {
    Error::conflict_at(format!("/{field}"), "taken", "this value is taken")
}

/// The field behind a unique index. PostgreSQL names the index, `<table>_<column>_live`; SQLite the column, `<table>.<column>`.
/// A normalised column (`email_key`) stands for the field it is made from.
fn field(refused: &dyn DatabaseError) -> Option<String> {
    let column = match (refused.constraint(), refused.table()) {
        (Some(index), Some(table)) => index
            .strip_prefix(table)?
            .strip_prefix('_')?
            .strip_suffix("_live")?
            .to_owned(),
        _ => refused.message().rsplit_once('.')?.1.to_owned(),
    };
    Some(column.strip_suffix("_key").unwrap_or(&column).to_owned())
}
