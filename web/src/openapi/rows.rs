//! The schemas of rows with `fields` and `include`.
use std::collections::BTreeMap;

use kernel::{
    Registry,
    query::{Include, relations},
};
use serde_json::{Map, Value, json};

use super::schemas::reference;

/// Builds the schema of a row with all members or with some.
pub fn shown(whole: &Value) -> Value {
    let part = whole["$ref"].as_str().map(part_of);
    json!({ "anyOf": [whole, { "$ref": part }] })
}

pub fn page(row: &Value, window: &Value) -> Value {
    json!({
        "type": "object",
        "description": "One page of rows.",
        "required": ["data", "page"],
        "properties": { "data": { "type": "array", "items": row }, "page": window },
    })
}

/// Adds relations to each view, and a partial schema for each view. `views` maps the names of tables to views.
pub fn relate(
    schemas: &mut Map<String, Value>,
    views: &BTreeMap<&'static str, String>,
    registry: &Registry,
) {
    for (table, view) in views {
        let Some(whole) = schemas.get_mut(view) else {
            continue;
        };
        if let Some(required) = whole.get_mut("required") {
            make_private_optional(required, table, registry);
        }
        for include in relations(table, registry) {
            if let Some(related) = views.get(include.table) {
                add(&mut whole["properties"], &include, related);
            }
        }
        let part = json!({
            "type": "object",
            "description": "A row with only some of its members.",
            "required": ["id"],
            "properties": whole["properties"],
        });
        schemas.insert(part_of(view), part);
    }
}

/// Makes private members optional.
fn make_private_optional(required: &mut Value, table: &str, registry: &Registry) {
    let private = registry.table(table).map(|table| &*table.private);
    let private = private.unwrap_or_default();
    if let Some(required) = required.as_array_mut() {
        required.retain(|name| !private.iter().any(|private| name == private));
    }
}

/// Adds a relation. Its rows are partial, because heavy members are omitted unless requested.
fn add(properties: &mut Value, include: &Include, related: &str) {
    let part = reference(&part_of(related));
    properties[include.name] = if include.is_many {
        json!({ "type": "array", "items": part })
    } else {
        json!({ "anyOf": [part, { "type": "null" }] })
    };
    let more = json!({ "const": true, "description": "Present if there is more than is shown." });
    properties[format!("{}_more", include.name)] = more;
}

fn part_of(view: &str) -> String {
    format!("{view}Part")
}
