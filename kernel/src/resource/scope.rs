//! The soft-delete scope. Every statement on a resource table starts here, with its condition on `deleted_at`.
#![expect(
    clippy::disallowed_methods,
    reason = "this file adds the scope that the banned methods lack"
)]
mod batch_update;
mod ids;
mod lock;

use std::iter::repeat_n;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryTrait, Select,
    prelude::DateTimeWithTimeZone,
    sea_query::{
        Asterisk, DeleteStatement, Expr, ExprTrait, InsertStatement, Query, SelectStatement,
        UnionType, UpdateStatement,
    },
};

pub use crate::plain::{erase, erase_links, plain, plain_as, update_plain};
pub use batch_update::{portions, update_each};
pub use ids::next_ids;
pub use lock::{lock, lock_all, lock_ids, lock_trash};

use super::{Active, Crud, Deleted, Model, Readable, everything};
use crate::{Actor, Error, Result, Tx, permission::Action};

pub fn is_live(table: &'static str) -> Expr {
    Expr::col((table, "deleted_at")).is_null()
}

pub fn is_deleted(table: &'static str) -> Expr {
    Expr::col((table, "deleted_at")).is_not_null()
}

/// Selects the live rows that the actor may see.
pub fn live<C: Readable>(actor: &Actor) -> Select<C::Entity> {
    all_live::<C>().filter(C::visible(actor))
}

/// Selects all live rows, including those that the actor may not see. It is for rules of the service, never for an answer.
pub fn all_live<C: Readable>() -> Select<C::Entity> {
    let rows = C::Entity::find();
    if C::SOFT_DELETES {
        rows.filter(is_live(C::name()))
    } else {
        rows
    }
}

/// Selects the deleted rows to which the actor may do this.
pub fn trash<C: Readable>(actor: &Actor, action: Action) -> Select<C::Entity> {
    C::Entity::find()
        .filter(is_deleted(C::name()))
        .filter(C::permission_rules().visible_deleted(actor, action))
}

/// Selects the rows in these states that the actor sees. Those who may restore a deleted row see it.
pub fn visible<C: Readable>(actor: &Actor, deleted: Deleted) -> Select<C::Entity> {
    visible_if::<C>(actor, deleted, C::visible(actor))
}

/// Selects the rows of [`visible`] in disjoint parts. `columns` selects their columns, once for all parts.
pub fn visible_disjoint<C: Readable>(
    actor: &Actor,
    deleted: Deleted,
    columns: impl FnOnce(Select<C::Entity>) -> Select<C::Entity>,
) -> Vec<Select<C::Entity>> {
    if deleted != Deleted::Exclude {
        return vec![columns(visible::<C>(actor, deleted))];
    }
    let live = columns(all_live::<C>());
    let parts = C::visible_disjoint(actor);
    let parts = repeat_n(live, parts.len()).zip(parts);
    parts.map(|(live, part)| live.filter(part)).collect()
}

/// Selects the rows of [`visible`], with `live` as the condition for live rows.
pub fn visible_if<C: Readable>(
    actor: &Actor,
    deleted: Deleted,
    live: Condition,
) -> Select<C::Entity> {
    match deleted {
        Deleted::Exclude => all_live::<C>().filter(live),
        Deleted::Only => trash::<C>(actor, Action::Restore),
        Deleted::Include => {
            C::Entity::find().filter(live_or_deleted::<C>(live, actor, Action::Restore))
        }
    }
}

/// Selects the live rows that the actor sees, and the deleted ones whose history the actor may see.
pub fn with_visible_history<C: Readable>(actor: &Actor) -> Select<C::Entity> {
    let visible = C::visible(actor);
    C::Entity::find().filter(live_or_deleted::<C>(visible, actor, Action::Audit))
}

/// Selects all live and deleted rows, including those that the actor may not see. It is for rules of the service, never for an
/// answer.
pub fn all<C: Readable>() -> Select<C::Entity> {
    visible_if::<C>(&Actor::System, Deleted::Include, everything())
}

/// Selects all rows in these states, and returns the condition for those that [`visible`] shows. Returns `None` for deleted
/// rows alone, which an index finds.
pub fn all_in_state<C: Readable>(
    actor: &Actor,
    deleted: Deleted,
) -> Option<(Select<C::Entity>, Condition)> {
    let visible = C::visible(actor);
    match deleted {
        Deleted::Exclude => Some((all_live::<C>(), visible)),
        Deleted::Only => None,
        Deleted::Include => {
            let visible = live_or_deleted::<C>(visible, actor, Action::Restore);
            Some((C::Entity::find(), visible))
        }
    }
}

/// Returns a condition for the live rows that meet `live`, and the deleted ones to which the actor may do this.
fn live_or_deleted<C: Readable>(live: Condition, actor: &Actor, action: Action) -> Condition {
    let table = C::name();
    let deleted = C::permission_rules().visible_deleted(actor, action);
    let live = everything().add(is_live(table)).add(live);
    let deleted = everything().add(is_deleted(table)).add(deleted);
    Condition::any().add(live).add(deleted)
}

pub fn has_id<C: Readable>(id: i64) -> Expr {
    C::ID.eq(id)
}

/// Updates one live, visible row that still has the version that was read. Otherwise the transaction may be retried.
pub async fn update<C: Crud>(
    tx: &Tx,
    actor: &Actor,
    before: &Model<C>,
    row: Active<C>,
) -> Result<Model<C>> {
    let scope = everything().add(is_live(C::name())).add(C::visible(actor));
    update_where::<C>(tx, before, row, scope).await
}

