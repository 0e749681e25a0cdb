//! The schemas of a bulk request.
use kernel::bulk::MAX_OPERATIONS;
use serde_json::{Map, Value, json};

use super::{limits, schemas::reference};

/// Builds the schema of the body, by its name such as `PostBulk`, and the schemas that it refers to. `row` is the name of the
/// schema of a row; the others are the schemas of a new row and of a patch, and the most new rows of a request if they are limited.
pub fn bulk(
    row: &str,
    (new, most_new): (&Value, Option<usize>),
    patch: &Value,
) -> (String, Map<String, Value>) {
    let (id, version) = (limits::id(), limits::version());
    let (id, version) = (("id", &id), ("version", &version));
    let kinds = [
        (
            format!("{row}BulkCreate"),
            operation("create", &[("data", new)], None),
        ),
        (
            format!("{row}BulkUpdate"),
            operation("update", &[id, ("data", patch)], Some(version)),
        ),
        (
            "BulkDelete".to_owned(),
            operation("delete", &[id], Some(version)),
        ),
    ];
    let references = kinds.iter().map(|(name, _)| reference(name));
    let items = json!({ "oneOf": references.collect::<Vec<_>>() });
    let operations = json!({ "type": "array", "maxItems": MAX_OPERATIONS, "items": items });
    let name = format!("{row}Bulk");
    let description = "Operations that all succeed or all fail.".to_owned();
    let limit = most_new.map(|most| format!(" At most {most} of them may create a row."));
    let body = json!({
        "type": "object",
        "description": description + &limit.unwrap_or_default(),
        "properties": { "operations": operations },
        "required": ["operations"],
        "additionalProperties": false,
    });
    let all = kinds.into_iter().chain([(name.clone(), body)]);
    (name, all.collect())
}

fn operation(op: &str, members: &[(&str, &Value)], optional: Option<(&str, &Value)>) -> Value {
    let op = json!({ "type": "string", "enum": [op] });
    let required = [("op", &op)].into_iter().chain(members.iter().copied());
    let names: Vec<_> = required.clone().map(|(name, _)| name).collect();
    let members = required.chain(optional);
    let members: Map<_, _> = members
        .map(|(name, schema)| (name.to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "properties": members, "required": names, "additionalProperties": false })
}
