//! Limits that the types alone do not express.
use kernel::{input::PRETRIMMED, json::MAX_SAFE};
use serde_json::{Map, Value, json};

/// The characters that `str::trim` removes: the Unicode property `White_Space`.
pub const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// Any text without U+0000, which PostgreSQL cannot store.
pub const TEXT: &str = r"^[^\u0000]*$";

/// An e-mail address, by the rules of the service.
const EMAIL: &str = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,62}[A-Za-z0-9!#$%&'*+/=?^_`{|}~-])?@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

pub fn id() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_SAFE })
}

/// Adds the bounds of 64-bit integers, and of ids to fields whose names end in `id`.
pub fn add_integer_bounds(name: &str, property: &mut Map<String, Value>) {
    if property
        .get("format")
        .is_some_and(|format| format == "int64")
    {
        let is_id = name == "id" || name.ends_with("_id") || name == "version";
        let (least, greatest) = if is_id {
            (1, MAX_SAFE)
        } else {
            (i64::MIN, i64::MAX)
        };
        property.entry("minimum").or_insert(least.into());
        property.entry("maximum").or_insert(greatest.into());
    }
}

/// Adds the range that a resource declares. JSON Schema cannot express the range of a number in a string, so a text does.
pub fn add_range((least, greatest): &(Value, Value), property: &mut Map<String, Value>) {
    if least.is_string() {
        let range = format!("From {least} to {greatest}.");
        let text = match property.get("description").and_then(Value::as_str) {
            Some(text) => format!("{text} {range}"),
            None => range,
        };
        property.insert("description".to_owned(), text.into());
        return;
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

/// Adds a pattern to a text. The pattern includes the length limits if they apply to the text without surrounding white space.
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
    let pattern = match property.remove(PRETRIMMED) {
        Some(_) => trimmed(property),
        None => TEXT.to_owned(),
    };
    property.entry("pattern").or_insert(pattern.into());
}

fn trimmed(property: &mut Map<String, Value>) -> String {
    let bound = |limit: Option<&Value>| limit.and_then(Value::as_u64);
    let min = bound(property.get("minLength")).unwrap_or_default();
    let max = bound(property.get("maxLength"));
    let core = match (property.remove("format"), property.remove("pattern")) {
        // `format` would not allow white space. The pattern of an address does not limit its length, so `maxLength` stays.
        (Some(_), _) => return around(EMAIL),
        (None, Some(pattern)) => repeated(&pattern, min, max),
        (None, None) => None,
    };
    property.remove("maxLength");
    around(&core.unwrap_or_else(|| any(min, max)))
}

fn around(core: &str) -> String {
    format!("^[{SPACE}]*{core}[{SPACE}]*$")
}

/// Turns `^[a-z]*$` into `[a-z]{2,50}`.
fn repeated(pattern: &Value, min: u64, max: Option<u64>) -> Option<String> {
    let class = pattern.as_str()?.strip_prefix('^')?.strip_suffix("*$")?;
    Some(format!("{class}{{{min},{}}}", text(max)))
}

/// Matches a text that neither begins nor ends with white space.
fn any(min: u64, max: Option<u64>) -> String {
    let end = format!(r"[^\u0000{SPACE}]");
    let (inner_min, inner_max) = (
        min.saturating_sub(2),
        text(max.map(|max| max.saturating_sub(2))),
    );
    let may_lack = if min < 2 { "?" } else { "" };
    format!(r"{end}([^\u0000]{{{inner_min},{inner_max}}}{end}){may_lack}")
}

fn text(max: Option<u64>) -> String {
    max.map(|max| max.to_string()).unwrap_or_default()
}
