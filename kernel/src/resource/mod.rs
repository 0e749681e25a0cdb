//! Declares resources: their columns and fields, who sees a row, who owns it, and the rules of its writes. The operations on
//! them are in [`crud`](crate::crud).
mod access;
mod budget;
mod columns;
mod describe;
mod field;
mod found;
mod generated;
mod member;
mod natural;
mod owner;
pub mod scope;
pub mod value;

use sea_orm::{ColumnTrait, Condition, EntityName, EntityTrait, IdenStatic, IntoActiveModel};

pub use crate::clock::now;
pub use access::{PrivateView, author, author_column, owner, require_permission, shows_private};
pub use budget::{PageBudget, json_size};
pub use columns::{BaseColumns, Columns, RowState};
pub use describe::{
    Filterable, base_names, declared_field, declared_fields, filterable_fields, indexed_fields,
    json_fields, member_names, public_fields, searched_columns, unsupported_fields,
};
pub use field::{Encoding, Field};
pub use found::{Deleted, Found, RowPage};
pub use generated::{Generated, VARIATIONS};
pub use member::{Member, MemberKind, members, title_field};
pub use natural::NaturalKey;
pub use owner::Owner;
pub use value::ValueKind;

use crate::{
    Actor, Reads, Result, Session, Tx, access::PermissionRules, input::Input, permission::Action,
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
    /// The fields, besides the base columns. Clients see them and may filter and sort by them.
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

    /// Returns the condition for the live rows that the actor may see. The default shows public rows to everyone, and other rows
    /// to their owner and to holders of the read permission. It depends on nothing but the actor, since statements that contain it
    /// are kept. If it depends on another table (a subquery), a page of a list examines a bounded number of rows, and may be
    /// short or empty before the end.
    fn visible(actor: &Actor) -> Condition {
        Self::permission_rules().visible(actor)
    }

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
        _budget: &PageBudget,
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
    /// The most new rows of one bulk request. State it if [`Crud::prepare`] is so slow that a full request would exceed its time
    /// limit.
    const MAX_NEW_IN_BULK: Option<usize> = None;

    /// Set this if [`Crud::after_write`] adds fields to the audit entry of a new row: the entry is then stored only after it.
    const ADDS_TO_ENTRY: bool = false;

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

    /// Runs before the transaction of a create, for slow work such as hashing. Handlers call it; [`CrudOperations::create`](crate::CrudOperations::create) does not.
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
