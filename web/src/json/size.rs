//! The size of a JSON value before it is serialized.
use kernel::resource::json_size;
use serde_json::Value;

/// Returns the size of a value in bytes, with the comma after it.
pub fn size(value: &Value) -> u64 {
    let bytes = match value {
        Value::Null => 4,
        Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len() as u64,
        Value::String(text) => json_size(text),
        Value::Array(values) => 2 + values.iter().map(size).sum::<u64>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, _)| json_size(name) + 1 + size(value);
            2 + members.iter().map(member).sum::<u64>()
        }
    };
    bytes + 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::size;

    #[test]
    fn a_value_is_written_with_no_more_bytes_than_its_size() {
        for value in [
            json!(null),
            json!({ "a": [1, -2.5, true, null, "\u{1}\""], "b\n": { "c": [] } }),
            json!([[], {}, i64::MIN, false]),
        ] {
            let written = value.to_string().len() as u64;
            assert!((written..written + 8).contains(&size(&value)), "{value}");
        }
    }
}
