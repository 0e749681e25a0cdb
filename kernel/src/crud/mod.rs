//! Generic create, read, update and delete. An implementation declares its choices; this module does the rest.
pub mod audit_entry;
pub mod base;
pub mod cascade;
mod columns;
mod count;
mod dry_run;
pub mod erase;
mod expected;
mod field;
mod found;
mod generated;
mod impact;
mod many;
mod natural;
mod normalize;
mod owner;
mod plan;
pub mod read;
mod related;
pub mod revert;
mod roots;
pub mod rows;
pub mod scope;
pub mod size;
mod stats;
mod unique;
mod write;

use sea_orm::{ColumnTrait, Condition, EntityName, EntityTrait, IdenStatic, IntoActiveModel};

pub use crate::clock::now;
pub use base::{author_column, require_permission};
pub use columns::{BaseColumns, Columns, RowState};
pub(crate) use dry_run::authorize_history;
pub use expected::Expected;
pub use field::{Field, Form};
pub use found::{Deleted, Found, Page};
pub use generated::{Generated, VARIATIONS};
pub use impact::Impact;
pub use many::Target;
pub use many::claim;
pub use natural::NaturalKey;
pub use owner::Owner;
pub use owner::lock_for_create;
pub use plan::Plan;
pub use related::{Related, Wanted};
pub use size::{Budget, json_size};
pub use stats::{Datum, Group, Stats, Values};

use crate::{
    Actor, Reads, Result, Session, Tx,
    access::{Access, PermissionRules},
    input::Input,
    permission::Action,
    query::{ListQuery, Shape, StatsQuery},
};

pub type Model<C> = <<C as Columns>::Entity as EntityTrait>::Model;
pub type Active<C> = <<C as Columns>::Entity as EntityTrait>::ActiveModel;
pub type Column<C> = <<C as Columns>::Entity as EntityTrait>::Column;

/// A write that is about to happen, as [`Crud::check`] sees it.
pub struct Change<'a, C: Crud> {
    pub action: Action,
    /// The row before the write; `None` on create.
    pub before: Option<&'a Model<C>>,
    /// The row after the write. A check may set further columns.
    pub after: &'a mut Active<C>,
}

/// A row that was written, as [`Crud::after_write`] sees it.
pub struct Written<C: Crud> {
    /// The row before the write; `None` on create.
    pub before: Option<Model<C>>,
    /// The row after the write. On delete, it is the row before.
    pub after: Model<C>,
}

/// A table whose rows clients can list: it declares what is shown of them, and to whom.
///
/// A read returns only rows that the actor may see; the condition is part of each statement.
pub trait Readable: Columns {
    /// A row with the data of other tables that belongs to it; the model itself if there is none.
    type Row: From<Model<Self>>;

    /// The column that `.own` permissions compare with the actor's id. It is set on create unless it is the primary key.
    const OWNER: Option<Column<Self>>;
    /// True if callers who are not signed in may read the rows that are visible to them.
    const PUBLIC: bool = false;
    /// The fields, beside the base columns. Clients see them and may filter and sort by them.
    const FIELDS: &'static [Field<Column<Self>>];
    /// The columns that `q` searches, as the migration declares them, the most important first. Everyone who sees a row must be
    /// allowed to read them.
    const SEARCH: &'static [Column<Self>] = &[];
    /// The members that [`Readable::load`] adds to the fields of a row.
    const COMPUTED: &'static [&'static str] = &[];
    /// The computed members that are private, as [`Field::private`] columns are.
    const COMPUTED_PRIVATE: &'static [&'static str] = &[];

    /// Returns the foreign keys of the rows that own this one. It is deleted, restored and purged with them.
    fn owners() -> Vec<Owner> {
        Vec::new()
    }

    /// Returns the condition for the live rows that the actor may see. If it depends on another table (a subquery), a page of a
    /// list examines a bounded number of rows, and may be short or empty before the end.
    fn visible(actor: &Actor) -> Condition;

    /// Returns conditions of which each visible row meets exactly one. Override it if each condition has an index and
    /// [`Readable::visible`] as a whole has none: a page then reads no rows that the actor may not see.
    fn visible_disjoint(actor: &Actor) -> Vec<Condition> {
        vec![Self::visible(actor)]
    }

    /// Returns the rules that follow from permissions.
    fn permission_rules() -> PermissionRules {
        PermissionRules {
            resource: Self::name(),
            owner: Self::OWNER.map(|owner| owner.as_str()),
            is_public: Self::PUBLIC,
        }
    }

    /// Returns true if the actor could do this to some row.
    fn could(actor: &Actor, action: Action) -> bool {
        Self::permission_rules().could(actor, action)
    }

    /// Completes rows with data of other tables, in a number of statements that does not depend on the number of rows.
    async fn load(_reads: &impl Reads, rows: Vec<Model<Self>>) -> Result<Vec<Self::Row>> {
        Ok(rows.into_iter().map(Self::Row::from).collect())
    }

    /// Completes the first rows of a page, as many as fit into its budget together with the added data. The default completes
    /// all rows; override it if the added data is large.
    async fn load_within(
        reads: &impl Reads,
        rows: Vec<Model<Self>>,
        _budget: &Budget,
    ) -> Result<Vec<Self::Row>> {
        Self::load(reads, rows).await
    }

    /// Returns the name of the table, of its permissions and of its path.
    fn name() -> &'static str {
        Self::Entity::default().table_name()
    }

    /// Returns the fields that are omitted when rows are included in others.
    fn heavy_fields() -> impl Iterator<Item = &'static str> {
        let heavy = Self::FIELDS.iter().filter(|field| field.is_heavy);
        heavy.map(|field| field.column.as_str())
    }

    /// Returns the members of a row that only its owner and holders of the full read permission see.
    fn private_members() -> impl Iterator<Item = &'static str> {
        let private = Self::FIELDS.iter().filter(|field| field.is_private);
        let private = private.map(|field| field.column.as_str());
        private.chain(Self::COMPUTED_PRIVATE.iter().copied())
    }

    async fn list(
        reads: &impl Reads,
        query: &ListQuery<Self>,
    ) -> Result<Page<Self::Row, Self::State>> {
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
}

