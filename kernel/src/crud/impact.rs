//! Counts the rows that a deletion or a purge would affect, without doing it.
use sea_orm::{QueryFilter, sea_query::Condition};

use super::{count, roots::Roots, write};
use crate::{
    Error, Reads, Result,
    permission::Action,
    resource::{Crud, Model, scope},
};

#[derive(Debug)]
pub struct Impact {
    /// `Delete` for a live row, `Purge` for a deleted one.
    pub action: Action,
    /// The number of rows by resource, owners first. Resources without rows are absent.
    pub rows: Vec<(&'static str, i64)>,
}

/// Counts the rows for an actor who may delete or purge the row.
pub async fn impact<C: Crud>(reads: &impl Reads, id: i64) -> Result<Impact> {
    let action = target::<C>(reads, id).await?;
    let roots = Roots {
        table: C::name(),
        ids: &[id],
        rows: match action {
            Action::Purge => |table| scope::deleted_rows(table, "id"),
            _ => scope::live_ids,
        },
        registry: reads.kernel().registry(),
    };
    let mut rows = Vec::new();
    for table in reads.kernel().registry().owned_by(C::name()) {
        let paths = roots.paths_to(table)?.into_iter();
        let belongs = paths.fold(Condition::any(), Condition::add);
        let theirs = (roots.rows)(table.name).cond_where(belongs).take();
        let count = count::ids(reads.db()?, table.name, theirs).await?;
        rows.push((table.name, count));
    }
    rows.retain(|(_, count)| *count > 0);
    Ok(Impact { action, rows })
}

/// Returns the action that applies to the row, if the actor may do it.
pub async fn target<C: Crud>(reads: &impl Reads, id: i64) -> Result<Action> {
    let (action, row) = row::<C>(reads, id).await?;
    write::authorize::<C>(reads, action, &row).await?;
    Ok(action)
}

async fn row<C: Crud>(reads: &impl Reads, id: i64) -> Result<(Action, Model<C>)> {
    let (actor, db) = (reads.actor(), reads.db()?);
    let live = scope::live::<C>(actor).filter(scope::has_id::<C>(id));
    if let Some(row) = live.one(db).await? {
        return Ok((Action::Delete, row));
    }
    let deleted = scope::trash::<C>(actor, Action::Purge).filter(scope::has_id::<C>(id));
    let row = deleted.one(db).await?;
    Ok((Action::Purge, row.ok_or(Error::NotFound)?))
}
