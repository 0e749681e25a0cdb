//! The rows that a change or a deletion names.
use std::collections::HashMap;

use super::refusal_as_answer;
use crate::{
    Error, Reads, Result, Tx,
    crud::Expected,
    permission::Action,
    resource::{Crud, Model, scope},
};

/// The id of a row, and the version that the caller expects.
#[derive(Debug, Clone)]
pub struct Target {
    pub id: i64,
    pub expected: Expected,
}

/// Accepts any version.
impl From<i64> for Target {
    fn from(id: i64) -> Self {
        Self {
            id,
            expected: Expected::Anything,
        }
    }
}

/// Locks live rows and returns those that are visible to the actor, have the expected version, and permit the action. `targets`
/// names each row once.
pub async fn lock_permitted<C: Crud>(
    tx: &Tx,
    action: Action,
    targets: &[Target],
) -> Result<Vec<Result<Model<C>>>> {
    let ids = targets.iter().map(|target| target.id);
    let rows = scope::lock_all::<C>(tx, tx.actor(), ids).await?;
    let verdicts = C::authorize(tx, action, &rows).await?;
    let mut found: HashMap<_, _> = rows
        .into_iter()
        .zip(verdicts)
        .map(|(row, verdict)| (C::id(&row), (row, verdict)))
        .collect();
    let check = |Target { id, expected }: &Target| {
        let (row, verdict) = found.remove(id).ok_or(Error::NotFound)?;
        verdict?;
        expected.check(C::version(&row))?;
        Ok(row)
    };
    targets.iter().map(check).map(refusal_as_answer).collect()
}
