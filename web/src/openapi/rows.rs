//! The schemas of rows with `fields` and `include`.
use std::collections::BTreeMap;

use kernel::{
    Registry,
    query::{Include, relations},
    registry::Table,
};
use serde_json::{Map, Value, json};

use super::schemas::reference;

pub fn page(row: &Value, info: &Value) -> Value {
    json!({
        "type": "object",
        "description": "One page of rows. With `fields`, each row has only `id` and the fields that it names.",
        "required": ["data", "page"],
        "properties": { "data": { "type": "array", "items": row }, "page": info },
    })
}

/// Adds relations to each view, and the schema of a related row to each view with heavy members. `views` maps the names of
/// tables to views.
pub fn relate(
    schemas: &mut Map<String, Value>,
    views: &BTreeMap<&'static str, String>,
    registry: &Registry,
) {
    let mut smaller = Vec::new();
    for (table, view) in views {
        let Some(whole) = schemas.get_mut(view) else {
            continue;
        };
        let declared = registry.table(table);
        let private = declared.as_ref().map(|table| &*table.private);
        remove(&mut whole["required"], private.unwrap_or_default());
        for include in relations(table, registry) {
            if let Some(related) = views.get(include.table) {
                let has_heavy = |table: &Table| !table.heavy.is_empty();
                let related = if registry.table(include.table).is_ok_and(has_heavy) {
                    included(related)
                } else {
                    related.clone()
                };
                add(&mut whole["properties"], &include, &related);
            }
        }
        let heavy = declared.map(|table| &*table.heavy).unwrap_or_default();
        if !heavy.is_empty() {
            smaller.push((included(view), without(heavy, whole)));
        }
    }
    schemas.extend(smaller);
}

/// Builds the schema of a related row, which has its heavy members only on request.
fn without(heavy: &[&str], whole: &Value) -> Value {
    let mut row = whole.clone();
    let names = heavy.join("` and `");
    let text = format!("A related row, with `{names}` only if `include` names it.");
    row["description"] = text.into();
    remove(&mut row["required"], heavy);
    row
}

/// Makes members optional.
fn remove(required: &mut Value, members: &[&str]) {
    if let Some(required) = required.as_array_mut() {
        required.retain(|name| !members.iter().any(|member| name == member));
    }
}

/// Adds a relation.
fn add(properties: &mut Value, include: &Include, related: &str) {
    let row = reference(related);
    properties[include.name] = if include.is_many {
        json!({ "type": "array", "items": row })
    } else {
        json!({ "anyOf": [row, { "type": "null" }] })
    };
    let more = json!({
        "type": "boolean",
        "description": "Present, and true, if the relation is not included in full.",
    });
    properties[format!("{}_more", include.name)] = more;
}

/// The name of the schema of an included row, such as `IncludedPost`.
fn included(view: &str) -> String {
    format!("Included{view}")
}
