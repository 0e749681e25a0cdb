//! Rows as they are asked for: in part with `fields`, with related ones with `include`.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use service::query::{Include, relations};

use super::schemas::reference;

/// A row as a whole, or in part.
pub fn shown(whole: &Value) -> Value {
    let part = whole["$ref"].as_str().map(part_of);
    json!({ "anyOf": [whole, { "$ref": part }] })
}

pub fn page(row: &Value, window: &Value) -> Value {
    json!({
        "type": "object",
        "description": "Some rows of a list.",
        "required": ["data", "page"],
        "properties": { "data": { "type": "array", "items": row }, "page": window },
    })
}

/// Adds its relations to each view, and the view in part beside it. `views` are by the names of their tables.
pub fn relate(schemas: &mut Map<String, Value>, views: &BTreeMap<&'static str, String>) {
    for (table, view) in views {
        let Some(whole) = schemas.get_mut(view) else {
            continue;
        };
        for include in relations(table) {
            if let Some(theirs) = views.get(include.table) {
                add(&mut whole["properties"], &include, theirs);
            }
        }
        let part = json!({
            "type": "object",
            "description": "A row of which only some members are shown.",
            "required": ["id"],
            "properties": whole["properties"],
        });
        schemas.insert(part_of(view), part);
    }
}

/// Of many, the heavy members are left out.
fn add(properties: &mut Value, include: &Include, theirs: &str) {
    if include.is_many {
        let rows = json!({ "type": "array", "items": reference(&part_of(theirs)) });
        properties[include.name] = rows;
        let more = json!({ "const": true, "description": "There are more than are shown." });
        properties[format!("{}_more", include.name)] = more;
    } else {
        properties[include.name] = json!({ "anyOf": [reference(theirs), { "type": "null" }] });
    }
}

fn part_of(view: &str) -> String {
    format!("{view}Part")
}
