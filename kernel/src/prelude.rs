//! The names that the declaration of a resource uses.
pub use garde::Validate;
pub use schemars::JsonSchema;
pub use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DeriveIntoActiveModel, QueryFilter, QuerySelect,
};
pub use serde::Deserialize;

pub use crate::{
    Actor, Code, Crud, Error, Reads, Result, Session, Tx,
    crud::{
        Change, Field, Generated, Owner, Written, everything, nothing, now, require_permission,
        scope,
    },
    input::{PresentTrimmed, Trimmed, present, refuse},
    permission::{Action, Reach},
    slug,
};
