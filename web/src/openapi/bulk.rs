//! The schema of a bulk request.
use kernel::bulk::MAX_OPERATIONS;
use serde_json::{Value, json};

use super::limits;

/// Builds the schema of the body from the schemas of a new row and of a patch.
pub fn bulk(new: &Value, patch: &Value) -> Value {
    let operation = |op: &str, members: &[(&str, &Value)], optional: &[(&str, &Value)]| {
        let op = json!({ "const": op });
        let required = [("op", &op)].into_iter().chain(members.iter().copied());
        let names: Vec<_> = required.clone().map(|(name, _)| name).collect();
        let members = required.chain(optional.iter().copied());
        let members: serde_json::Map<_, _> = members
            .map(|(name, schema)| (name.to_owned(), schema.clone()))
            .collect();
        json!({ "type": "object", "properties": members, "required": names, "additionalProperties": false })
    };
    let id = limits::id();
    let mut version = id.clone();
    version["description"] = "The version that the row must have.".into();
    let kinds = [
        operation("create", &[("data", new)], &[]),
        operation(
            "update",
            &[("id", &id), ("data", patch)],
            &[("version", &version)],
        ),
        operation("delete", &[("id", &id)], &[("version", &version)]),
    ];
    let operations =
        json!({ "type": "array", "maxItems": MAX_OPERATIONS, "items": { "oneOf": kinds } });
    json!({
        "type": "object", "properties": { "operations": operations }, "required": ["operations"], "additionalProperties": false,
    })
}
