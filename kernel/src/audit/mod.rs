//! The audit log: it records every change of every resource in the same transaction. It can be read, and a change can be
//! reverted.
use sea_orm::Condition;

use self::view::{Column, Entity, Model};
use crate::{
    Actor, ReadOperations, Readable, Reads, Result,
    json::MAX_SAFE,
    list_columns,
    permission::Permission,
    query::ListQuery,
    resource::{Field, PageBudget, RowPage, everything, nothing},
};

pub use crate::{
    crud::revert::RevertTarget,
    record::{AuditAction, Entry, Settings},
};

mod backlog;
mod chain;
mod history;
mod prune;
mod seal;
mod state;
mod texts;
mod verdict;
mod verify;
#[expect(
    clippy::disallowed_methods,
    reason = "the derives call the methods that are disallowed elsewhere"
)]
mod view;

pub use backlog::{Backlog, backlog};
pub use history::history;
pub use prune::prune;
pub use seal::seal;
pub use state::{ChainState, MAX_UNSEALED, state};
pub use texts::AuditRow;
pub use verdict::{Problem, Receipt, Verdict};
pub use verify::{NEWEST_BLOCKS, verify, verify_newest};

/// The list of the entries of all resources, for holders of `audit.read`.
pub struct Audit;

list_columns!(Audit);

impl Readable for Audit {
    type Row = AuditRow;

    const OWNER: Option<Column> = None;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Version).range(0, MAX_SAFE),
        Field::public(Column::Seq).range(0, MAX_SAFE),
        Field::public(Column::ActorId),
        Field::public(Column::RequestId),
        Field::public(Column::Resource),
        Field::public(Column::ResourceId),
        Field::public(Column::Action),
        Field::heavy(Column::Changes),
    ];

    fn visible(actor: &Actor) -> Condition {
        if actor.holds(&Permission::new("audit.read")) {
            everything()
        } else {
            nothing()
        }
    }

    async fn load_within(
        reads: &impl Reads,
        entries: Vec<Model>,
        budget: &PageBudget,
    ) -> Result<Vec<AuditRow>> {
        texts::load(reads, entries, budget).await
    }
}

/// Lists entries. Private fields of a row are private in its entries too: a caller needs the full read permission of the
/// resource to see them.
pub async fn list(reads: &impl Reads, query: &ListQuery<Audit>) -> Result<RowPage<AuditRow, ()>> {
    let mut page = Audit::list(reads, query).await?;
    for found in &mut page.rows {
        history::hide_private(reads, &mut found.row);
    }
    Ok(page)
}
