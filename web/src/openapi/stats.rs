//! The answer of aggregates, generated from the fields that a resource declares.
use kernel::{
    Readable,
    query::MAX_GROUPS,
    resource::{Filterable, ValueKind, declared_fields},
};
use schemars::Schema;
use serde_json::{Map, Value, json};

/// Builds the schema of the answer, whose members depend on the query.
pub fn stats_schema<C: Readable>() -> Schema {
    let fields = fields::<C>();
    let extremes = |what: &str| {
        let ordered = fields.iter().filter(|field| is_ordered(field));
        let properties: Map<_, _> = ordered.map(property).collect();
        json!({
            "type": "object",
            "description": format!("The {what} of each requested field in the group, or null if the group has no value."),
            "properties": properties,
            "additionalProperties": false,
        })
    };
    let mut members: Map<_, _> = fields.iter().map(property).collect();
    members.insert(
        "count".to_owned(),
        json!({ "type": "integer", "format": "int64", "minimum": 0 }),
    );
    members.insert("min".to_owned(), extremes("minimum"));
    members.insert("max".to_owned(), extremes("maximum"));
    let summed = fields.iter().filter(|field| field.has_sum);
    let sums: Map<_, _> = summed
        .map(|field| (field.name.clone(), json!({ "type": ["string", "null"] })))
        .collect();
    if !sums.is_empty() {
        members.insert(
            "sum".to_owned(),
            json!({
                "type": "object",
                "description": "The sum of each requested field in the group, or null if the group has no value.",
                "properties": sums,
                "additionalProperties": false,
            }),
        );
    }
    let group = json!({ "type": "object", "properties": members, "additionalProperties": false });
    let schema = json!({
        "type": "object",
        "required": ["data", "more"],
        "properties": {
            "data": {
                "type": "array",
                "description": "The groups, sorted by the fields of `group_by` in ascending order, null last.",
                "maxItems": MAX_GROUPS,
                "items": group,
            },
            "more": { "type": "boolean", "description": "Whether there are more groups." },
        },
        "additionalProperties": false,
    });
    Schema::try_from(schema).unwrap_or_default()
}

/// Lists the fields that rows may be grouped by.
fn fields<C: Readable>() -> Vec<Filterable> {
    let mut fields = declared_fields::<C>();
    fields.retain(|field| field.is_sortable);
    fields
}

fn is_ordered(field: &Filterable) -> bool {
    field.kind.has_extremes()
}

fn property(field: &Filterable) -> (String, Value) {
    let schema = match field.kind {
        ValueKind::Integer => json!({ "type": ["integer", "null"], "format": "int64" }),
        ValueKind::Single | ValueKind::Number => json!({ "type": ["number", "null"] }),
        ValueKind::Boolean => json!({ "type": ["boolean", "null"] }),
        ValueKind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
        ValueKind::Date => json!({ "type": ["string", "null"], "format": "date" }),
        ValueKind::Uuid => json!({ "type": ["string", "null"], "format": "uuid" }),
        ValueKind::Int64
        | ValueKind::Decimal(_)
        | ValueKind::Clock
        | ValueKind::Text
        | ValueKind::OneOf(_)
        | ValueKind::Opaque => json!({ "type": ["string", "null"] }),
    };
    (field.name.clone(), schema)
}
