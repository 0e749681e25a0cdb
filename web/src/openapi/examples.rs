//! Example bodies that the server would accept, built from their schemas.
use serde_json::{Map, Value, json};

/// Builds an object with the required fields, or with all fields if none is required.
pub fn build(definitions: &Map<String, Value>, schema: &Value) -> Value {
    let schema = resolve(definitions, schema);
    let required = schema["required"]
        .as_array()
        .filter(|required| !required.is_empty());
    let properties = schema["properties"].as_object().into_iter().flatten();
    let wanted =
        |name: &str| required.is_none_or(|required| required.iter().any(|field| field == name));
    let fields = properties.filter(|(name, _)| wanted(name));
    fields
        .map(|(name, property)| (name.clone(), value(definitions, name, property)))
        .collect()
}

fn value(definitions: &Map<String, Value>, name: &str, property: &Value) -> Value {
    let property = resolve(definitions, property);
    if let Some(only) = property
        .get("const")
        .or_else(|| property["enum"].get(0))
        .or_else(|| property["examples"].get(0))
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
        Some("object") => build(definitions, property),
        Some("array")
            if property["minItems"].as_u64() > Some(0)
                || property["items"].get("oneOf").is_some() =>
        {
            let items = resolve(definitions, &property["items"]);
            match items["oneOf"].get(0) {
                Some(first) => json!([build(definitions, first)]),
                None => json!([value(definitions, name, items)]),
            }
        }
        Some("array") => json!([]),
        _ if name == "email" => json!("ada@example.org"),
        _ if ["password", "new_password"].contains(&name) => json!("correct horse battery staple"),
        _ => json!(name),
    }
}

fn resolve<'a>(definitions: &'a Map<String, Value>, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    name.and_then(|name| definitions.get(name))
        .unwrap_or(schema)
}
