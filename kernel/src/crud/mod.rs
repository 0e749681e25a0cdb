//! Create, read, update and delete, for every resource that is declared.
pub mod audit_entry;
mod base;
mod by_id;
pub mod cascade;
pub mod count;
mod dry_run;
pub mod erase;
mod expected;
mod impact;
mod many;
mod normalize;
mod owners;
mod plan;
pub mod read;
mod related;
pub mod revert;
mod roots;
pub mod rows;
pub mod size;
mod stats;
mod unique;
mod write;

pub(crate) use base::stamp_new;
pub use count::count_up_to;
pub(crate) use dry_run::authorize_history;
pub use expected::Expected;
pub use impact::Impact;
pub use many::{Target, claim};
pub(crate) use owners::lock_for_create;
pub use plan::Plan;
pub use related::{Related, Wanted};
pub use stats::{Datum, Group, Stats, Values};

use sea_orm::IntoActiveModel;

use crate::{
    Crud, Found, Readable, Reads, Result, Tx,
    access::Access,
    query::{ListQuery, Shape, StatsQuery},
    resource::{Model, RowPage, scope},
};

/// The reads of every list.
pub trait ReadOperations: Readable {
    async fn list(
        reads: &impl Reads,
        query: &ListQuery<Self>,
    ) -> Result<RowPage<Self::Row, Self::State>> {
        read::page(reads, Plan::new(reads, query).await?).await
    }

    /// Returns aggregates of the rows that a list would show, in groups.
    async fn stats(reads: &impl Reads, query: &StatsQuery<Self>) -> Result<Stats> {
        let rows = scope::visible::<Self>(reads.actor(), query.deleted());
        stats::stats::<Self>(reads, query, rows).await
    }

    /// Reads one row. A heavy column that `shape` does not show is not read, and is empty in the result.
    async fn get(
        reads: &impl Reads,
        id: i64,
        shape: &Shape,
    ) -> Result<Found<Self::Row, Self::State>> {
        read::get::<Self>(reads, id, shape).await
    }

    /// Reads those of these rows that the actor sees, as [`ReadOperations::get`] does, in no particular order and in a number of
    /// statements that does not depend on the number of rows.
    async fn get_all(
        reads: &impl Reads,
        ids: &[i64],
        shape: &Shape,
    ) -> Result<Vec<Found<Self::Row, Self::State>>> {
        read::get_all::<Self>(reads, ids, shape).await
    }
}

impl<C: Readable> ReadOperations for C {}

/// The operations on the rows of every resource.
///
/// They affect only rows that the actor may see: live rows, unless the operation or the query asks for deleted ones. The
/// condition is part of each statement. A row that is not visible gives [`Error::NotFound`](crate::Error::NotFound). A visible
/// row that the actor may not change gives [`Error::Forbidden`](crate::Error::Forbidden).
pub trait CrudOperations: Crud {
    /// Fails with every limit that a new row breaks: those of its type, and those that the resource declares.
    fn check_new(new: &Self::New) -> Result<()> {
        normalize::check_input::<Self>(new)
    }

    /// Fails with every limit that a patch breaks, as [`CrudOperations::check_new`] does for a new row.
    fn check_patch(patch: &Self::Patch) -> Result<()> {
        normalize::check_input::<Self>(patch)
    }

    /// Returns the visible rows of a relation, newest first: the rows that belong to others, or their owners.
    async fn related(reads: &impl Reads, wanted: &Wanted<'_>) -> Result<Vec<Related<Self::Row>>> {
        related::related::<Self>(reads, wanted).await
    }

    /// Checks without any effect whether the actor has this access to the row.
    async fn dry_run(reads: &impl Reads, access: Access, id: i64) -> Result<()> {
        dry_run::dry_run::<Self>(reads, access, id).await
    }

    /// Returns a live row that the actor may see, with all fields.
    async fn visible_row(reads: &impl Reads, id: i64) -> Result<Found<Self::Row>> {
        Self::get(reads, id, &Shape::default()).await
    }

    async fn create(tx: &Tx, new: &Self::New) -> Result<Found<Self::Row>> {
        let new = vec![new.clone().into_active_model()];
        let row = many::single_answer(many::create::<Self>(tx, new).await?)?;
        read::one::<Self>(tx, row).await
    }

    /// Creates rows and returns for each the new row, or why it was refused; the other rows are written. The number of
    /// statements does not depend on the number of rows, except for rows that collide. Fails only if the database fails.
    async fn create_all(tx: &Tx, new: &[Self::New]) -> Result<Vec<Result<Model<Self>>>> {
        let rows = new.iter().cloned().map(IntoActiveModel::into_active_model);
        many::create::<Self>(tx, rows.collect()).await
    }

    /// Fails with [`Error::Stale`](crate::Error::Stale) if the row does not have the expected version.
    async fn update(
        tx: &Tx,
        target: impl Into<Target>,
        patch: &Self::Patch,
    ) -> Result<Found<Self::Row>> {
        let patch = vec![patch.clone().into_active_model()];
        let row = many::single_answer(many::update::<Self>(tx, &[target.into()], patch).await?)?;
        read::one::<Self>(tx, row).await
    }

    /// Updates rows, each of which may be in `targets` only once. Returns one result per row, as [`CrudOperations::create_all`] does. If a
    /// row was refused, the caller must roll the transaction back.
    async fn update_all(
        tx: &Tx,
        targets: &[Target],
        patches: &[Self::Patch],
    ) -> Result<Vec<Result<Model<Self>>>> {
        let patches = patches
            .iter()
            .cloned()
            .map(IntoActiveModel::into_active_model);
        many::update::<Self>(tx, targets, patches.collect()).await
    }

    /// Soft-deletes the row and the rows that it owns: ordinary reads and writes do not find them any more.
    async fn delete(tx: &Tx, target: impl Into<Target>) -> Result<()> {
        many::single_answer(many::delete::<Self>(tx, &[target.into()]).await?).map(drop)
    }

    /// Deletes rows, each of which may be in `targets` only once. Returns for each row the version that it then has, or why it
    /// was refused.
    async fn delete_all(tx: &Tx, targets: &[Target]) -> Result<Vec<Result<i64>>> {
        many::delete::<Self>(tx, targets).await
    }

    /// Restores a row with the rows that were deleted with it. `patch` resolves a collision with a unique value, and needs the
    /// permission to update.
    async fn restore(
        tx: &Tx,
        target: impl Into<Target>,
        patch: Option<&Self::Patch>,
    ) -> Result<Found<Self::Row>> {
        let patch = patch.cloned().map(IntoActiveModel::into_active_model);
        write::restore::<Self>(tx, target.into(), patch).await
    }

    /// Writes the values of an earlier version as a new version, by the rules of an update. The actor must be allowed to read
    /// the history too.
    async fn revert(tx: &Tx, target: impl Into<Target>, version: i64) -> Result<Found<Self::Row>> {
        write::revert::<Self>(tx, target.into(), version).await
    }

    /// Counts the rows that a deletion would delete too, or that a purge would remove too if the row is deleted.
    async fn impact(reads: &impl Reads, id: i64) -> Result<Impact> {
        impact::impact::<Self>(reads, id).await
    }

    /// Permanently removes the deleted row and the rows that it owns.
    async fn purge(tx: &Tx, target: impl Into<Target>) -> Result<()> {
        write::purge::<Self>(tx, target.into()).await
    }
}

impl<C: Crud> CrudOperations for C {}
