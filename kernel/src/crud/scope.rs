//! The soft-delete scope: the only door to rows. Every statement on a resource table starts here, with its condition on `deleted_at`.
#![expect(
    clippy::disallowed_methods,
    reason = "this file adds the scope that the banned methods lack"
)]
mod batch_update;
mod ids;
mod lock;

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

/// Rows that are not deleted and that the actor may see.
pub fn live<C: Readable>(actor: &Actor) -> Select<C::Entity> {
    all_live::<C>().filter(C::visible(actor))
}

/// Rows that are not deleted, whoever may see them: for rules of the service, never for an answer.
pub fn all_live<C: Readable>() -> Select<C::Entity> {
    let rows = C::Entity::find();
    if C::SOFT_DELETES {
        rows.filter(is_live(C::name()))
    } else {
        rows
    }
}

/// Deleted rows that the actor may restore, or purge.
pub fn trash<C: Readable>(actor: &Actor, action: Action) -> Select<C::Entity> {
    C::Entity::find()
        .filter(is_deleted(C::name()))
        .filter(C::permission_rules().visible_deleted(actor, action))
}

/// Rows in these states that the actor sees. Those who may restore a deleted row see it.
pub fn visible<C: Readable>(actor: &Actor, deleted: Deleted) -> Select<C::Entity> {
    visible_if::<C>(actor, deleted, C::visible(actor))
}

/// The rows of [`visible`] in parts that have no row in common.
pub fn visible_disjoint<C: Readable>(actor: &Actor, deleted: Deleted) -> Vec<Select<C::Entity>> {
    if deleted != Deleted::Exclude {
        return vec![visible::<C>(actor, deleted)];
    }
    let parts = C::visible_disjoint(actor).into_iter();
    parts.map(|part| all_live::<C>().filter(part)).collect()
}

/// The rows of [`visible`] if `live` decides which live rows those are.
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

/// Live rows that the actor sees, and deleted ones whose history the actor may see.
pub fn with_visible_history<C: Readable>(actor: &Actor) -> Select<C::Entity> {
    let visible = C::visible(actor);
    C::Entity::find().filter(live_or_deleted::<C>(visible, actor, Action::Audit))
}

/// Live and deleted rows, whoever may see them: for rules of the service, never for an answer.
pub fn all<C: Readable>() -> Select<C::Entity> {
    visible_if::<C>(&Actor::System, Deleted::Include, everything())
}

/// Rows in these states, whoever may see them, and the condition that tells which of them [`visible`] shows. None if those
/// are the deletions of the actor, which an index finds.
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

/// Holds for live rows for which `live` holds, and for deleted ones to which the actor may do this.
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

/// One UPDATE of one live, visible row in the version that was read. A row that moved on meanwhile is worth another try.
pub async fn update<C: Crud>(
    tx: &Tx,
    actor: &Actor,
    before: &Model<C>,
    row: Active<C>,
) -> Result<Model<C>> {
    let scope = everything().add(is_live(C::name())).add(C::visible(actor));
    update_where::<C>(tx, before, row, scope).await
}

/// The same for a deleted row, which is about to come back.
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

/// Ids of live rows of a table, for locks and for conditions.
pub fn live_ids(table: &'static str) -> SelectStatement {
    Query::select()
        .column((table, "id"))
        .from(table)
        .and_where(is_live(table))
        .take()
}

/// What a search finds in a side table: rows whatever their state, to be joined to rows that have their scope.
pub fn side_rows(table: String) -> SelectStatement {
    Query::select().from(table).take()
}

/// Ids of the rows that the actor may see, for conditions on what belongs to them.
pub fn visible_ids<C: Readable>(actor: &Actor) -> SelectStatement {
    live_ids(C::name()).cond_where(C::visible(actor)).take()
}

/// Whether the row that a foreign key names is live and visible to the actor.
///
/// OFFSET keeps PostgreSQL from making a join of it, for which it expects as few rows to pass as there are visible
/// owners: but nearly all that is live belongs to those, and a page must not begin with reading the whole table.
pub fn has_visible<C: Readable>(foreign_key: impl ColumnTrait, actor: &Actor) -> Expr {
    let id = Expr::col((C::name(), "id"));
    let owner = visible_ids::<C>(actor)
        .and_where(id.eq(Expr::col(foreign_key.as_column_ref())))
        .limit(1)
        .offset(0)
        .take();
    Expr::exists(owner)
}

/// Rows of a select that has its scope, to be selected from.
pub fn near_rows(rows: SelectStatement, name: &'static str) -> SelectStatement {
    Query::select().from_subquery(rows, name).take()
}

/// The rows of several selects, which must have none in common. Each stands in a select of its own: SQLite has no
/// ORDER BY or LIMIT inside a union otherwise.
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

/// A SELECT that names no table: its rows come from the scoped selects that it is composed of.
pub fn select_without_table() -> SelectStatement {
    Query::select()
}

/// The rows of a select, to be narrowed further.
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

/// A column of deleted rows of a table.
pub fn deleted_rows(table: &'static str, column: &'static str) -> SelectStatement {
    Query::select()
        .column((table, column))
        .from(table)
        .and_where(is_deleted(table))
        .take()
}

/// Deletions with what they were of.
pub fn deletions(ids: &[i64]) -> SelectStatement {
    Query::select()
        .columns(["id", "root_id"])
        .from("deletions")
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .take()
}

/// Changes live rows in bulk, as of one time; adds 1 to their version.
pub fn update_live(table: &'static str, at: DateTimeWithTimeZone) -> UpdateStatement {
    stamped_update(table, at).and_where(is_live(table)).take()
}

/// Changes deleted rows in bulk, as of one time; adds 1 to their version.
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

/// Changes live rows in bulk without a new version: what is set is nothing that anybody is shown.
pub fn amend_live(table: &'static str) -> UpdateStatement {
    Query::update()
        .table(table)
        .and_where(is_live(table))
        .take()
}

/// Changes deleted rows in bulk without a new version: what is set belongs to their deletion, not to them.
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

/// A row of a side table, which has no state of its own.
pub fn insert_into(table: String) -> InsertStatement {
    Query::insert().into_table(table).take()
}

pub fn insert(table: &'static str) -> InsertStatement {
    Query::insert().into_table(table).take()
}
