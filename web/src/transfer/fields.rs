//! The fields that a record may have: settable ones, and read-only ones, which are ignored so that an export can be imported.
use std::collections::{BTreeMap, HashSet};

use kernel::query::showable;
use schemars::schema_for;
use serde_json::{Map, Value};

use super::{cell, references::companions};
use crate::resource::{New, Writable};

/// The type of the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    /// Lists and objects, as JSON.
    Json,
}

/// The fields of one resource.
pub struct Fields {
    settable: BTreeMap<String, Kind>,
    visible: HashSet<&'static str>,
    /// Names of referenced rows, such as `author.username`.
    names: Vec<String>,
}

impl Fields {
    pub fn of<V: Writable>() -> Self {
        let schema = schema_for!(New<V>);
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.into_iter().flatten();
        Self {
            settable: properties
                .map(|(name, schema)| (name.clone(), kind(schema)))
                .collect(),
            visible: showable::<V::Service>().into_iter().collect(),
            names: companions::<V::Service>(),
        }
    }

    /// Returns `None` for a read-only field.
    pub fn settable(&self, name: &str) -> Option<Kind> {
        self.settable.get(name).copied()
    }

    /// Returns the type of the cells of a column, or `None` for a read-only field.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        if self.is_name(name) {
            Some(Kind::Text)
        } else {
            self.settable(name)
        }
    }

    pub fn is_known(&self, name: &str) -> bool {
        self.settable.contains_key(name) || self.visible.contains(name) || self.is_name(name)
    }

    fn is_name(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Removes read-only fields.
    pub fn keep_settable(&self, members: &mut Map<String, Value>) {
        members.retain(|name, _| {
            self.settable.contains_key(name) || !self.visible.contains(name.as_str())
        });
    }
}

impl Kind {
    /// Converts a cell. One that is not of this type stays text, so that validation refuses it with the name of the field.
    pub fn read(self, cell: &str) -> Value {
        let value = match self {
            Self::Text => return cell::read(cell).into(),
            Self::Integer => cell.parse::<i64>().map(Value::from).ok(),
            // Spreadsheets write booleans in capitals.
            Self::Boolean => cell
                .to_ascii_lowercase()
                .parse::<bool>()
                .map(Value::from)
                .ok(),
            Self::Json => serde_json::from_str(cell).ok(),
        };
        value.unwrap_or_else(|| cell.into())
    }
}

fn kind(schema: &Value) -> Kind {
    let is = |kind: &str| match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|it| it == kind),
        only => only == kind,
    };
    if is("integer") {
        Kind::Integer
    } else if is("boolean") {
        Kind::Boolean
    } else if is("array") || is("object") {
        Kind::Json
    } else {
        Kind::Text
    }
}
