//! What aggregates take and give, made of the fields that a resource declares.
use schemars::Schema;
use serde_json::{Map, Value, json};
use service::{
    Crud,
    query::{
        Filterable, MAX_EXTREMES, MAX_GROUP_FIELDS, MAX_GROUPS, ValueKind, declared_fields,
        filterable,
    },
};

use super::filters::{RANKED, filter, parameter, search, shown};

/// The query string of aggregates of `C`.
pub fn stats<C: Crud>() -> Vec<Value> {
    let fields = fields::<C>();
    let public: Vec<_> = fields
        .iter()
        .filter(|field| field.private_of.is_none())
        .collect();
    let ordered: Vec<_> = public
        .iter()
        .copied()
        .filter(|field| is_ordered(field))
        .collect();
    let flag = json!({ "type": "string", "enum": ["", "true"] });
    let mut count = parameter(
        "count",
        "Whether rows are counted; they are where nothing else is asked for.",
        &flag,
    );
    count["allowEmptyValue"] = true.into();
    let own = [
        some(
            "group_by",
            "What rows of a group have in common; without it all are one group.",
            &public,
            MAX_GROUP_FIELDS,
        ),
        count,
        some(
            "min",
            "Fields whose least value is shown.",
            &ordered,
            MAX_EXTREMES,
        ),
        some(
            "max",
            "Fields whose greatest value is shown.",
            &ordered,
            MAX_EXTREMES,
        ),
    ];
    let deleted = shown::<C>()
        .into_iter()
        .filter(|parameter| parameter["name"] == "deleted");
    let filters = filterable::<C>();
    own.into_iter()
        .chain(search::<C>(RANKED))
        .chain(deleted)
        .chain(filters.iter().map(filter))
        .collect()
}

/// The answer, whose members depend on the question.
pub fn stats_schema<C: Crud>() -> Schema {
    let fields = fields::<C>();
    let extremes = |what: &str| {
        let ordered = fields.iter().filter(|field| is_ordered(field));
        let properties: Map<_, _> = ordered.map(property).collect();
        json!({
            "type": "object",
            "description": format!("The {what} values in the group; null where it has none."),
            "properties": properties,
            "additionalProperties": false,
        })
    };
    let mut members: Map<_, _> = fields.iter().map(property).collect();
    members.insert(
        "count".to_owned(),
        json!({ "type": "integer", "format": "int64", "minimum": 0 }),
    );
    members.insert("min".to_owned(), extremes("least"));
    members.insert("max".to_owned(), extremes("greatest"));
    let group = json!({ "type": "object", "properties": members, "additionalProperties": false });
    let schema = json!({
        "type": "object",
        "required": ["data", "more"],
        "properties": {
            "data": {
                "type": "array",
                "description": "By the fields of `group_by` in ascending order, null last.",
                "maxItems": MAX_GROUPS,
                "items": group,
            },
            "more": { "type": "boolean", "description": "Whether there are more groups than these." },
        },
        "additionalProperties": false,
    });
    Schema::try_from(schema).unwrap_or_default()
}

/// The fields that rows may be grouped by.
fn fields<C: Crud>() -> Vec<Filterable> {
    let mut fields = declared_fields::<C>();
    fields.retain(|field| field.is_sortable);
    fields
}

fn is_ordered(field: &Filterable) -> bool {
    field.kind != ValueKind::Boolean
}

fn some(name: &str, description: &str, fields: &[&Filterable], most: usize) -> Value {
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let schema = json!({
        "type": "array",
        "items": { "type": "string", "enum": names },
        "minItems": 1,
        "maxItems": most,
        "uniqueItems": true,
    });
    let mut parameter = parameter(name, description, &schema);
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter
}

fn property(field: &Filterable) -> (String, Value) {
    let schema = match field.kind {
        ValueKind::Integer => json!({ "type": ["integer", "null"], "format": "int64" }),
        ValueKind::Number => json!({ "type": ["number", "null"] }),
        ValueKind::Boolean => json!({ "type": ["boolean", "null"] }),
        ValueKind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
        ValueKind::Date => json!({ "type": ["string", "null"], "format": "date" }),
        ValueKind::Clock | ValueKind::Text => json!({ "type": ["string", "null"] }),
    };
    (field.name.clone(), schema)
}