/// Updates a deleted row, which is being restored, in the same way.
pub async fn update_deleted<C: Crud>(
    tx: &Tx,
    before: &Model<C>,
    row: Active<C>,
) -> Result<Model<C>> {
    update_where::<C>(tx, before, row, everything().add(is_deleted(C::name()))).await
}

async fn update_where<C: Crud>(
    tx: &Tx,
    before: &Model<C>,
    row: Active<C>,
    scope: Condition,
) -> Result<Model<C>> {
    let update = C::Entity::update(row)
        .validate()?
        .filter(C::VERSION.eq(C::version(before)))
        .filter(scope);
    match update.exec(tx).await {
        Err(error @ sea_orm::DbErr::RecordNotUpdated) => Err(Error::Contended(error)),
        done => Ok(done?),
    }
}

/// Selects the ids of the live rows of a table, for locks and conditions.
pub fn live_ids(table: &'static str) -> SelectStatement {
    Query::select()
        .column((table, "id"))
        .from(table)
        .and_where(is_live(table))
        .take()
}

/// Selects from the side table of a search, which has rows in any state. The caller joins them to rows with a scope.
pub fn side_rows(table: String) -> SelectStatement {
    Query::select().from(table).take()
}

/// Selects the ids of the rows that the actor may see, for conditions on related rows.
pub fn visible_ids<C: Readable>(actor: &Actor) -> SelectStatement {
    live_ids(C::name()).cond_where(C::visible(actor)).take()
}

/// Returns a condition that holds if the row that a foreign key names is live and visible to the actor.
///
/// OFFSET prevents PostgreSQL from turning it into a join, for which it expects only as many rows as there are visible owners.
/// Nearly all live rows belong to those, and a page must not begin with reading the whole table.
pub fn has_visible<C: Readable>(foreign_key: impl ColumnTrait, actor: &Actor) -> Expr {
    let id = Expr::col((C::name(), "id"));
    let owner = visible_ids::<C>(actor)
        .and_where(id.eq(Expr::col(foreign_key.as_column_ref())))
        .limit(1)
        .offset(0)
        .take();
    Expr::exists(owner)
}

/// Selects from the rows of a select that has its scope already.
pub fn near_rows(rows: SelectStatement, name: &'static str) -> SelectStatement {
    Query::select().from_subquery(rows, name).take()
}

/// Selects from a common table expression, whose rows have their scope already.
pub fn near_rows_of(name: &'static str) -> SelectStatement {
    Query::select().from(name).take()
}

/// Unites the rows of several selects, which must have none in common. Each becomes a subselect, because SQLite allows no ORDER
/// BY or LIMIT directly in a union.
pub fn union_all<E: EntityTrait>(selects: impl IntoIterator<Item = Select<E>>) -> Select<E> {
    let piece = |select: Select<E>| {
        Query::select()
            .column(Asterisk)
            .from_subquery(select.into_query(), "piece")
            .take()
    };
    let mut pieces = selects.into_iter().map(piece);
    let mut all = pieces.next().unwrap_or_default();
    all.unions(pieces.map(|piece| (UnionType::All, piece)));
    from_select(all)
}

/// Returns a SELECT that names no table. Its rows come from the scoped selects that it contains.
pub fn select_without_table() -> SelectStatement {
    Query::select()
}

/// Selects from the rows of a select, to filter them further.
pub fn select_from<E: EntityTrait>(rows: Select<E>) -> Select<E> {
    from_select(rows.into_query())
}

fn from_select<E: EntityTrait>(select: SelectStatement) -> Select<E> {
    let mut rows = E::find();
    QueryTrait::query(&mut rows)
        .from_clear()
        .from_subquery(select, E::default().table_name());
    rows
}

/// Selects a column of the deleted rows of a table.
pub fn deleted_rows(table: &'static str, column: &'static str) -> SelectStatement {
    Query::select()
        .column((table, column))
        .from(table)
        .and_where(is_deleted(table))
        .take()
}

/// Selects deletions with the ids of their root rows.
pub fn deletions(ids: &[i64]) -> SelectStatement {
    Query::select()
        .columns(["id", "root_id"])
        .from("deletions")
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .take()
}

/// Updates live rows in bulk at one time, and adds 1 to their version.
pub fn update_live(table: &'static str, at: DateTimeWithTimeZone) -> UpdateStatement {
    stamped_update(table, at).and_where(is_live(table)).take()
}

/// Updates deleted rows in bulk at one time, and adds 1 to their version.
pub fn update_trash(table: &'static str, at: DateTimeWithTimeZone) -> UpdateStatement {
    stamped_update(table, at)
        .and_where(is_deleted(table))
        .take()
}

fn stamped_update(table: &'static str, at: DateTimeWithTimeZone) -> UpdateStatement {
    Query::update()
        .table(table)
        .value("updated_at", at)
        .value("version", Expr::col((table, "version")).add(1))
        .take()
}

/// Updates live rows in bulk without a new version. It is for columns that no client sees.
pub fn amend_live(table: &'static str) -> UpdateStatement {
    Query::update()
        .table(table)
        .and_where(is_live(table))
        .take()
}

/// Updates deleted rows in bulk without a new version. It is for columns of their deletion.
pub fn amend_deleted(table: &'static str) -> UpdateStatement {
    Query::update()
        .table(table)
        .and_where(is_deleted(table))
        .take()
}

pub fn erase_deleted(table: &'static str) -> DeleteStatement {
    Query::delete()
        .from_table(table)
        .and_where(is_deleted(table))
        .take()
}

/// Inserts into a side table, whose rows have no state of their own.
pub fn insert_into(table: String) -> InsertStatement {
    Query::insert().into_table(table).take()
}

pub fn insert(table: &'static str) -> InsertStatement {
    Query::insert().into_table(table).take()
}
