//! The JSON representation of rows and pages.
use kernel::Crud;
use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::Error};

use super::{FoundRow, Resource};
use crate::time::Time;

/// A row as JSON: the view of its resource and the members that every row has, without private members that the caller may
/// not see.
#[derive(Debug, JsonSchema)]
#[schemars(
    rename = "{V}",
    description = "A row. `deleted_at` is present only if the request asks for deleted rows."
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
    /// The members of the view that are omitted.
    #[serde(skip)]
    hidden: Vec<&'static str>,
}

/// All members of a row.
#[derive(Serialize)]
struct Members<'a, V> {
    id: i64,
    #[serde(flatten)]
    view: &'a V,
    created_at: &'a Time,
    updated_at: &'a Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: &'a Option<Option<Time>>,
    version: i64,
}

impl<V: Serialize> Serialize for Representation<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = Members {
            id: self.id,
            view: &self.view,
            created_at: &self.created_at,
            updated_at: &self.updated_at,
            deleted_at: &self.deleted_at,
            version: self.version,
        };
        if self.hidden.is_empty() {
            return members.serialize(serializer);
        }
        let mut members = serde_json::to_value(members).map_err(S::Error::custom)?;
        if let Some(members) = members.as_object_mut() {
            members.retain(|name, _| !self.hidden.iter().any(|hidden| hidden == name));
        }
        members.serialize(serializer)
    }
}

impl<V: Resource> Representation<V> {
    /// Converts a row; `deleted_at` is present only if `with_deleted`.
    pub fn new(found: FoundRow<V>, with_deleted: bool) -> Self {
        Self {
            hidden: if found.is_full {
                Vec::new()
            } else {
                V::Service::private().collect()
            },
            id: found.id,
            view: found.row.into(),
            created_at: found.created_at.into(),
            updated_at: found.updated_at.into(),
            deleted_at: with_deleted.then(|| found.deleted_at.map(Time::from)),
            version: found.version,
        }
    }
}

/// The position of a page in its list.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Window {
    pub limit: u64,
    pub next: Option<String>,
    pub prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}
