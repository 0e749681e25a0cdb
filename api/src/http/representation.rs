//! The JSON representation of rows and pages.
use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::Error};
use service::{
    Found,
    crud::{Columns, RowState},
};

use super::{Listed, Time};

/// A row as JSON: the view of its list and the members that every row has, without private members that the caller may
/// not see.
#[derive(Debug, JsonSchema)]
#[schemars(
    rename = "{V}",
    description = "A row. `deleted_at` is present only if the request asks for deleted rows."
)]
pub struct Representation<V, S = Changes> {
    id: i64,
    #[serde(flatten)]
    view: V,
    created_at: Time,
    #[serde(flatten)]
    state: S,
    /// The members of the view that are omitted.
    #[serde(skip)]
    hidden: Vec<&'static str>,
}

/// A row of a list as JSON.
pub type RowView<R> =
    Representation<<R as Listed>::View, <<R as Columns>::State as StateView>::View>;

/// What JSON shows of the state of a row.
pub trait StateView {
    type View: JsonSchema + Serialize;

    /// Shows the time of a deletion only if `with_deleted`.
    fn view(self, with_deleted: bool) -> Self::View;
}

/// The members that every change of a row sets.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Changes {
    updated_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Option<Time>>,
    version: i64,
}

impl StateView for RowState {
    type View = Changes;

    fn view(self, with_deleted: bool) -> Changes {
        Changes {
            updated_at: self.updated_at.into(),
            deleted_at: with_deleted.then(|| self.deleted_at.map(Time::from)),
            version: self.version,
        }
    }
}

/// The rows of a list that is only read have no such members.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Unchanging {}

impl StateView for () {
    type View = Unchanging;

    fn view(self, _: bool) -> Unchanging {
        Unchanging {}
    }
}

/// All members of a row.
#[derive(Serialize)]
struct Members<'a, V, S> {
    id: i64,
    #[serde(flatten)]
    view: &'a V,
    created_at: &'a Time,
    #[serde(flatten)]
    state: &'a S,
}

impl<V: Serialize, S: Serialize> Serialize for Representation<V, S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        let members = Members {
            id: self.id,
            view: &self.view,
            created_at: &self.created_at,
            state: &self.state,
        };
        if self.hidden.is_empty() {
            return members.serialize(serializer);
        }
        let mut members = serde_json::to_value(members).map_err(T::Error::custom)?;
        if let Some(members) = members.as_object_mut() {
            members.retain(|name, _| !self.hidden.iter().any(|hidden| hidden == name));
        }
        members.serialize(serializer)
    }
}

impl<V, S> Representation<V, S> {
    /// Converts a row; `deleted_at` is present only if `with_deleted`.
    pub fn new<R>(found: Found<R::Row, R::State>, with_deleted: bool) -> Self
    where
        R: Listed<View = V, State: StateView<View = S>>,
    {
        Self {
            hidden: if found.is_full {
                Vec::new()
            } else {
                R::private().collect()
            },
            id: found.id,
            view: found.row.into(),
            created_at: found.created_at.into(),
            state: found.state.view(with_deleted),
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
