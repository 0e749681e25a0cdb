//! Numbers that JSON readers may round.
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use serde_json::Value;

use super::{HasSchema, JsonFormat, MAX_SAFE};

/// A 64-bit integer, as a string: many JSON readers round numbers beyond 2^53. Smaller numbers are read too.
pub struct Int64;

impl HasSchema for Int64 {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let pattern = "^(0|-?[1-9][0-9]{0,18})$";
        if generator.contract().is_serialize() {
            return json_schema!({ "type": "string", "pattern": pattern });
        }
        // A number of nineteen digits may exceed 64 bits.
        let pattern = "^(0|-?[1-9][0-9]{0,17})$";
        json_schema!({ "type": ["string", "integer"], "pattern": pattern, "minimum": -MAX_SAFE, "maximum": MAX_SAFE, "examples": ["1"] })
    }
}

impl JsonFormat<i64> for Int64 {
    fn serialize<S: Serializer>(value: &i64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.to_string())
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        let value = match Value::deserialize(from)? {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_i64().filter(|number| is_safe(*number)),
            _ => None,
        };
        value.ok_or_else(|| {
            D::Error::custom(format!(
                "must be a 64-bit integer in a string, or a number from -{MAX_SAFE} to {MAX_SAFE}"
            ))
        })
    }
}

pub(crate) const fn is_safe(number: i64) -> bool {
    -MAX_SAFE <= number && number <= MAX_SAFE
}

/// A 32-bit float with no more digits than it needs, also when it is converted to 64 bits: 0.1 and not 0.10000000149011612.
pub struct Float32;

impl Float32 {
    pub(crate) fn shortest(value: f32) -> f64 {
        value.to_string().parse().unwrap_or_else(|_| value.into())
    }
}

impl HasSchema for Float32 {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "format": "float" })
    }
}

impl JsonFormat<f32> for Float32 {
    fn serialize<S: Serializer>(value: &f32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(Self::shortest(*value))
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
        f32::deserialize(from)
    }
}
