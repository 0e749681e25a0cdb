//! Whether an actor may do something to a row: asked, and not done. The answer is made of what the doing asks too.
use sea_orm::QueryFilter;

use super::{Crud, base, impact, read, scope, write};
use crate::{Error, Reads, Result, audit, permission::Action, query::Shape};

/// How a request comes to the row that it names.
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
        Access::History => audit::permit::<C>(reads, id).await.map(drop),
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
