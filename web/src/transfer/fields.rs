//! The fields that a record may have: settable ones, and read-only ones, which are ignored so that an export can be imported.
use std::collections::{BTreeMap, HashSet};

use kernel::resource::member_names;
use schemars::schema_for;
use serde_json::{Map, Value};

use super::{cell, references::companions};
use crate::{
    json,
    resource::{New, Writable},
};

/// The type of the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    /// Lists, objects, and fields of any type, as JSON.
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
    pub fn new<V: Writable>() -> Self {
        let schema = schema_for!(New<V>);
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.into_iter().flatten();
        Self {
            settable: properties
                .map(|(name, schema)| (name.clone(), kind(schema)))
                .collect(),
            visible: member_names::<V::Service>().into_iter().collect(),
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
    /// Converts a cell. One that is not of this type stays text, so that validation refuses it with the name of the field. Fails
    /// if a cell with JSON is malformed: validation cannot refuse it, because a text is JSON too.
    pub fn read(self, cell: &str) -> serde_json::Result<Value> {
        let value = match self {
            Self::Text => Some(cell::read(cell).into()),
            Self::Integer => cell.parse::<i64>().map(Value::from).ok(),
            Self::Number => cell
                .parse::<f64>()
                .map(Value::from)
                .ok()
                .filter(Value::is_number),
            // Spreadsheets write booleans in capitals.
            Self::Boolean => cell
                .to_ascii_lowercase()
                .parse::<bool>()
                .map(Value::from)
                .ok(),
            Self::Json => Some(json::strict(cell.as_bytes())?),
        };
        Ok(value.unwrap_or_else(|| cell.into()))
    }
}

fn kind(schema: &Value) -> Kind {
    let is = |kind: &str| match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|it| it == kind),
        only => only == kind,
    };
    let of_any_type = ["type", "$ref", "anyOf", "oneOf", "enum", "const"]
        .iter()
        .all(|word| schema.get(word).is_none());
    if of_any_type {
        Kind::Json
    } else if is("string") {
        Kind::Text
    } else if is("integer") {
        Kind::Integer
    } else if is("number") {
        Kind::Number
    } else if is("boolean") {
        Kind::Boolean
    } else if is("array") || is("object") {
        Kind::Json
    } else {
        Kind::Text
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use kernel::json::{As, Base64, Date, Decimal, Int64};
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only the schema is read")]
    struct New {
        small: i16,
        #[serde(with = "As::<Int64>")]
        large: i64,
        #[serde(with = "As::<Option<Decimal<2>>>")]
        price: Option<i64>,
        weight: f32,
        score: Option<f64>,
        is_sold: Option<bool>,
        #[schemars(extend("enum" = ["red", "blue"]))]
        color: Option<String>,
        #[serde(with = "As::<Date>")]
        born_on: NaiveDate,
        data: Value,
        notes: Option<Value>,
        #[serde(with = "As::<Base64>")]
        picture: Vec<u8>,
        tags: Vec<String>,
    }

    #[test]
    fn a_cell_is_read_as_its_field_wants_it() {
        let schema = schema_for!(New);
        for (name, cell, expected) in [
            ("small", "-3", json!(-3)),
            ("large", "9223372036854775807", json!("9223372036854775807")),
            ("large", "'-5", json!("-5")),
            ("price", "'-12.30", json!("-12.30")),
            ("weight", "0.1", json!(0.1)),
            ("score", "-1e300", json!(-1e300)),
            ("score", "NaN", json!("NaN")),
            ("is_sold", "TRUE", json!(true)),
            ("color", "red", json!("red")),
            ("born_on", "2026-01-31", json!("2026-01-31")),
            ("data", "\"5\"", json!("5")),
            ("data", "5", json!(5)),
            ("notes", "{\"a\":[1]}", json!({ "a": [1] })),
            ("picture", "AP8=", json!("AP8=")),
            ("tags", "[\"a\"]", json!(["a"])),
        ] {
            let kind = kind(&schema.as_value()["properties"][name]);
            assert_eq!(kind.read(cell).unwrap(), expected, "{name} {cell}");
        }
        for cell in [
            "{\"a\": 1",
            "tru",
            "1e400",
            "{\"a\":1,\"a\":2}",
            &"[".repeat(65),
        ] {
            assert!(Kind::Json.read(cell).is_err(), "{cell}");
        }
    }
}
