//! The history of one row.
use sea_orm::IdenStatic;

use super::{Audit, AuditRow};
use crate::{
    Crud, Reads, Result,
    audit::view::Column,
    crud::{Plan, authorize_history, read},
    permission::{Action, Reach},
    query::ListQuery,
    resource::{RowPage, scope},
};

/// Lists the entries of one row. The actor needs `<resource>.audit` on the row, which must be visible, or deleted and visible
/// to the actor. A purged row has only its entries left, for holders of the full permission.
pub async fn history<C: Crud>(
    reads: &impl Reads,
    id: i64,
    query: &mut ListQuery<Audit>,
) -> Result<RowPage<AuditRow, ()>> {
    let is_full = authorize_history::<C>(reads, id).await?;
    query.narrow(Column::Resource, C::name());
    query.narrow(Column::ResourceId, id);
    let entries = Plan::for_rows(reads, query, scope::all_live::<Audit>());
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

/// Removes the fields that the actor may not see from an entry of another owner's row. Fields that are not declared, such as
/// the roles of a user, are private too.
pub fn hide_private(reads: &impl Reads, row: &mut AuditRow) {
    let actor = reads.actor();
    let resource = row.entry.resource.as_str();
    let Ok(table) = reads.kernel().registry().table(resource) else {
        // The resource was removed, so it is unknown which of its fields were private.
        if !actor.is_superuser() {
            row.changes = None;
        }
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

/// Returns true if the field is declared and not private. Fields that are not declared, such as the roles of a user, are
/// private.
fn is_public<C: Crud>(field: &str) -> bool {
    let mut public = C::FIELDS.iter().filter(|declared| !declared.is_private);
    public.any(|declared| declared.column.as_str() == field)
}
