//! Limits that the types alone do not express.
use kernel::input::PRETRIMMED;
use serde_json::{Map, Value, json};

/// The characters that `str::trim` removes: the Unicode property `White_Space`.
pub const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// Any text without U+0000, which PostgreSQL cannot store.
pub const TEXT: &str = r"^[^\u0000]*$";

/// The schema of an id. The server also refuses ids above 2^53 − 1; the document states no maximum, because viewers show it in
/// every example and no client needs it.
pub fn id() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 1, "examples": [1] })
}

/// The schema of a version that a change expects.
pub fn version() -> Value {
    let mut version = id();
    version["description"] =
        "The version that the row must have; otherwise the answer is 412.".into();
    version
}

/// Gives the bounds of [`id`] to 64-bit integers whose names end in `id`, and to versions.
pub fn bound_ids(name: &str, property: &mut Map<String, Value>) {
    let is_id = name == "id" || name.ends_with("_id") || name == "version";
    if is_id
        && property
            .get("format")
            .is_some_and(|format| format == "int64")
    {
        property.entry("minimum").or_insert(1.into());
        property.remove("maximum");
    }
}

/// Adds the range that a resource declares. JSON Schema cannot express the range of a number in a string, so a text does.
pub fn add_range((least, greatest): &(Value, Value), property: &mut Map<String, Value>) {
    if least.is_string() {
        return append(property, &format!("From {least} to {greatest}."));
    }
    let bound = |property: &Map<_, _>, name: &str| property.get(name).and_then(Value::as_i64);
    if bound(property, "minimum") < least.as_i64() {
        property.insert("minimum".to_owned(), least.clone());
    }
    if bound(property, "maximum").is_none_or(|bound| Some(bound) > greatest.as_i64()) {
        property.insert("maximum".to_owned(), greatest.clone());
    }
}

/// Adds the values of an enumeration.
pub fn add_values(values: &[&str], property: &mut Map<String, Value>) {
    let mut all: Vec<Value> = values.iter().map(|&value| value.into()).collect();
    if is(property, "null") {
        all.push(Value::Null);
    }
    property.insert("enum".to_owned(), all.into());
    property.remove("pattern");
}

/// Returns true if a property may have this type.
fn is(property: &Map<String, Value>, name: &str) -> bool {
    match property.get("type") {
        Some(Value::Array(types)) => types.iter().any(|kind| kind == name),
        kind => kind.is_some_and(|kind| kind == name),
    }
}

/// Removes `null` from the types of a property.
pub fn refuse_null(property: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = property.get_mut("type") else {
        return;
    };
    types.retain(|name| name != "null");
    if let [single] = types.as_slice() {
        let single = single.clone();
        property.insert("type".to_owned(), single);
    }
}

/// Adds a pattern to a text that has none. The description of a text that is trimmed says so.
pub fn add_pattern(property: &mut Map<String, Value>) {
    if !is(property, "string") {
        return;
    }
    let is_nullable = is(property, "null");
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        if is_nullable && !values.contains(&Value::Null) {
            values.push(Value::Null);
        }
        return;
    }
    if property.contains_key(PRETRIMMED) {
        append(property, "White space around it is removed first.");
    }
    if !property.contains_key("format") {
        property.entry("pattern").or_insert(TEXT.into());
    }
}

/// Appends a sentence to the description.
fn append(property: &mut Map<String, Value>, sentence: &str) {
    let text = match property.get("description").and_then(Value::as_str) {
        Some(text) => format!("{text} {sentence}"),
        None => sentence.to_owned(),
    };
    property.insert("description".to_owned(), text.into());
}
