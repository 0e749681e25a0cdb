//! The audit: every change of every resource is recorded in its own transaction, and can be read, and undone.
use crate::audit::view::{Column, Entity, Model};

use sea_orm::Condition;

use crate::{
    Actor, Crud, Reads, Result,
    crud::{Budget, Field, Page, everything, nothing, read, scope},
    json::MAX_SAFE,
    permission::Permission,
    query::ListQuery,
};

pub use crate::{
    crud::revert::Revert,
    record::{Did, Entry, Settings},
};

mod chain;
mod history;
mod never;
mod prune;
mod seal;
mod texts;
mod verdict;
mod verify;
#[expect(
    clippy::disallowed_methods,
    reason = "the derives call the methods that are disallowed elsewhere"
)]
mod view;

pub use history::history;
pub use never::Never;
pub use prune::prune;
pub use seal::seal;
pub use texts::AuditRow;
pub use verdict::{Problem, Receipt, Verdict};
pub use verify::verify;

/// What those with `audit.read` read of all resources at once. Entries are never written through it.
pub struct Audit;

impl Crud for Audit {
    type Entity = Entity;
    type New = Never;
    type Patch = Never;
    type Row = AuditRow;

    const OWNER: Option<Column> = None;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Seq).range(0, MAX_SAFE),
        Field::public(Column::ActorId),
        Field::public(Column::RequestId),
        Field::public(Column::Resource),
        Field::public(Column::ResourceId),
        Field::public(Column::Action),
        Field::heavy(Column::Changes),
    ];

    fn visible(actor: &Actor) -> Condition {
        match actor.holds(&Permission::new("audit.read")) {
            true => everything(),
            false => nothing(),
        }
    }

    /// What is private of a row stays private in its entries: that takes the full read permission of its resource.
    async fn list(reads: &impl Reads, query: &ListQuery<Self>) -> Result<Page<AuditRow>> {
        let rows = scope::visible::<Self>(reads.actor(), query.shape.deleted);
        let mut page = read::list::<Self>(reads, query, rows).await?;
        for found in &mut page.rows {
            history::hide_private(reads, &mut found.row);
        }
        Ok(page)
    }

    async fn load_within(
        reads: &impl Reads,
        entries: Vec<Model>,
        budget: &Budget,
    ) -> Result<Vec<AuditRow>> {
        texts::load(reads, entries, budget).await
    }
}
