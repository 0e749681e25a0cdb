//! Create, read, update and delete for any table: an implementation states its choices, the rest is here.
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

use sea_orm::{Condition, EntityName, EntityTrait, IdenStatic, IntoActiveModel};

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

/// A write about to happen, as [`Crud::check`] sees it.
pub struct Change<'a, C: Crud> {
    pub action: Action,
    /// The row as it is; none on create.
    pub before: Option<&'a Model<C>>,
    /// The row as it will be: a check may complete it.
    pub after: &'a mut Active<C>,
}

/// A row that was written, as [`Crud::after_write`] sees it.
pub struct Written<C: Crud> {
    /// None on create.
    pub before: Option<Model<C>>,
    /// On delete, the row as it was.
    pub after: Model<C>,
}

/// A list of rows of one table: what is shown of them, and to whom.
///
/// A read sees only rows that the actor may see; the condition is part of each statement.
pub trait Readable: Columns {
    /// A row with what belongs to it from elsewhere; the model itself where there is nothing.
    type Row: From<Model<Self>>;

    /// The column that `.own` permissions compare with the actor's id. Filled in on create where it is not the key.
    const OWNER: Option<Column<Self>>;
    /// Whether callers who are not signed in may read the rows that are visible to them.
    const PUBLIC: bool = false;
    /// What a client may filter and sort by, beside the base columns.
    const FIELDS: &'static [Field<Column<Self>>];
    /// What `q` looks into, as its migration says: the weightiest first, and only what everyone may read of a row.
    const SEARCH: &'static [Column<Self>] = &[];
    /// What [`Readable::load`] adds to the fields of a row.
    const COMPUTED: &'static [&'static str] = &[];
    /// Those of them that are private, as [`Field::private`] columns are.
    const COMPUTED_PRIVATE: &'static [&'static str] = &[];

    /// The rows that this one belongs to: it is deleted, restored and purged with them.
    fn owners() -> Vec<Owner> {
        Vec::new()
    }

    /// Which live rows the actor may see. Where that depends on another table (a subquery), a page of a list looks at a
    /// bounded number of rows, and may be short or empty before the end.
    fn visible(actor: &Actor) -> Condition;

    /// [`Readable::visible`] in parts that share no row, where no index fits all of it but one fits each: then a page reads
    /// nothing of what the actor may not see.
    fn visible_disjoint(actor: &Actor) -> Vec<Condition> {
        vec![Self::visible(actor)]
    }

    /// What permissions decide about the rows.
    fn permission_rules() -> PermissionRules {
        PermissionRules {
            resource: Self::name(),
            owner: Self::OWNER.map(|owner| owner.as_str()),
            is_public: Self::PUBLIC,
        }
    }

    /// Whether the actor could do this to some row.
    fn could(actor: &Actor, action: Action) -> bool {
        Self::permission_rules().could(actor, action)
    }

    /// Completes rows with what belongs to them, in a number of statements that does not depend on theirs.
    async fn load(_reads: &impl Reads, rows: Vec<Model<Self>>) -> Result<Vec<Self::Row>> {
        Ok(rows.into_iter().map(Self::Row::from).collect())
    }

    /// Completes the first rows of a page, as many as fit its budget with what they grow by.
    async fn load_within(
        reads: &impl Reads,
        rows: Vec<Model<Self>>,
        _budget: &Budget,
    ) -> Result<Vec<Self::Row>> {
        Self::load(reads, rows).await
    }

    /// The name of the table, of its permissions and of its path.
    fn name() -> &'static str {
        Self::Entity::default().table_name()
    }

    /// The fields that are left out where many rows come along with others.
    fn heavy_fields() -> impl Iterator<Item = &'static str> {
        let heavy = Self::FIELDS.iter().filter(|field| field.is_heavy);
        heavy.map(|field| field.column.as_str())
    }

    /// The members of a row that only its owner and holders of the full read permission see.
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

    /// Counts and extremes of the rows that a list would show, in groups.
    async fn stats(reads: &impl Reads, query: &StatsQuery<Self>) -> Result<Stats> {
        let rows = scope::visible::<Self>(reads.actor(), query.deleted());
        stats::stats::<Self>(reads, query, rows).await
    }

    /// A heavy column that `shape` does not show is not read, and empty in the answer.
    async fn get(
        reads: &impl Reads,
        id: i64,
        shape: &Shape,
    ) -> Result<Found<Self::Row, Self::State>> {
        read::get::<Self>(reads, id, shape).await
    }
}

/// A table with the base columns (`id, created_at, updated_at, deleted_at, deletion_id, version`) and what may be done to its rows.
///
/// Reads and writes see only rows that are live and that the actor may see; the condition is part of each statement.
/// A row that is not visible is [`Error::NotFound`](crate::Error::NotFound), one that is but may not be changed [`Error::Forbidden`](crate::Error::Forbidden).
pub trait Crud: Readable + BaseColumns {
    /// What a client sets on create.
    type New: Input + IntoActiveModel<Active<Self>>;
    /// What a client sets on update: absent fields stay.
    type Patch: Input + IntoActiveModel<Active<Self>>;

