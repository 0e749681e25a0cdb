//! Reads and writes values that JSON has no type for. `#[serde(with = "As::<Int64>")]` on a field of a view or an input reads
//! it, writes it and describes it in its schema; [`Option`] makes it nullable, and [`Present`] is for patches.
//!
//! | column | Rust | written as |
//! |---|---|---|
//! | 64-bit integer | `i64` | `As::<Int64>`: `"9007199254740993"` |
//! | 32-bit float | `f32` | `As::<Float32>`: `0.1` |
//! | decimal, [`crate::resource::Field::decimal`] | `i64` | `As::<Decimal<2>>`: `"12.30"` |
//! | bytes | `Vec<u8>` | `As::<Base64>` |
//! | timestamp with time zone | `DateTimeWithTimeZone` | `As::<Timestamp>`: `"2026-01-31T09:30:00.000000Z"` |
//! | date | `NaiveDate` | `As::<Date>`: `"2026-01-31"` |
//! | time of day | `NaiveTime` | `As::<TimeOfDay>`: `"09:30:00"` |
//! | UUID | `Uuid` | `As::<UuidText>` |
//!
//! Booleans, texts, enumerations ([`Field::one_of`](crate::resource::Field::one_of)), 64-bit floats, JSON values and smaller integers need none of these.
use std::{borrow::Cow, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use serde_json::{Value, json};

mod numbers;
mod texts;

pub(crate) use numbers::is_safe;
pub use numbers::{Float32, Int64};
pub use texts::{Base64, Date, Decimal, TimeOfDay, Timestamp, UuidText, decimal_pattern};

/// The integers that every JSON reader keeps exactly (RFC 8259, section 6): up to 2^53 - 1.
pub const MAX_SAFE: i64 = (1 << 53) - 1;

/// Reads and writes a field in the format `W`, for `#[serde(with = "As::<W>")]`.
pub struct As<W>(PhantomData<W>);

impl<W: HasSchema> As<W> {
    pub fn serialize<T, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>
    where
        W: JsonFormat<T>,
    {
        W::serialize(value, to)
    }

    pub fn deserialize<'de, T, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>
    where
        W: JsonFormat<T>,
    {
        W::deserialize(from)
    }
}

impl<W: HasSchema> JsonSchema for As<W> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "As".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        W::schema(generator)
    }
}

/// A format that reads and writes a `T`.
pub trait JsonFormat<T>: HasSchema {
    fn serialize<S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>;
    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>;
}

/// A format with a JSON schema.
pub trait HasSchema {
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A format that writes values as JSON strings.
pub trait TextFormat: HasSchema {
    type Value;

    /// A text that [`Self::read`] reads.
    fn example() -> Cow<'static, str>;

    fn write(value: &Self::Value) -> Cow<'_, str>;

    /// Fails with a text that says what is allowed.
    fn read(text: &str) -> Result<Self::Value, String>;
}

impl<W: TextFormat> JsonFormat<W::Value> for W {
    fn serialize<S: Serializer>(value: &W::Value, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&W::write(value))
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<W::Value, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => W::read(&text).map_err(D::Error::custom),
            _ => Err(D::Error::custom(format!(
                "must be a string, such as \"{}\"",
                W::example()
            ))),
        }
    }
}

/// A value in the format `W`, for the functions of serde that need a type.
struct Formatted<T, W>(T, PhantomData<W>);

impl<'de, T, W: JsonFormat<T>> Deserialize<'de> for Formatted<T, W> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        W::deserialize(from).map(|value| Self(value, PhantomData))
    }
}

impl<W: HasSchema> HasSchema for Option<W> {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = W::schema(generator);
        match schema.get_mut("type") {
            Some(Value::Array(kinds)) => kinds.push("null".into()),
            Some(kind) => *kind = json!([kind.take(), "null"]),
            None => return json_schema!({ "anyOf": [schema, { "type": "null" }] }),
        }
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
        schema
    }
}

/// A nullable value.
impl<T, W: JsonFormat<T>> JsonFormat<Option<T>> for Option<W> {
    fn serialize<S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => W::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        let value = Option::<Formatted<T, W>>::deserialize(from)?;
        Ok(value.map(|value| value.0))
    }
}

/// A member of a patch, which needs `#[serde(default)]` too: an absent one is `None`, and `null` is refused unless `W` is an
/// [`Option`].
pub struct Present<W>(PhantomData<W>);

impl<W: HasSchema> HasSchema for Present<W> {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        W::schema(generator)
    }
}

impl<T, W: JsonFormat<T>> JsonFormat<Option<T>> for Present<W> {
    fn serialize<S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        Option::<W>::serialize(value, to)
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        W::deserialize(from).map(Some)
    }
}
