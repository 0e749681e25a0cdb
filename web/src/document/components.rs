//! The components of the document: those that no operation uses are left out.
use std::collections::HashSet;

use serde_json::Value;

/// Drops every component that no operation refers to, directly or through others.
pub fn drop_unused(document: &mut Value) {
    let mut used = HashSet::new();
    let mut waiting = references(&document["paths"]);
    while let Some(pointer) = waiting.pop() {
        if let Some(component) = document.pointer(&pointer)
            && used.insert(pointer)
        {
            waiting.extend(references(component));
        }
    }
    let kinds = document["components"].as_object_mut();
    for (kind, components) in kinds.into_iter().flatten() {
        // Operations name security schemes without a reference.
        if kind == "securitySchemes" {
            continue;
        }
        if let Some(components) = components.as_object_mut() {
            components.retain(|name, _| used.contains(&format!("/components/{kind}/{name}")));
        }
    }
}

/// Lists the JSON Pointers of all references in a value.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            let target = target.and_then(|target| target.strip_prefix('#'));
            let inner = members.values().flat_map(references);
            target.map(str::to_owned).into_iter().chain(inner).collect()
        }
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
