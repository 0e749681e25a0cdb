//! The view `audit`: entries of the audit log with their sequence numbers. Views are not generated.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub created_at: DateTimeWithTimeZone,
    pub version: i64,
    /// `None` until the entry is sealed.
    pub seq: Option<i64>,
    pub actor_id: Option<i64>,
    pub request_id: Option<String>,
    pub resource: String,
    pub resource_id: i64,
    pub action: String,
    /// `None` if the values were erased.
    #[sea_orm(column_type = "Text", nullable)]
    pub changes: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
