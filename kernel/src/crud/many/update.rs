//! Updates rows.
use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, IntoActiveModel, Iterable};

use super::{Target, after_write, lock_permitted, refusal_as_answer};
use crate::{
    Error, Reads, Result, Tx,
    crud::{base, normalize::normalize, unique},
    permission::Action,
    query,
    record::{AuditAction, Entry},
    resource::{Active, Change, Crud, Model, Written, scope},
};

pub async fn update<C: Crud>(
    tx: &Tx,
    targets: &[Target],
    patches: Vec<Active<C>>,
) -> Result<Vec<Result<Model<C>>>> {
    let rows = lock_permitted::<C>(tx, Action::Update, targets).await?;
    let pair = |(row, mut patch): (Result<_>, _)| {
        // An invalid body is refused before its row is checked.
        normalize::<C>(&mut patch)?;
        Ok((row?, patch))
    };
    let rows = rows.into_iter().zip(patches).map(pair).collect();
    change::<C>(tx, rows, AuditAction::Updated).await
}

/// Applies patches to rows that are locked and may be changed. A patch that changes nothing writes nothing.
pub async fn change<C: Crud>(
    tx: &Tx,
    rows: Vec<Result<(Model<C>, Active<C>)>>,
    action: AuditAction,
) -> Result<Vec<Result<Model<C>>>> {
    let mut checked = Vec::with_capacity(rows.len());
    for row in rows {
        checked.push(match row {
            Ok((before, patch)) => refusal_as_answer(check::<C>(tx, before, &patch).await)?,
            Err(refusal) => Err(refusal),
        });
    }
    let is_pending =
        |(before, after): &(Model<C>, Option<Active<C>>)| Some((before.clone(), after.clone()?));
    let pending: Vec<_> = checked.iter().flatten().filter_map(is_pending).collect();
    let mut outcomes = write::<C>(tx, &pending).await?.into_iter();
    let mut written = Vec::with_capacity(pending.len());
    let mut answers = Vec::with_capacity(checked.len());
    for row in checked {
        answers.push(match row {
            Ok((before, Some(_))) => outcomes
                .next()
                .ok_or_else(missing_result)?
                .inspect(|after| {
                    tx.record(Entry::diff::<C>(action, Some(&before), after));
                    let (before, after) = (Some(before), after.clone());
                    written.push(Written { before, after });
                }),
            Ok((before, None)) => Ok(before),
            Err(refusal) => Err(refusal),
        });
    }
    let changed = written
        .iter()
        .filter_map(|row| Some((row.before.as_ref()?, &row.after)));
    query::index_changed::<C>(tx, changed).await?;
    after_write::<C>(tx, Action::Update, &written).await?;
    Ok(answers)
}

fn missing_result() -> Error {
    Error::bug("an update returned no result for one of its rows")
}

/// Returns the row, and the changed row if the patch changes anything.
async fn check<C: Crud>(
    tx: &Tx,
    before: Model<C>,
    patch: &Active<C>,
) -> Result<(Model<C>, Option<Active<C>>)> {
    let mut row = before.clone().into_active_model();
    apply::<C>(&mut row, patch);
    if !row.is_changed() {
        return Ok((before, None));
    }
    let change = Change {
        action: Action::Update,
        before: Some(&before),
        after: &mut row,
    };
    C::check(tx, change).await?;
    base::stamp_next::<C>(&mut row, &before);
    Ok((before, Some(row)))
}

/// Sets the columns that a patch names and changes.
pub fn apply<C: Crud>(row: &mut Active<C>, patch: &Active<C>) {
    for column in <C::Entity as EntityTrait>::Column::iter() {
        if let ActiveValue::Set(value) = patch.get(column) {
            row.set_if_not_equals(column, value);
        }
    }
}

/// Updates rows with one statement. If that collides with a unique value, it updates them one by one in their order, so that
/// each has its own result.
async fn write<C: Crud>(tx: &Tx, rows: &[(Model<C>, Active<C>)]) -> Result<Vec<Result<Model<C>>>> {
    let alone = async |before, row: &Active<C>| {
        unique::check::<C>(tx, before, row).await?;
        scope::update::<C>(tx, tx.actor(), before, row.clone()).await
    };
    if let [(before, row)] = rows {
        return Ok(vec![refusal_as_answer(alone(before, row).await)?]);
    }
    match tx.attempt(scope::update_each::<C>(tx, rows)).await {
        Err(error) if error.is_refusal() => {}
        done => return Ok(done?.into_iter().map(Ok).collect()),
    }
    let mut answers = Vec::with_capacity(rows.len());
    for (before, row) in rows {
        answers.push(refusal_as_answer(tx.attempt(alone(before, row)).await)?);
    }
    Ok(answers)
}
