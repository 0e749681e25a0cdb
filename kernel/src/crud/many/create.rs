//! Creates rows.
use sea_orm::{ActiveModelTrait, ActiveValue, IdenStatic, Value};

use super::{after_write, alone, insert::insert, refusal_as_answer};
use crate::{
    Code, Error, Reads, Result, Tx,
    crud::{base, normalize::normalize, owners},
    permission::{Action, Reach},
    query,
    record::{AuditAction, Entry},
    resource::{Active, Change, Crud, Model, Written, author},
};

pub async fn create<C: Crud>(tx: &Tx, rows: Vec<Active<C>>) -> Result<Vec<Result<Model<C>>>> {
    let claimed = |mut row| {
        normalize::<C>(&mut row)?;
        claim::<C>(tx, row)
    };
    let mut rows: Vec<_> = rows.into_iter().map(claimed).collect();
    if let [Ok(row)] = rows.as_slice()
        && let Some(after) = alone::create::<C>(tx, row).await?
    {
        let written = Written {
            before: None,
            after: after.clone(),
        };
        after_write::<C>(tx, Action::Create, &[written]).await?;
        return Ok(vec![Ok(after)]);
    }
    owners::lock_for_create::<C>(tx, &mut rows).await?;
    for row in &mut rows {
        if let Ok(new) = row
            && let Err(refusal) = refusal_as_answer(check::<C>(tx, new).await)?
        {
            *row = Err(refusal);
        }
    }
    let rows = insert::<C>(tx, rows).await?;
    query::index::<C>(tx, rows.iter().flatten()).await?;
    let created = |after: &Model<C>| Written {
        before: None,
        after: after.clone(),
    };
    let written: Vec<_> = rows.iter().flatten().map(created).collect();
    for row in &written {
        tx.record(Entry::diff::<C>(AuditAction::Created, None, &row.after));
    }
    after_write::<C>(tx, Action::Create, &written).await?;
    Ok(rows)
}

pub async fn check<C: Crud>(tx: &Tx, row: &mut Active<C>) -> Result<()> {
    // The stamp comes before the check, so that times that the check sets are not earlier than those of the row.
    base::stamp_new::<C>(row);
    let change = Change {
        action: Action::Create,
        before: None,
        after: row,
    };
    C::check(tx, change).await
}

/// Sets the author to the actor, or to the default owner of the session if the actor is no user. Fails if the row names another
/// author and the actor may not create rows for others.
pub fn claim<C: Crud>(tx: &Tx, mut row: Active<C>) -> Result<Active<C>> {
    let actor = tx.actor();
    let rules = C::permission_rules();
    let is_full = actor.reach(C::name(), Action::Create) == Reach::All;
    let Some(author) = author::<C>() else {
        return if is_full {
            Ok(row)
        } else {
            Err(rules.forbidden(Action::Create, false))
        };
    };
    match (row.get(author), tx.default_owner()) {
        (ActiveValue::NotSet, Some(owner)) => row.set(author, owner.into()),
        (ActiveValue::NotSet, None) => {
            return Err(Error::invalid(
                format!("/{}", author.as_str()),
                Code::Required,
                "is required, because the caller is not a user",
            ));
        }
        (ActiveValue::Set(named) | ActiveValue::Unchanged(named), _) => {
            let another = actor.user_id().is_none_or(|me| named != Value::from(me));
            if another && !is_full {
                return Err(rules.forbidden(Action::Create, false));
            }
        }
    }
    Ok(row)
}
