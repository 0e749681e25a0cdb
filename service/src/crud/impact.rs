//! What a deletion, or a purge, would take along: counted, not done.
use sea_orm::{
    ConnectionTrait, QueryFilter,
    sea_query::{Condition, Expr, ExprTrait},
};

use super::{Crud, Model, many, roots::Roots, scope};
use crate::{Error, Reads, Result, permission::Action, registry};

#[derive(Debug)]
pub struct Impact {
    /// A live row can be deleted, a deleted one purged.
    pub action: Action,
    /// By resource, owners first; only where there are any.
    pub rows: Vec<(&'static str, i64)>,
}

/// For those who may do it.
pub async fn impact<C: Crud>(reads: &impl Reads, id: i64) -> Result<Impact> {
    let (action, row) = target::<C>(reads, id).await?;
    many::only(C::permits(reads, action, &[row]).await?)?;
    let roots = Roots {
        table: C::name(),
        ids: &[id],
        rows: match action {
            Action::Purge => |table| scope::deleted_rows(table, "id"),
            _ => scope::live_ids,
        },
    };
    let mut rows = Vec::new();
    for table in registry::owned_by(C::name()) {
        let paths = roots.paths_to(table)?.into_iter();
        let belongs = paths.fold(Condition::any(), Condition::add);
        let count = (roots.rows)(table.name)
            .clear_selects()
            .expr_as(Expr::col((table.name, "id")).count(), "rows")
            .cond_where(belongs)
            .take();
        let counted = reads.db()?.query_one(&count).await?;
        let counted = counted.ok_or_else(|| Error::bug("a count answered nothing"))?;
        rows.push((table.name, counted.try_get("", "rows")?));
    }
    rows.retain(|(_, count)| *count > 0);
    Ok(Impact { action, rows })
}

async fn target<C: Crud>(reads: &impl Reads, id: i64) -> Result<(Action, Model<C>)> {
    let (actor, db) = (reads.actor(), reads.db()?);
    let live = scope::live::<C>(actor).filter(scope::is::<C>(id));
    if let Some(row) = live.one(db).await? {
        return Ok((Action::Delete, row));
    }
    let deleted = scope::trash::<C>(actor, Action::Purge).filter(scope::is::<C>(id));
    let row = deleted.one(db).await?;
    Ok((Action::Purge, row.ok_or(Error::NotFound)?))
}
