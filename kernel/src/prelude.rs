//! The names that the declaration of a resource uses.
pub use chrono::{NaiveDate, NaiveTime};
pub use garde::Validate;
pub use schemars::JsonSchema;
pub use sea_orm::prelude::{DateTimeWithTimeZone, Json, Uuid};
pub use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DeriveIntoActiveModel, QueryFilter, QuerySelect,
};
pub use serde::Deserialize;

pub use crate::{
    Actor, Code, Crud, CrudOperations, Error, Found, ReadOperations, Readable, Reads, Result,
    Session, Tx, base_columns,
    crud::Target,
    input::{PresentTrimmed, Trimmed, present, refuse},
    json::{As, Base64, Date, Decimal, Float32, Int64, Present, TimeOfDay, Timestamp, UuidText},
    list_columns,
    permission::{Action, Reach},
    resource::{
        Change, Field, Generated, Owner, Written, everything, nothing, now, require_permission,
        scope,
    },
    slug,
};
