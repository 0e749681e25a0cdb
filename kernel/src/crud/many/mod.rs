//! Writes of many rows at once, in a number of statements that does not depend on theirs. A write of one row is one of them.
//!
//! Each answers for every row: what became of it, or why it was refused. Where a row was refused, the caller decides
//! whether the transaction goes on. The outer error is for what nobody who calls can mend.
mod create;
mod delete;
mod insert;
mod target;
mod update;

pub use create::{claim, create};
pub use delete::delete;
pub use target::{Target, lock_permitted};
pub use update::{apply, change, update};

use super::{Crud, Written};
use crate::{Error, Result, Tx, permission::Action};

/// A refusal is an answer; any other failure ends the work.
fn refusal_as_answer<T>(done: Result<T>) -> Result<Result<T>> {
    match done {
        Err(error) if !error.is_refusal() => Err(error),
        answer => Ok(answer),
    }
}

/// Nothing follows where nothing was written.
async fn after_write<C: Crud>(tx: &Tx, action: Action, written: &[Written<C>]) -> Result<()> {
    match written {
        [] => Ok(()),
        written => C::after_write(tx, action, written).await,
    }
}

/// The only answer there is.
pub fn single_answer<T>(answers: Vec<Result<T>>) -> Result<T> {
    let mut answers = answers.into_iter();
    match (answers.next(), answers.next()) {
        (Some(answer), None) => answer,
        _ => Err(Error::bug(
            "a write of one row did not return exactly one answer",
        )),
    }
}
