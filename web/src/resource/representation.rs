//! The JSON representation of rows and pages.
use std::{borrow::Cow, fmt::Debug};

use kernel::{
    Error, Readable,
    resource::{Columns, RowState},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer, ser};

use super::{
    FoundRow, Resource,
    words::{Words, capitalized},
};
use crate::{json::Object, time::Time};

/// What the API shows of the state of rows of `V`.
type State<V> = <<<V as Resource>::Service as Columns>::State as StateView>::View;

/// A row as JSON: the view of its resource and the members that every row has, without private members that the caller may
/// not see.
#[derive(Debug)]
pub struct Representation<V: Resource> {
    id: i64,
    view: V,
    created_at: Time,
    state: State<V>,
    /// The members of the view that are omitted.
    hidden: Vec<&'static str>,
}

/// What JSON shows of the state of a row.
pub trait StateView {
    type View: Debug + JsonSchema + Serialize + 'static;

    /// Shows the time of a deletion only if `with_deleted`.
    fn view(self, with_deleted: bool) -> Self::View;
}

/// The members that every change of a row sets.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Changes {
    updated_at: Time,
    /// Present only if the request asks for deleted rows.
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
#[derive(JsonSchema, Serialize)]
struct Members<'a, V, S> {
    id: i64,
    #[serde(flatten)]
    view: &'a V,
    created_at: &'a Time,
    #[serde(flatten)]
    state: &'a S,
}

impl<V: Resource> Serialize for Representation<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.members();
        if self.hidden.is_empty() {
            return members.serialize(serializer);
        }
        let mut members = serde_json::to_value(members).map_err(ser::Error::custom)?;
        if let Some(members) = members.as_object_mut() {
            members.retain(|name, _| !self.hidden.iter().any(|hidden| hidden == name));
        }
        members.serialize(serializer)
    }
}

/// The schema of `PostView` is named `Post`. Its description is that of the view, or names the resource.
impl<V: Resource> JsonSchema for Representation<V> {
    fn schema_name() -> Cow<'static, str> {
        let view = V::schema_name();
        let name = view.strip_suffix("View").map(str::to_owned);
        name.map_or(view, Cow::from)
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let view = V::json_schema(generator);
        let description = match view.get("description") {
            Some(text) => text.clone(),
            None => format!("{}.", capitalized(&Words::of::<V>().one())).into(),
        };
        let mut schema = Members::<V, State<V>>::json_schema(generator);
        schema.insert("description".to_owned(), description);
        schema
    }
}

impl<V: Resource> Representation<V> {
    /// Converts a row; `deleted_at` is present only if `with_deleted`.
    pub fn new(found: FoundRow<V>, with_deleted: bool) -> Self {
        Self {
            hidden: if found.is_full {
                Vec::new()
            } else {
                V::Service::private_members().collect()
            },
            id: found.id,
            view: V::show(found.row),
            created_at: found.created_at.into(),
            state: found.state.view(with_deleted),
        }
    }

    /// Writes the row, so that its members can be selected and measured.
    pub fn to_object(&self) -> Result<Object, Error> {
        let mut object = Object::new(&self.members())?;
        object.retain(|name| !self.hidden.contains(&name));
        Ok(object)
    }

    fn members(&self) -> Members<'_, V, State<V>> {
        Members {
            id: self.id,
            view: &self.view,
            created_at: &self.created_at,
            state: &self.state,
        }
    }
}

/// The position of a page in its list.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PageInfo {
    pub limit: u64,
    pub next: Option<String>,
    pub prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}
