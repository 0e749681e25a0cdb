//! Typed access to the columns that all tables have.
use std::fmt::Debug;

use sea_orm::{
    ActiveModelBehavior, EntityTrait, IdenStatic, IntoActiveModel, prelude::DateTimeWithTimeZone,
};

use super::{Active, Column, Model};

/// The columns that the table of every list has: an id, and the time when the row was created.
///
/// [`list_columns!`](crate::list_columns) and [`base_columns!`](crate::base_columns) implement it.
pub trait Columns: Sized + 'static {
    type Entity: EntityTrait<
            Model: IntoActiveModel<Active<Self>> + Clone + Debug + Send + Sync,
            ActiveModel: ActiveModelBehavior + Send,
        >;
    /// The columns that every change of a row sets: a [`RowState`], or `()` if rows do not change.
    type State: Debug;

    const ID: Column<Self>;
    const CREATED_AT: Column<Self>;
    /// The other base columns that clients may filter and sort by.
    const STATE: &'static [Column<Self>];
    /// True if rows are soft-deleted, so that a list may show deleted ones.
    const SOFT_DELETES: bool;

    fn id(row: &Model<Self>) -> i64;
    fn created_at(row: &Model<Self>) -> DateTimeWithTimeZone;
    fn state(row: &Model<Self>) -> Self::State;

    /// Returns the base columns that clients may filter and sort by.
    fn base() -> impl Iterator<Item = Column<Self>> {
        [Self::ID, Self::CREATED_AT]
            .into_iter()
            .chain(Self::STATE.iter().copied())
    }

    /// Returns the base column with this name.
    fn base_column(name: &str) -> Option<Column<Self>> {
        Self::base().find(|column| column.as_str() == name)
    }
}

/// The further base columns of a resource, which every change of a row sets.
pub trait BaseColumns: Columns<State = RowState> {
    const UPDATED_AT: Column<Self>;
    const DELETED_AT: Column<Self>;
    const DELETION_ID: Column<Self>;
    const VERSION: Column<Self>;

    fn version(row: &Model<Self>) -> i64;
}

/// The values of the columns that every change of a row sets.
#[derive(Debug, Clone)]
pub struct RowState {
    pub updated_at: DateTimeWithTimeZone,
    pub deleted_at: Option<DateTimeWithTimeZone>,
    /// The id of the deletion that deleted the row.
    pub deletion_id: Option<i64>,
    pub version: i64,
}

/// Declares that `Entity` is the table of a list that is only read, with the columns `id` and `created_at`. `Entity` and
/// `Column` must be in scope, or in the module that is named after the list.
#[macro_export]
macro_rules! list_columns {
    ($list:ty) => {
        $crate::list_columns!($list, self);
    };
    ($list:ty, $table:ident) => {
        impl $crate::resource::Columns for $list {
            type Entity = $table::Entity;
            type State = ();

            const ID: $table::Column = $table::Column::Id;
            const CREATED_AT: $table::Column = $table::Column::CreatedAt;
            const STATE: &'static [$table::Column] = &[];
            const SOFT_DELETES: bool = false;

            fn id(row: &$crate::resource::Model<Self>) -> i64 {
                row.id
            }

            fn created_at(
                row: &$crate::resource::Model<Self>,
            ) -> ::sea_orm::prelude::DateTimeWithTimeZone {
                row.created_at
            }

            fn state(_: &$crate::resource::Model<Self>) {}
        }
    };
}

/// Declares that `Entity` is the table of a resource, with the base columns. `Entity` and `Column` must be in scope, or in the
/// module that is named after the resource.
#[macro_export]
macro_rules! base_columns {
    ($resource:ty) => {
        $crate::base_columns!($resource, self);
    };
    ($resource:ty, $table:ident) => {
        impl $crate::resource::Columns for $resource {
            type Entity = $table::Entity;
            type State = $crate::resource::RowState;

            const ID: $table::Column = $table::Column::Id;
            const CREATED_AT: $table::Column = $table::Column::CreatedAt;
            const STATE: &'static [$table::Column] =
                &[$table::Column::UpdatedAt, $table::Column::Version];
            const SOFT_DELETES: bool = true;

            fn id(row: &$crate::resource::Model<Self>) -> i64 {
                row.id
            }

            fn created_at(
                row: &$crate::resource::Model<Self>,
            ) -> ::sea_orm::prelude::DateTimeWithTimeZone {
                row.created_at
            }

            fn state(row: &$crate::resource::Model<Self>) -> Self::State {
                $crate::resource::RowState {
                    updated_at: row.updated_at,
                    deleted_at: row.deleted_at,
                    deletion_id: row.deletion_id,
                    version: row.version,
                }
            }
        }

        impl $crate::resource::BaseColumns for $resource {
            const UPDATED_AT: $table::Column = $table::Column::UpdatedAt;
            const DELETED_AT: $table::Column = $table::Column::DeletedAt;
            const DELETION_ID: $table::Column = $table::Column::DeletionId;
            const VERSION: $table::Column = $table::Column::Version;

            fn version(row: &$crate::resource::Model<Self>) -> i64 {
                row.version
            }
        }
    };
}
