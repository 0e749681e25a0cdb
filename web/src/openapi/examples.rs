//! Example bodies that the server would accept, built from their schemas.
use serde_json::{Value, json};

use super::Schemas;

/// The member of a patch that names the expected version of its row.
pub const VERSION: &str = "version";

/// Builds an object with the required fields. If none is required, it has all fields, but expects no version.
pub fn build(schemas: &Schemas, schema: &Value) -> Value {
    let schema = resolve(schemas, schema);
    let required = schema["required"]
        .as_array()
        .filter(|required| !required.is_empty());
    let properties = schema["properties"].as_object().into_iter().flatten();
    let wanted = |name: &str| match required {
        Some(required) => required.iter().any(|field| field == name),
        None => name != VERSION,
    };
    let fields = properties.filter(|(name, _)| wanted(name));
    fields
        .map(|(name, property)| (name.clone(), value(schemas, name, property)))
        .collect()
}

fn value(schemas: &Schemas, name: &str, property: &Value) -> Value {
    let property = resolve(schemas, property);
    if let Some(only) = property["enum"]
        .get(0)
        .or_else(|| property["examples"].get(0))
        // The variants of an enumeration, if each has a description.
        .or_else(|| property["oneOf"].get(0)?.get("const"))
    {
        return only.clone();
    }
    let kind = match &property["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("object") => build(schemas, property),
        Some("array")
            if property["minItems"].as_u64() > Some(0)
                || property["items"].get("oneOf").is_some() =>
        {
            let items = resolve(schemas, &property["items"]);
            match items["oneOf"].get(0) {
                Some(first) => json!([build(schemas, first)]),
                None => json!([value(schemas, name, items)]),
            }
        }
        Some("array") => json!([]),
        _ if name == "email" => json!("ada@example.org"),
        _ if ["password", "new_password"].contains(&name) => json!("correct horse battery staple"),
        _ => json!(name),
    }
}

fn resolve<'a>(schemas: &'a Schemas, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    name.and_then(|name| schemas.of_request(name))
        .unwrap_or(schema)
}
