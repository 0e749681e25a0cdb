//! Rows as they are asked for: in part with `fields`, with related ones with `include`.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use service::{
    query::{Include, relations},
    resources::registry,
};

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
        if let Some(required) = whole.get_mut("required") {
            leave_out(required, table);
        }
        for include in relations(table, registry()) {
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

/// A member that is private may be absent.
fn leave_out(required: &mut Value, table: &str) {
    let private = registry().table(table).map(|table| &*table.private);
    let private = private.unwrap_or_default();
    if let Some(required) = required.as_array_mut() {
        required.retain(|name| !private.iter().any(|private| name == private));
    }
}

/// Heavy members are left out, unless they are asked for.
fn add(properties: &mut Value, include: &Include, theirs: &str) {
    let part = reference(&part_of(theirs));
    properties[include.name] = match include.is_many {
        true => json!({ "type": "array", "items": part }),
        false => json!({ "anyOf": [part, { "type": "null" }] }),
    };
    let more = json!({ "const": true, "description": "There is more than is shown." });
    properties[format!("{}_more", include.name)] = more;
}

fn part_of(view: &str) -> String {
    format!("{view}Part")
}
