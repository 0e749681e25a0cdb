//! Whether an actor may do something to a row: asked, and not done. The answer is made of what the doing asks too.
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, Select};

use super::{Crud, base, forbidden, impact, read, scope, write};
use crate::{
    Error, Reads, Result,
    entity::audit_entries,
    permission::{Action, Reach},
    plain::plain,
    query::Shape,
};

/// Names the way in which a request reaches a row.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    Read,
    /// To a live row, in order to do this to it.
    Live(Action),
    /// To a deleted row, in order to do this to it.
    Deleted(Action),
    History,
    Impact,
    Revert,
}

/// Fails as the request would, as far as the actor and the row decide that.
pub async fn may<C: Crud>(reads: &impl Reads, access: Access, id: i64) -> Result<()> {
    match access {
        Access::Read => read::get::<C>(reads, id, &Shape::default()).await.map(drop),
        Access::Live(action) => live::<C>(reads, &[action], id).await,
        Access::Revert => live::<C>(reads, &[Action::Update, Action::Audit], id).await,
        Access::Deleted(action) => {
            let row = scope::trash::<C>(reads.actor(), action).filter(scope::is::<C>(id));
            let row = row.one(reads.db()?).await?;
            write::deleted::<C>(reads, action, id, row).await.map(drop)
        }
        Access::History => audit_access::<C>(reads, id).await.map(drop),
        Access::Impact => impact::target::<C>(reads, id).await.map(drop),
    }
}

/// The first action is asked of the resource's own rules, as it is when it is done.
async fn live<C: Crud>(reads: &impl Reads, actions: &[Action], id: i64) -> Result<()> {
    let row = scope::live::<C>(reads.actor()).filter(scope::is::<C>(id));
    let row = row.one(reads.db()?).await?.ok_or(Error::NotFound)?;
    let (first, others) = actions
        .split_first()
        .ok_or_else(|| Error::bug("something is done to a row"))?;
    write::permit::<C>(reads, *first, &row).await?;
    let permit = |action: &Action| base::permit::<C>(reads.actor(), *action, &row);
    others.iter().try_for_each(permit)
}

/// Returns whether the actor sees the private fields in the history of this row. Fails if the actor may not see the history.
pub async fn audit_access<C: Crud>(reads: &impl Reads, id: i64) -> Result<bool> {
    let (actor, db) = (reads.actor(), reads.db()?);
    let one = |rows: Select<C::Entity>| rows.filter(scope::is::<C>(id));
    if let Some(row) = one(scope::audited::<C>(actor)).one(db).await? {
        return match base::reaches::<C>(actor, Action::Audit, &row) {
            true => Ok(base::is_full::<C>(actor, &row)),
            false => Err(forbidden(Action::Audit)),
        };
    }
    let is_there = one(scope::all_live::<C>()).select_only().column(C::ID);
    let is_there = is_there.into_tuple::<i64>().one(db).await?.is_some();
    let sees_all = actor.reach(C::name(), Action::Audit) == Reach::All;
    match !is_there && sees_all && was::<C>(reads, id).await? {
        true => Ok(actor.reach(C::name(), Action::Read) == Reach::All),
        false => Err(Error::NotFound),
    }
}

/// Returns whether the audit log has an entry of this row.
async fn was<C: Crud>(reads: &impl Reads, id: i64) -> Result<bool> {
    let entry = plain::<audit_entries::Entity>()
        .filter(audit_entries::Column::Resource.eq(C::name()))
        .filter(audit_entries::Column::ResourceId.eq(id))
        .select_only()
        .column(audit_entries::Column::Id);
    Ok(entry.into_tuple::<i64>().one(reads.db()?).await?.is_some())
}
