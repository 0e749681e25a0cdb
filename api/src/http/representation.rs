//! Rows as they go out.
use schemars::JsonSchema;
use serde::Serialize;
use service::Found;

use super::{Resource, Time};

/// A row as it goes out: what every resource has around what this one has.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(
    rename = "{V}",
    description = "A row; `deleted_at` is there only where deleted rows are shown."
)]
pub struct Representation<V> {
    id: i64,
    #[serde(flatten)]
    view: V,
    created_at: Time,
    updated_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Option<Time>>,
    version: i64,
}

impl<V> Representation<V> {
    /// `deleted_at` is there only where deleted rows are shown.
    pub fn of<R: Resource<View = V>>(found: Found<R::Row>, with_deleted: bool) -> Self {
        Self {
            id: found.id,
            view: found.row.into(),
            created_at: found.created_at.into(),
            updated_at: found.updated_at.into(),
            deleted_at: with_deleted.then(|| found.deleted_at.map(Time::from)),
            version: found.version,
        }
    }
}

/// Where a page is in its list.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Window {
    pub limit: u64,
    pub next: Option<String>,
    pub prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}
