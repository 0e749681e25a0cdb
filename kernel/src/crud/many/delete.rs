//! Deletes rows.
use sea_orm::IntoActiveModel;

use super::{Target, lock_permitted, refusal_as_answer};
use crate::{
    Result, Tx,
    crud::cascade,
    permission::Action,
    resource::{Change, Crud, Model, Written},
};

/// Deletes rows, each as a deletion of its own, and returns the version that each deleted row has.
pub async fn delete<C: Crud>(tx: &Tx, targets: &[Target]) -> Result<Vec<Result<i64>>> {
    let mut rows = lock_permitted::<C>(tx, Action::Delete, targets).await?;
    for row in &mut rows {
        if let Ok(before) = row
            && let Err(refusal) = refusal_as_answer(check::<C>(tx, before).await)?
        {
            *row = Err(refusal);
        }
    }
    let gone: Vec<_> = rows.iter().flatten().map(C::id).collect();
    if !gone.is_empty() {
        cascade::delete(tx, C::name(), &gone).await?;
        let deleted = |row: &Model<C>| Written {
            before: Some(row.clone()),
            after: row.clone(),
        };
        let written: Vec<_> = rows.iter().flatten().map(deleted).collect();
        C::after_write(tx, Action::Delete, &written).await?;
    }
    let version = |row: Model<C>| C::version(&row) + 1;
    Ok(rows.into_iter().map(|row| row.map(version)).collect())
}

async fn check<C: Crud>(tx: &Tx, before: &Model<C>) -> Result<()> {
    let mut row = before.clone().into_active_model();
    let change = Change {
        action: Action::Delete,
        before: Some(before),
        after: &mut row,
    };
    C::check(tx, change).await
}
