//! What a record may say: the fields that a client sets, and those that it only sees, so that an export can be imported.
use std::collections::{BTreeMap, HashSet};

use schemars::schema_for;
use serde_json::{Map, Value};
use service::query::showable;

use super::{cell, references::companions};
use crate::http::Resource;

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    /// Lists, as JSON.
    Json,
}

/// The fields of one resource.
pub struct Fields {
    set: BTreeMap<String, Kind>,
    seen: HashSet<&'static str>,
    /// Names beside references.
    names: Vec<String>,
}

impl Fields {
    pub fn of<R: Resource>() -> Self {
        let schema = schema_for!(R::New);
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.into_iter().flatten();
        Self {
            set: properties
                .map(|(name, schema)| (name.clone(), kind(schema)))
                .collect(),
            seen: showable::<R>().into_iter().collect(),
            names: companions::<R>(),
        }
    }

    /// None for what a client sees only.
    pub fn settable(&self, name: &str) -> Option<Kind> {
        self.set.get(name).copied()
    }

    /// How the cells of a column are read. None for what a client sees only.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        match self.is_name(name) {
            true => Some(Kind::Text),
            false => self.settable(name),
        }
    }

    pub fn is_known(&self, name: &str) -> bool {
        self.set.contains_key(name) || self.seen.contains(name) || self.is_name(name)
    }

    fn is_name(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Leaves out what a client sees only.
    pub fn keep_settable(&self, members: &mut Map<String, Value>) {
        members.retain(|name, _| self.set.contains_key(name) || !self.seen.contains(name.as_str()));
    }
}

impl Kind {
    /// What cannot be one of this kind stays a text, which is then refused by its name.
    pub fn read(self, cell: &str) -> Value {
        let value = match self {
            Self::Text => return cell::read(cell).into(),
            Self::Integer => cell.parse::<i64>().map(Value::from).ok(),
            // Spreadsheets write them in capitals.
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
    match () {
        () if is("integer") => Kind::Integer,
        () if is("boolean") => Kind::Boolean,
        () if is("array") || is("object") => Kind::Json,
        () => Kind::Text,
    }
}
