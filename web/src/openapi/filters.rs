//! Filters, as query parameters: one for each field, with its operators.
use kernel::query::{Filterable, MAX_PATTERN, MAX_VALUES, ValueKind, operators};
use serde_json::{Map, Value, json};

use super::limits;

const KINDS: [ValueKind; 7] = [
    ValueKind::Integer,
    ValueKind::Number,
    ValueKind::Boolean,
    ValueKind::Time,
    ValueKind::Date,
    ValueKind::Clock,
    ValueKind::Text,
];

/// Returns the schemas that filters refer to.
pub fn schemas() -> Map<String, Value> {
    KINDS
        .into_iter()
        .map(|kind| (name(kind), schema(kind)))
        .collect()
}

/// Builds the parameter of a filter: `field=value`, or `field[operator]=value`.
pub(super) fn filter(field: &Filterable) -> Value {
    let mut filter = json!({
        "name": field.name,
        "in": "query",
        "style": "deepObject",
        "explode": true,
        "schema": { "$ref": format!("#/components/schemas/{}", name(field.kind)) },
    });
    if let Some(resource) = field.private_of {
        let permission = format!("{resource}.read");
        filter["description"] =
            format!("Requires the permission `{permission}`; other callers get an error for it.")
                .into();
        filter["x-permission"] = permission.into();
    }
    filter
}

/// The name of the schema, such as `TextFilter`.
fn name(kind: ValueKind) -> String {
    format!("{kind:?}Filter")
}

fn schema(kind: ValueKind) -> Value {
    let (value, many) = match kind {
        ValueKind::Integer => (
            json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX }),
            "-?[0-9]{1,18}",
        ),
        ValueKind::Boolean => (json!({ "type": "boolean" }), "(true|false)"),
        ValueKind::Number => (
            json!({ "type": "number" }),
            r"-?[0-9]{1,15}(\.[0-9]{1,15})?",
        ),
        ValueKind::Time => (
            json!({ "anyOf": [
                { "type": "string", "format": "date-time" },
                { "type": "string", "format": "date" },
            ] }),
            TIME,
        ),
        ValueKind::Date => (json!({ "type": "string", "format": "date" }), DATE),
        ValueKind::Clock => {
            let clock = json!({ "type": "string", "pattern": format!("^{CLOCK}$") });
            (clock, CLOCK)
        }
        ValueKind::Text => (
            json!({ "type": "string", "pattern": limits::TEXT }),
            r#"("([^\u0000"\\]|\\[^\u0000])*"|([^\u0000,"][^\u0000,]*)?)"#,
        ),
    };
    let rest = MAX_VALUES - 1;
    let many = json!({
        "type": "string",
        "description": format!("Up to {MAX_VALUES} values, separated by commas. Put a text that contains a comma in double quotes."),
        "pattern": format!("^{many}(,{many}){{0,{rest}}}$"),
    });
    let operator = |name: &'static str| {
        let schema = match name {
            "in" | "nin" => many.clone(),
            "is_null" => json!({ "type": "boolean" }),
            "contains" | "starts_with" => {
                json!({ "type": "string", "pattern": limits::TEXT, "maxLength": MAX_PATTERN })
            }
            _ => value.clone(),
        };
        (name.to_owned(), schema)
    };
    let operators: Map<String, Value> = operators(kind).into_iter().map(operator).collect();
    json!({
        "description": "The value to equal, or operators. `ne` and `nin` also match rows where the field is null.",
        "anyOf": [
            value,
            { "type": "object", "properties": operators, "additionalProperties": false },
        ],
    })
}

const DATE: &str = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";

const CLOCK: &str = "([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?";

/// RFC 3339, without 29 February.
const TIME: &str = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
