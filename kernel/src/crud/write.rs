//! Implements `revert`, `restore` and `purge` in the order of the contract: find the row, authorize, check the rules, write.
use sea_orm::{IntoActiveModel, QueryFilter};

use super::{
    Target, base, cascade, many, normalize::normalize, owners, read, revert::state_at, unique,
};
use crate::{
    Code, Error, Reads, Result, Tx, input,
    permission::Action,
    query,
    record::{AuditAction, Entry},
    resource::{Active, Change, Crud, Found, Model, Written, require_permission, scope},
};

pub async fn revert<C: Crud>(tx: &Tx, target: Target, version: i64) -> Result<Found<C::Row>> {
    let before =
        many::single_answer(many::lock_permitted::<C>(tx, Action::Update, &[target]).await?)?;
    require_permission::<C>(tx.actor(), Action::Audit, &before)?;
    let current = C::version(&before);
    let row = match version {
        past if (1..current).contains(&past) => {
            let state = state_at::<C>(tx, &before, past).await?;
            let mut patch = input::patch::<C::Patch>(state)?.into_active_model();
            normalize::<C>(&mut patch)?;
            many::single_answer(
                many::change::<C>(tx, vec![Ok((before, patch))], AuditAction::Reverted).await?,
            )?
        }
        this if this == current => before,
        _ => {
            let detail = format!("unknown version; this row has versions 1 to {current}");
            return Err(Error::invalid("/version", Code::Unknown, detail));
        }
    };
    read::one::<C>(tx, row).await
}

pub async fn restore<C: Crud>(
    tx: &Tx,
    target: Target,
    mut patch: Option<Active<C>>,
) -> Result<Found<C::Row>> {
    if let Some(patch) = &mut patch {
        normalize::<C>(patch)?;
    }
    let before = lock_deleted::<C>(tx, Action::Restore, target.id).await?;
    target.expected.check(C::version(&before))?;
    let deletion = C::state(&before).deletion_id;
    let mut row = before.clone().into_active_model();
    owners::lock_for_restore::<C>(tx, &row).await?;
    if let Some(patch) = patch {
        authorize::<C>(tx, Action::Update, &before).await?;
        many::apply::<C>(&mut row, &patch);
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
    unique::check_restored::<C>(tx, &row).await?;
    let row = scope::update_deleted::<C>(tx, &before, row).await?;
    query::index_changed::<C>(tx, [(&before, &row)]).await?;
    tx.record(Entry::diff::<C>(AuditAction::Restored, Some(&before), &row));
    if let Some(deletion) = deletion {
        cascade::restore(tx, C::name(), deletion).await?;
    }
    let written = Written {
        before: Some(before),
        after: row.clone(),
    };
    C::after_write(tx, Action::Restore, &[written]).await?;
    read::one::<C>(tx, row).await
}

pub async fn purge<C: Crud>(tx: &Tx, target: Target) -> Result<()> {
    let before = lock_deleted::<C>(tx, Action::Purge, target.id).await?;
    target.expected.check(C::version(&before))?;
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
    cascade::purge(tx, C::name(), &[target.id]).await
}

/// Fails unless the actor may do this to the row.
pub async fn authorize<C: Crud>(reads: &impl Reads, action: Action, row: &Model<C>) -> Result<()> {
    many::single_answer(C::authorize(reads, action, std::slice::from_ref(row)).await?)
}

async fn lock_deleted<C: Crud>(tx: &Tx, action: Action, id: i64) -> Result<Model<C>> {
    let row = scope::lock_trash::<C>(tx, tx.actor(), action, id).await?;
    authorize_deleted::<C>(tx, action, id, row).await
}

/// Returns the deleted row if the actor may do this to it. If there is a live row that the actor sees instead, this is a
/// conflict, or forbidden if the actor may not do this to it at all.
pub async fn authorize_deleted<C: Crud>(
    reads: &impl Reads,
    action: Action,
    id: i64,
    row: Option<Model<C>>,
) -> Result<Model<C>> {
    if let Some(row) = row {
        authorize::<C>(reads, action, &row).await?;
        return Ok(row);
    }
    let live = scope::live::<C>(reads.actor())
        .filter(scope::has_id::<C>(id))
        .one(reads.db()?)
        .await?
        .ok_or(Error::NotFound)?;
    authorize::<C>(reads, action, &live).await?;
    Err(Error::conflict("this row is not deleted"))
}
