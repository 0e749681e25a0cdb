//! The audit: every change of every resource is recorded in its own transaction, and can be read, and undone.
use self::view::{Column, Entity, Model};
use crate::{
    crud::{Budget, Page},
    permission::Permission,
    prelude::*,
    query::ListQuery,
};

mod chain;
mod entry;
mod erase;
mod history;
mod prune;
mod revert;
mod rows;
mod seal;
mod settings;
mod store;
mod texts;
mod verdict;
mod verify;
#[expect(
    clippy::disallowed_methods,
    reason = "the derives call the methods that are disallowed elsewhere"
)]
mod view;

pub use entry::Did;
pub use entry::{Entries, Entry};
pub use erase::erase_purged;
pub use history::history;
pub use history::permit;
pub use prune::prune;
pub use revert::Revert;
pub use revert::{fields_at, state_at};
pub use rows::{Change as RowsChange, RowsWrite};
pub use seal::seal;
pub use settings::Settings;
pub use store::store;
pub use texts::AuditRow;
pub use verdict::{Problem, Receipt, Verdict};
pub use verify::verify;

/// What those with `audit.read` read of all resources at once.
pub struct Audit;

list_columns!(Audit);

impl Readable for Audit {
    type Row = AuditRow;

    const OWNER: Option<Column> = None;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Version),
        Field::public(Column::Seq),
        Field::public(Column::ActorId),
        Field::public(Column::RequestId),
        Field::public(Column::Resource),
        Field::public(Column::ResourceId),
        Field::public(Column::Action),
        Field::heavy(Column::Changes),
    ];

    fn visible(actor: &Actor) -> Condition {
        if may_list(actor) {
            everything()
        } else {
            nothing()
        }
    }

    async fn load_within(
        reads: &impl Reads,
        entries: Vec<Model>,
        budget: &Budget,
    ) -> Result<Vec<AuditRow>> {
        texts::load(reads, entries, budget).await
    }
}

/// Whether the actor may list the entries of all resources.
pub fn may_list(actor: &Actor) -> bool {
    actor.holds(&Permission::new("audit.read"))
}

/// Lists entries. What is private of a row stays private in its entries: that takes the full read permission of its
/// resource.
pub async fn list(reads: &impl Reads, query: &ListQuery<Audit>) -> Result<Page<AuditRow, ()>> {
    let mut page = Audit::list(reads, query).await?;
    for found in &mut page.rows {
        history::hide_private(reads, &mut found.row);
    }
    Ok(page)
}
