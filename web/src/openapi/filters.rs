//! Filters, as query parameters: one for each field, with its operators.
use kernel::{
    json::decimal_pattern,
    query::{MAX_PATTERN, MAX_VALUES, operators},
    resource::{Filterable, ValueKind},
};
use serde_json::{Map, Value, json};

use super::{Schemas, limits, schemas::reference as reference_to};

const KINDS: [ValueKind; 7] = [
    ValueKind::Integer,
    ValueKind::Number,
    ValueKind::Boolean,
    ValueKind::Time,
    ValueKind::Date,
    ValueKind::Clock,
    ValueKind::Text,
];

/// Returns the schemas to which filters of every resource may refer.
pub fn schemas() -> Map<String, Value> {
    let named = KINDS.into_iter().flat_map(|kind| {
        let mut filter = schema(kind);
        let operators = reference_to(&operators_name(kind));
        let operators = std::mem::replace(&mut filter["anyOf"][1], operators);
        [(name(kind), filter), (operators_name(kind), operators)]
    });
    named.collect()
}

/// Builds the parameter of a filter: `field=value`, or `field[operator]=value`.
pub(super) fn filter(field: &Filterable, schemas: &mut Schemas) -> Value {
    let mut filter = json!({
        "name": field.name,
        "in": "query",
        "style": "deepObject",
        "explode": true,
        "schema": match field.kind {
            ValueKind::OneOf(_) => schemas.enumeration(field),
            kind => reference(kind),
        },
    });
    let (name, (operator, value)) = (&field.name, sample(field.kind));
    let text =
        format!("Shows only rows with this `{name}`. For example `{name}[{operator}]={value}`.");
    filter["description"] = match field.private_of {
        Some(resource) => {
            let permission = format!("{resource}.read");
            filter["x-permission"] = permission.clone().into();
            format!(
                "{text} Requires the permission `{permission}`; other callers get an error for it."
            )
        }
        None => text,
    }
    .into();
    filter
}

/// A reference to a schema of [`schemas`], or the schema of a kind that few fields have.
fn reference(kind: ValueKind) -> Value {
    let named = match kind {
        ValueKind::Int64 => ValueKind::Integer,
        ValueKind::Single => ValueKind::Number,
        kind => kind,
    };
    if KINDS.contains(&named) {
        reference_to(&name(named))
    } else {
        schema(kind)
    }
}

/// The name of the schema of the operators, such as `TextOperators`.
fn operators_name(kind: ValueKind) -> String {
    format!("{kind:?}Operators")
}

/// The name of the schema, such as `TextFilter`.
fn name(kind: ValueKind) -> String {
    format!("{kind:?}Filter")
}