    /// What an owner may do without a permission. An API key needs a scope for it all the same.
    const OWNER_MAY: &'static [Action] = &[Action::Read];
    /// The unique text that the service fills in on create if the client leaves it out, such as a slug.
    const GENERATED: Option<Generated<Column<Self>>> = None;
    /// The columns that are unique among live rows, where there are several: a refusal names all that are taken.
    const UNIQUE: &'static [Column<Self>] = &[];

    /// The public field by which rows are known on every server: beside a foreign key in an export, it says which row is
    /// meant. The generated text, where there is one.
    fn natural_key() -> Option<NaturalKey> {
        Self::GENERATED.map(|generated| NaturalKey::plain(generated.column))
    }

    /// Whether the actor may do this to these rows, which are visible, or deleted and visible to those who may do this: one
    /// answer each, in a number of statements that does not depend on the number of rows.
    async fn authorize(
        reads: &impl Reads,
        action: Action,
        rows: &[Model<Self>],
    ) -> Result<Vec<Result<()>>> {
        let authorize = |row| require_permission::<Self>(reads.actor(), action, row);
        Ok(rows.iter().map(authorize).collect())
    }

    /// Work on an input that must not hold a transaction open, such as hashing.
    async fn prepare(_session: &Session, _new: &mut Self::New) -> Result<()> {
        Ok(())
    }

    /// Business rules before a write, and columns that follow from others.
    async fn check(_tx: &Tx, _change: Change<'_, Self>) -> Result<()> {
        Ok(())
    }

    /// What else happens in the same transaction once rows are written, and rules that are about more than one row.
    async fn after_write(_tx: &Tx, _action: Action, _rows: &[Written<Self>]) -> Result<()> {
        Ok(())
    }

    /// Visible rows that belong to others, or that others belong to, newest first.
    async fn related(reads: &impl Reads, wanted: &Wanted<'_>) -> Result<Vec<Related<Self::Row>>> {
        related::related::<Self>(reads, wanted).await
    }

    /// Fails as a request with this access to the row would, as far as the actor and the row decide that.
    async fn dry_run(reads: &impl Reads, access: Access, id: i64) -> Result<()> {
        dry_run::dry_run::<Self>(reads, access, id).await
    }

    /// A live row that the actor may see, as a whole.
    async fn visible_row(reads: &impl Reads, id: i64) -> Result<Found<Self::Row>> {
        Self::get(reads, id, &Shape::default()).await
    }

    async fn create(tx: &Tx, new: &Self::New) -> Result<Found<Self::Row>> {
        let new = vec![new.clone().into_active_model()];
        let row = many::single_answer(many::create::<Self>(tx, new).await?)?;
        read::one::<Self>(tx, row).await
    }

    /// Many at once: a row each, or why it was refused; those that were not are there. The number of statements does not
    /// depend on that of the rows, but for those that collide. Fails only where the database does.
    async fn create_all(tx: &Tx, new: &[Self::New]) -> Result<Vec<Result<Model<Self>>>> {
        let rows = new.iter().cloned().map(IntoActiveModel::into_active_model);
        many::create::<Self>(tx, rows.collect()).await
    }

    /// Fails with [`Error::Stale`] where the row is in another version than expected.
    async fn update(
        tx: &Tx,
        target: impl Into<Target>,
        patch: &Self::Patch,
    ) -> Result<Found<Self::Row>> {
        let patch = vec![patch.clone().into_active_model()];
        let row = many::single_answer(many::update::<Self>(tx, &[target.into()], patch).await?)?;
        read::one::<Self>(tx, row).await
    }

    /// Many at once, each row once: as [`Crud::create_all`], but where one was refused the transaction must not go on.
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

    /// Soft: the row and what it owns are gone for every ordinary read and write.
    async fn delete(tx: &Tx, target: impl Into<Target>) -> Result<()> {
        many::single_answer(many::delete::<Self>(tx, &[target.into()]).await?).map(drop)
    }

    /// Many at once, each row once, with the version that each then has: as [`Crud::create_all`].
    async fn delete_all(tx: &Tx, targets: &[Target]) -> Result<Vec<Result<i64>>> {
        many::delete::<Self>(tx, targets).await
    }

    /// Brings a row back with what went with it. `patch` resolves a
    /// collision with a unique value, and needs the permission to update.
    async fn restore(
        tx: &Tx,
        target: impl Into<Target>,
        patch: Option<&Self::Patch>,
    ) -> Result<Found<Self::Row>> {
        let patch = patch.cloned().map(IntoActiveModel::into_active_model);
        write::restore::<Self>(tx, target.into(), patch).await
    }

    /// Writes the state of an earlier version as a new one, by the rules of an update. Needs to see the history too.
    async fn revert(tx: &Tx, target: impl Into<Target>, version: i64) -> Result<Found<Self::Row>> {
        write::revert::<Self>(tx, target.into(), version).await
    }

    /// How many rows a deletion would take along, or a purge where the row is deleted.
    async fn impact(reads: &impl Reads, id: i64) -> Result<Impact> {
        impact::impact::<Self>(reads, id).await
    }

    /// For good: the deleted row, and what it owns.
    async fn purge(tx: &Tx, target: impl Into<Target>) -> Result<()> {
        write::purge::<Self>(tx, target.into()).await
    }
}

/// The condition that holds for no row.
pub fn nothing() -> Condition {
    Condition::any()
}

/// The condition that holds for every row.
pub fn everything() -> Condition {
    Condition::all()
}
