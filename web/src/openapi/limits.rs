//! Limits that the types alone do not express.
use kernel::input::PRETRIMMED;
use serde_json::{Map, Value, json};

/// The characters that `str::trim` removes: the Unicode property `White_Space`.
pub const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// Any text without U+0000, which PostgreSQL cannot store.
pub const TEXT: &str = r"^[^\u0000]*$";

/// An e-mail address, by the rules of the service.
const EMAIL: &str = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,62}[A-Za-z0-9!#$%&'*+/=?^_`{|}~-])?@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

pub fn id() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX })
}

/// Adds the bounds of 64-bit integers, and of ids to fields whose names end in `id`.
pub fn add_integer_bounds(name: &str, property: &mut Map<String, Value>) {
    if property
        .get("format")
        .is_some_and(|format| format == "int64")
    {
        let is_id = name == "id" || name.ends_with("_id") || name == "version";
        let min = if is_id { 1 } else { i64::MIN };
        property.entry("minimum").or_insert(min.into());
        property.entry("maximum").or_insert(i64::MAX.into());
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
    let is = |name: &str| match property.get("type") {
        Some(Value::Array(types)) => types.iter().any(|kind| kind == name),
        kind => kind.is_some_and(|kind| kind == name),
    };
    if !is("string") {
        return;
    }
    let is_nullable = is("null");
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.extend(is_nullable.then_some(Value::Null));
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