/// A table with the base columns (`id, created_at, updated_at, deleted_at, deletion_id, version`) and the operations on its
/// rows.
///
/// Reads and writes affect only rows that the actor may see: live rows, unless the operation or the query asks for deleted
/// ones. The condition is part of each statement. A row that is not visible gives [`Error::NotFound`](crate::Error::NotFound). A visible row that the actor may not change gives
/// [`Error::Forbidden`](crate::Error::Forbidden).
pub trait Crud: Readable + BaseColumns {
    /// The fields that a client sets on create.
    type New: Input + IntoActiveModel<Active<Self>>;
    /// The fields that a client sets on update; absent fields stay unchanged.
    type Patch: Input + IntoActiveModel<Active<Self>>;

    /// The actions that an owner may do without a permission. An API key needs a scope for them nevertheless.
    const OWNER_MAY: &'static [Action] = &[Action::Read];
    /// The unique text that the service fills in on create if the client leaves it out, such as a slug.
    const GENERATED: Option<Generated<Column<Self>>> = None;
    /// The columns that are unique among live rows, if there are several. A refusal then names all that are taken.
    const UNIQUE: &'static [Column<Self>] = &[];

    /// Returns the public field that identifies a row on every server. An export shows it beside a foreign key. The default is
    /// the generated text, if there is one.
    fn natural_key() -> Option<NaturalKey> {
        Self::GENERATED.map(|generated| NaturalKey::new(generated.column))
    }

    /// Checks whether the actor may do this to these rows, and returns one result per row, in a number of statements that does
    /// not depend on the number of rows. The caller has already checked that the actor sees the rows.
    async fn authorize(
        reads: &impl Reads,
        action: Action,
        rows: &[Model<Self>],
    ) -> Result<Vec<Result<()>>> {
        let authorize = |row| require_permission::<Self>(reads.actor(), action, row);
        Ok(rows.iter().map(authorize).collect())
    }

    /// Runs before the transaction of a create, for slow work such as hashing. Handlers call it; [`Crud::create`] does not.
    async fn prepare(_session: &Session, _new: &mut Self::New) -> Result<()> {
        Ok(())
    }

    /// Runs before the transaction of an update or a restore with a patch, as [`Crud::prepare`] does for a create.
    async fn prepare_patch(_session: &Session, _patch: &mut Self::Patch) -> Result<()> {
        Ok(())
    }

    /// Checks business rules before a write, and sets columns that follow from others.
    async fn check(_tx: &Tx, _change: Change<'_, Self>) -> Result<()> {
        Ok(())
    }

    /// Runs in the same transaction after rows are written: for further writes, and for rules about more than one row.
    async fn after_write(_tx: &Tx, _action: Action, _rows: &[Written<Self>]) -> Result<()> {
        Ok(())
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

    /// Updates rows, each of which may be in `targets` only once. Returns one result per row, as [`Crud::create_all`] does. If a
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

/// Returns the condition that holds for no row.
pub fn nothing() -> Condition {
    Condition::any()
}

/// Returns the condition for the rows whose owner column holds the id of the actor. No permission makes it wider.
pub fn own_rows<C: Readable>(actor: &Actor) -> Condition {
    match C::OWNER.zip(actor.user_id()) {
        Some((owner, user_id)) => Condition::all().add(owner.eq(user_id)),
        None => nothing(),
    }
}

/// Returns the condition that holds for every row.
pub fn everything() -> Condition {
    Condition::all()
}
