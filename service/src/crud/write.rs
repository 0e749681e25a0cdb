//! `create`, `update`, `delete`, `restore` and `purge`, each in the order of the contract: the row, what the actor may do to it, rules, then the write.
use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityTrait, IntoActiveModel, Iterable, QueryFilter, Value,
};

use super::{
    Active, Change, Crud, Expected, Found, Model, base, cascade, forbidden, owner, read, scope,
};
use crate::{
    Actor, Error, Reads, Result, Tx,
    audit::{self, Did, Entry},
    input,
    permission::{Action, Reach},
    slug,
};

pub async fn create<C: Crud>(tx: &Tx, mut row: Active<C>) -> Result<Found<C::Row>> {
    claim::<C>(tx.actor(), &mut row)?;
    owner::lock_for_create::<C>(tx, &row).await?;
    // Before the check, whose own times are then not earlier than the row.
    base::stamp_new::<C>(&mut row);
    C::check(
        tx,
        Change {
            action: Action::Create,
            before: None,
            after: &mut row,
        },
    )
    .await?;
    let row = slug::insert::<C>(tx, row).await?;
    tx.record(Entry::between::<C>(Did::Created, None, &row));
    C::settle(tx, Action::Create, &row).await?;
    read::one::<C>(tx, row).await
}

pub async fn update<C: Crud>(
    tx: &Tx,
    id: i64,
    patch: Active<C>,
    expected: &Expected,
) -> Result<Found<C::Row>> {
    let before = lock_permitted::<C>(tx, Action::Update, id).await?;
    expected.check(base::version::<C>(&before))?;
    change::<C>(tx, before, &patch, Did::Updated).await
}

pub async fn revert<C: Crud>(
    tx: &Tx,
    id: i64,
    version: i64,
    expected: &Expected,
) -> Result<Found<C::Row>> {
    let before = lock_permitted::<C>(tx, Action::Update, id).await?;
    if !base::reaches::<C>(tx.actor(), Action::Audit, &before) {
        return Err(forbidden(Action::Audit));
    }
    let current = base::version::<C>(&before);
    expected.check(current)?;
    match version {
        past if (1..current).contains(&past) => {
            let state = audit::state_at::<C>(tx, &before, past).await?;
            let patch = input::patch::<C::Patch>(state)?.into_active_model();
            change::<C>(tx, before, &patch, Did::Reverted).await
        }
        this if this == current => read::one::<C>(tx, before).await,
        _ => Err(Error::invalid(
            "/version",
            "unknown",
            format!("there are versions 1 to {current} of this row"),
        )),
    }
}

/// A patch that changes nothing writes nothing.
async fn change<C: Crud>(
    tx: &Tx,
    before: Model<C>,
    patch: &Active<C>,
    did: Did,
) -> Result<Found<C::Row>> {
    let mut row = before.clone().into_active_model();
    apply::<C>(&mut row, patch);
    if !row.is_changed() {
        return read::one::<C>(tx, before).await;
    }
    C::check(
        tx,
        Change {
            action: Action::Update,
            before: Some(&before),
            after: &mut row,
        },
    )
    .await?;
    base::stamp_next::<C>(&mut row, &before);
    let row = scope::update::<C>(tx, tx.actor(), &before, row).await?;
    tx.record(Entry::between::<C>(did, Some(&before), &row));
    C::settle(tx, Action::Update, &row).await?;
    read::one::<C>(tx, row).await
}

pub async fn delete<C: Crud>(tx: &Tx, id: i64, expected: &Expected) -> Result<()> {
    let before = lock_permitted::<C>(tx, Action::Delete, id).await?;
    expected.check(base::version::<C>(&before))?;
    let mut row = before.clone().into_active_model();
    C::check(
        tx,
        Change {
            action: Action::Delete,
            before: Some(&before),
            after: &mut row,
        },
    )
    .await?;
    cascade::delete(tx, C::name(), id).await?;
    C::settle(tx, Action::Delete, &before).await
}