pub(super) fn schema(kind: ValueKind) -> Value {
    let (value, many) = match kind {
        ValueKind::Integer | ValueKind::Int64 => (
            json!({ "type": "integer", "format": "int64" }),
            "-?[0-9]{1,18}".to_owned(),
        ),
        ValueKind::Decimal(places) => {
            let pattern = decimal_pattern(places);
            let many = pattern.trim_matches(['^', '$']).to_owned();
            (json!({ "type": "string", "pattern": pattern }), many)
        }
        ValueKind::Boolean => (json!({ "type": "boolean" }), "(true|false)".to_owned()),
        ValueKind::Single | ValueKind::Number => (
            json!({ "type": "number" }),
            r"-?[0-9]{1,15}(\.[0-9]{1,15})?".to_owned(),
        ),
        ValueKind::Time => (
            json!({ "anyOf": [
                { "type": "string", "format": "date-time" },
                { "type": "string", "format": "date" },
            ] }),
            TIME.to_owned(),
        ),
        ValueKind::Date => (
            json!({ "type": "string", "format": "date" }),
            DATE.to_owned(),
        ),
        ValueKind::Clock => {
            let clock = json!({ "type": "string", "pattern": format!("^{CLOCK}$") });
            (clock, CLOCK.to_owned())
        }
        ValueKind::Uuid => (
            json!({ "type": "string", "format": "uuid" }),
            UUID.to_owned(),
        ),
        ValueKind::OneOf(values) => (
            json!({ "type": "string", "enum": values }),
            format!("({})", values.join("|")),
        ),
        ValueKind::Opaque => return only_is_null(),
        ValueKind::Text => (
            json!({ "type": "string", "pattern": limits::TEXT }),
            r#"("([^\u0000"\\]|\\[^\u0000])*"|([^\u0000,"][^\u0000,]*)?)"#.to_owned(),
        ),
    };
    let rest = MAX_VALUES - 1;
    let mut description = format!("Up to {MAX_VALUES} values, separated by commas.");
    if kind == ValueKind::Text {
        description += " Put a value that contains a comma in double quotes.";
    }
    let many = json!({
        "type": "string",
        "description": description,
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
    let (name, sample) = sample(kind);
    json!({
        "description": "The value to equal, or operators. `ne` and `nin` also match rows where the field is null.",
        "anyOf": [
            value,
            { "type": "object", "properties": operators, "additionalProperties": false },
        ],
        "examples": [{ name: sample }],
    })
}

/// The filter of a column without an order.
fn only_is_null() -> Value {
    json!({
        "description": "Whether the field is null.",
        "type": "object",
        "properties": { "is_null": { "type": "boolean" } },
        "additionalProperties": false,
        "examples": [{ "is_null": true }],
    })
}

/// Returns an operator and a value as examples of a filter.
fn sample(kind: ValueKind) -> (&'static str, String) {
    let (operator, value) = match kind {
        ValueKind::Integer | ValueKind::Int64 => ("in", "1,2,3"),
        ValueKind::Decimal(_) | ValueKind::Single | ValueKind::Number => ("in", "1,2"),
        ValueKind::Boolean => ("in", "true,false"),
        ValueKind::Time => ("gte", "2026-01-31T09:30:00Z"),
        ValueKind::Date => ("gte", "2026-01-31"),
        ValueKind::Clock => ("gte", "09:30:00"),
        ValueKind::Uuid => ("ne", "00000000-0000-0000-0000-000000000000"),
        ValueKind::OneOf(values) => return ("in", values.join(",")),
        ValueKind::Opaque => ("is_null", "true"),
        ValueKind::Text => ("starts_with", "a"),
    };
    (operator, value.to_owned())
}

const UUID: &str = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

const DATE: &str = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";

const CLOCK: &str = "([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?";

/// RFC 3339, without 29 February.
const TIME: &str = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_few_fields_have_needs_no_named_schema() {
        for (kind, named) in [
            (ValueKind::Int64, Some("IntegerFilter")),
            (ValueKind::Single, Some("NumberFilter")),
            (ValueKind::Text, Some("TextFilter")),
            (ValueKind::Decimal(2), None),
            (ValueKind::Uuid, None),
            (ValueKind::OneOf(&["red", "blue"]), None),
            (ValueKind::Opaque, None),
        ] {
            let schema = reference(kind);
            let target = named.map(|name| format!("#/components/schemas/{name}"));
            assert_eq!(schema["$ref"].as_str(), target.as_deref(), "{kind:?}");
        }
        let operators = &reference(ValueKind::Decimal(2))["anyOf"][1]["properties"];
        assert_eq!(
            operators["in"]["pattern"],
            r"^-?[0-9]{1,16}(\.[0-9]{1,2})?(,-?[0-9]{1,16}(\.[0-9]{1,2})?){0,99}$"
        );
        let colors = reference(ValueKind::OneOf(&["red", "blue"]));
        assert_eq!(colors["anyOf"][0]["enum"], json!(["red", "blue"]));
        let opaque = &reference(ValueKind::Opaque)["properties"];
        assert_eq!(*opaque, json!({ "is_null": { "type": "boolean" } }));
    }
}
