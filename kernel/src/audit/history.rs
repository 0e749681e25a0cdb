//! What became of one row, for those who may ask.
use crate::audit::view::Column;
use sea_orm::{ColumnTrait, IdenStatic, QueryFilter, QuerySelect, Select};

use super::{Audit, AuditRow};
use crate::{
    Crud, Error, Reads, Result,
    crud::{Page, Plan, base, forbidden, read, scope},
    permission::{Action, Reach},
    query::ListQuery,
};

/// Needs `<resource>.audit` on the row, which must be visible, or deleted and within reach. A row that was purged has
/// only its entries left, for those with the full permission.
pub async fn history<C: Crud>(
    reads: &impl Reads,
    id: i64,
    query: &mut ListQuery<Audit>,
) -> Result<Page<AuditRow, ()>> {
    let is_full = permit::<C>(reads, id).await?;
    query.narrow(Column::Resource, C::name());
    query.narrow(Column::ResourceId, id);
    let entries = Plan::among(reads, query, scope::all_live::<Audit>());
    let mut page = read::page(reads, entries.await?).await?;
    if !is_full {
        let changes = page
            .rows
            .iter_mut()
            .filter_map(|found| found.row.changes.as_mut());
        changes.for_each(|changes| changes.retain(|field, _| is_public::<C>(field)));
    }
    Ok(page)
}

/// Whether the actor sees the private fields of this row, in what became of it. Fails where the actor sees nothing of that.
pub async fn permit<C: Crud>(reads: &impl Reads, id: i64) -> Result<bool> {
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

/// Whether there was such a row.
async fn was<C: Crud>(reads: &impl Reads, id: i64) -> Result<bool> {
    let entry = scope::all_live::<Audit>()
        .filter(Column::Resource.eq(C::name()))
        .filter(Column::ResourceId.eq(id))
        .select_only()
        .column(Column::Id);
    Ok(entry.into_tuple::<i64>().one(reads.db()?).await?.is_some())
}

/// Leaves out what the actor may not see of rows of other owners. What is not declared, such as the roles of a user, is
/// private too.
pub fn hide_private(reads: &impl Reads, row: &mut AuditRow) {
    let actor = reads.actor();
    let resource = row.entry.resource.as_str();
    let Ok(table) = reads.registry().table(resource) else {
        return;
    };
    if actor.reach(table.name, Action::Read) == Reach::All {
        return;
    }
    let is_public = |name: &str| table.fields.contains(&name) && !table.private.contains(&name);
    if let Some(changes) = &mut row.changes {
        changes.retain(|field, _| is_public(field));
    }
}

/// What is not declared, such as the roles of a user, is private too.
fn is_public<C: Crud>(field: &str) -> bool {
    let mut public = C::FIELDS.iter().filter(|declared| !declared.is_private);
    public.any(|declared| declared.column.as_str() == field)
}