pub async fn restore<C: Crud>(
    tx: &Tx,
    id: i64,
    patch: Option<Active<C>>,
    expected: &Expected,
) -> Result<Found<C::Row>> {
    let before = lock_deleted::<C>(tx, Action::Restore, id).await?;
    expected.check(base::version::<C>(&before))?;
    let deletion = base::read::<C, Option<i64>>(&before, "deletion_id");
    let mut row = before.clone().into_active_model();
    owner::lock_for_restore::<C>(tx, &row).await?;
    if let Some(patch) = patch {
        permit::<C>(tx, Action::Update, &before).await?;
        apply::<C>(&mut row, &patch);
    }
    C::check(
        tx,
        Change {
            action: Action::Restore,
            before: Some(&before),
            after: &mut row,
        },
    )
    .await?;
    base::stamp_restored::<C>(&mut row, &before);
    let row = scope::update_deleted::<C>(tx, &before, row).await?;
    tx.record(Entry::between::<C>(Did::Restored, Some(&before), &row));
    if let Some(deletion) = deletion {
        cascade::restore(tx, C::name(), deletion).await?;
    }
    C::settle(tx, Action::Restore, &row).await?;
    read::one::<C>(tx, row).await
}

pub async fn purge<C: Crud>(tx: &Tx, id: i64) -> Result<()> {
    let before = lock_deleted::<C>(tx, Action::Purge, id).await?;
    let mut row = before.clone().into_active_model();
    C::check(
        tx,
        Change {
            action: Action::Purge,
            before: Some(&before),
            after: &mut row,
        },
    )
    .await?;
    cascade::purge(tx, C::name(), &[id]).await
}

/// Makes the actor the author, unless another one is named by somebody who may do that.
fn claim<C: Crud>(actor: &Actor, row: &mut Active<C>) -> Result<()> {
    let Some(author) = base::author::<C>() else {
        return Ok(());
    };
    match (row.get(author), actor.user_id()) {
        (ActiveValue::NotSet, Some(me)) => row.set(author, me.into()),
        (ActiveValue::NotSet, None) => {
            return Err(Error::invalid("/author_id", "required", "name the author"));
        }
        (ActiveValue::Set(named) | ActiveValue::Unchanged(named), me) => {
            let another = me.is_none_or(|me| named != Value::from(me));
            if another && actor.reach(C::name(), Action::Create) < Reach::All {
                return Err(forbidden(Action::Create));
            }
        }
    }
    Ok(())
}

/// Sets what a patch names and changes.
fn apply<C: Crud>(row: &mut Active<C>, patch: &Active<C>) {
    for column in <C::Entity as EntityTrait>::Column::iter() {
        if let ActiveValue::Set(value) = patch.get(column) {
            row.set_if_not_equals(column, value);
        }
    }
}

async fn lock_permitted<C: Crud>(tx: &Tx, action: Action, id: i64) -> Result<Model<C>> {
    let row = scope::lock::<C>(tx, tx.actor(), id)
        .await?
        .ok_or(Error::NotFound)?;
    permit::<C>(tx, action, &row).await?;
    Ok(row)
}

async fn permit<C: Crud>(tx: &Tx, action: Action, row: &Model<C>) -> Result<()> {
    match C::permits(tx, action, row).await? {
        true => Ok(()),
        false => Err(forbidden(action)),
    }
}

/// A deleted row; a live one that the actor can see is a conflict, if the actor may do this to it at all.
async fn lock_deleted<C: Crud>(tx: &Tx, action: Action, id: i64) -> Result<Model<C>> {
    if let Some(row) = scope::lock_trash::<C>(tx, tx.actor(), action, id).await? {
        permit::<C>(tx, action, &row).await?;
        return Ok(row);
    }
    let live = scope::live::<C>(tx.actor())
        .filter(scope::is::<C>(id))
        .one(tx)
        .await?
        .ok_or(Error::NotFound)?;
    permit::<C>(tx, action, &live).await?;
    Err(Error::conflict("this row is not deleted"))
}
