//! What a resource is written with.
pub(crate) use garde::Validate;
pub(crate) use schemars::JsonSchema;
pub(crate) use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DeriveIntoActiveModel, QueryFilter, QuerySelect,
};
pub(crate) use serde::Deserialize;

pub(crate) use crate::{
    Actor, Crud, Error, Reads, Result, Session, Tx,
    crud::{Change, Field, Generated, Owner, Written, everything, nothing, now, permit, scope},
    input::{PresentTrimmed, Trimmed, present},
    permission::{Action, Reach},
    slug,
};
