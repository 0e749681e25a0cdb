//! Checks access without changing anything, with the checks of the operation itself.
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, Select};

use super::{impact, read, write};
use crate::{
    Error, Reads, Result,
    access::Access,
    entity::audit_entries,
    permission::{Action, Reach},
    plain::plain,
    query::Shape,
    resource::{Crud, require_permission, scope, shows_private},
};

/// Fails if the request would fail, as far as the actor and the row decide that.
pub async fn dry_run<C: Crud>(reads: &impl Reads, access: Access, id: i64) -> Result<()> {
    match access {
        Access::Read => read::get::<C>(reads, id, &Shape::default()).await.map(drop),
        Access::Live(action) => authorize_live::<C>(reads, &[action], id).await,
        Access::Revert => authorize_live::<C>(reads, &[Action::Update, Action::Audit], id).await,
        Access::Deleted(action) => {
            let row = scope::trash::<C>(reads.actor(), action).filter(scope::has_id::<C>(id));
            let row = row.one(reads.db()?).await?;
            write::authorize_deleted::<C>(reads, action, id, row)
                .await
                .map(drop)
        }
        Access::History => authorize_history::<C>(reads, id).await.map(drop),
        Access::Impact => impact::target::<C>(reads, id).await.map(drop),
    }
}

/// Checks the first action by the rules of the resource, and the others by permissions, as the operations do.
async fn authorize_live<C: Crud>(reads: &impl Reads, actions: &[Action], id: i64) -> Result<()> {
    let row = scope::live::<C>(reads.actor()).filter(scope::has_id::<C>(id));
    let row = row.one(reads.db()?).await?.ok_or(Error::NotFound)?;
    let (first, others) = actions
        .split_first()
        .ok_or_else(|| Error::bug("a check of no action"))?;
    write::authorize::<C>(reads, *first, &row).await?;
    let require = |action: &Action| require_permission::<C>(reads.actor(), *action, &row);
    others.iter().try_for_each(require)
}

/// Fails unless the actor may see the history of this row. Returns true if the actor sees its private fields there.
pub async fn authorize_history<C: Crud>(reads: &impl Reads, id: i64) -> Result<bool> {
    let (actor, db) = (reads.actor(), reads.db()?);
    let one = |rows: Select<C::Entity>| rows.filter(scope::has_id::<C>(id));
    if let Some(row) = one(scope::with_visible_history::<C>(actor)).one(db).await? {
        require_permission::<C>(actor, Action::Audit, &row)?;
        return Ok(shows_private::<C>(actor, &row));
    }
    let live = one(scope::all_live::<C>()).select_only().column(C::ID);
    let is_live = live.into_tuple::<i64>().one(db).await?.is_some();
    let has_full = |action| actor.reach(C::name(), action) == Reach::All;
    if !is_live && has_full(Action::Audit) && has_entries::<C>(reads, id).await? {
        Ok(has_full(Action::Read))
    } else {
        Err(Error::NotFound)
    }
}

/// Returns true if the audit log has entries of this row. The row may be purged.
async fn has_entries<C: Crud>(reads: &impl Reads, id: i64) -> Result<bool> {
    let entry = plain::<audit_entries::Entity>()
        .filter(audit_entries::Column::Resource.eq(C::name()))
        .filter(audit_entries::Column::ResourceId.eq(id))
        .select_only()
        .column(audit_entries::Column::Id);
    Ok(entry.into_tuple::<i64>().one(reads.db()?).await?.is_some())
}
