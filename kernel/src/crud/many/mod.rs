//! Writes many rows in a number of statements that does not depend on the number of rows. A write of one row is a special case.
//!
//! Each function returns one result per row. If a row was refused, the caller decides whether the transaction goes on. The
//! outer `Err` is a failure that the caller cannot fix.
mod alone;
mod create;
mod delete;
mod insert;
mod target;
mod update;

pub use create::{claim, create};
pub use delete::delete;
pub use target::{Target, lock_permitted};
pub use update::{apply, change, update};

use crate::{
    Error, Result, Tx,
    permission::Action,
    resource::{Crud, Written},
};

/// Returns a refusal as the result of one row. Any other failure ends the operation.
fn refusal_as_answer<T>(done: Result<T>) -> Result<Result<T>> {
    match done {
        Err(error) if !error.is_refusal() => Err(error),
        answer => Ok(answer),
    }
}

/// Calls [`Crud::after_write`] if any row was written.
async fn after_write<C: Crud>(tx: &Tx, action: Action, written: &[Written<C>]) -> Result<()> {
    match written {
        [] => Ok(()),
        written => C::after_write(tx, action, written).await,
    }
}

/// Returns the result of a write of one row.
pub fn single_answer<T>(answers: Vec<Result<T>>) -> Result<T> {
    let mut answers = answers.into_iter();
    match (answers.next(), answers.next()) {
        (Some(answer), None) => answer,
        _ => Err(Error::bug(
            "a write of one row did not return exactly one answer",
        )),
    }
}
