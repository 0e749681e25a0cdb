//! Reads and writes values that JSON has no type for. `#[serde(with = "As::<Int64>")]` on a field of a view or an input reads
//! it, writes it and describes it in its schema; [`Option`] makes it nullable, and [`Present`] is for patches.
//!
//! | column | Rust | written as |
//! |---|---|---|
//! | 64-bit integer | `i64` | `As::<Int64>`: `"9007199254740993"` |
//! | 32-bit float | `f32` | `As::<Float32>`: `0.1` |
//! | decimal, [`crate::crud::Field::decimal`] | `i64` | `As::<Decimal<2>>`: `"12.30"` |
//! | bytes | `Vec<u8>` | `As::<Base64>` |
//! | timestamp with time zone | `DateTimeWithTimeZone` | `As::<Timestamp>`: `"2026-01-31T09:30:00.000000Z"` |
//! | date | `NaiveDate` | `As::<Date>`: `"2026-01-31"` |
//! | time of day | `NaiveTime` | `As::<TimeOfDay>`: `"09:30:00"` |
//! | UUID | `Uuid` | `As::<UuidText>` |
//! | text enumeration, [`crate::crud::Field::one_of`] | `String` | `As::<OneOf<Color>>`, with any enumeration that serde reads |
//!
//! Booleans, texts, 64-bit floats, JSON values and smaller integers need none of these.
use std::{borrow::Cow, marker::PhantomData};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Timelike};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use sea_orm::prelude::{DateTimeWithTimeZone, Uuid};
use serde::{
    Deserialize, Deserializer, Serializer,
    de::{DeserializeOwned, Error, IntoDeserializer, value::StrDeserializer},
};
use serde_json::{Value, json};

use crate::decimal;

/// The integers that every JSON reader keeps exactly (RFC 8259, section 6): up to 2^53 - 1.
pub const MAX_SAFE: i64 = (1 << 53) - 1;

/// Reads and writes a field in the format `W`, for `#[serde(with = "As::<W>")]`.
pub struct As<W>(PhantomData<W>);

impl<W: Described> As<W> {
    pub fn serialize<T, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>
    where
        W: Wire<T>,
    {
        W::serialize(value, to)
    }

    pub fn deserialize<'de, T, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>
    where
        W: Wire<T>,
    {
        W::deserialize(from)
    }
}

impl<W: Described> JsonSchema for As<W> {
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
pub trait Wire<T>: Described {
    fn serialize<S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>;
    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>;
}

/// A format with a JSON schema.
pub trait Described {
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A format that writes values as JSON strings.
pub trait Text: Described {
    type Value;

    fn write(value: &Self::Value) -> Cow<'_, str>;

    /// Fails with a text that says what is allowed.
    fn read(text: &str) -> Result<Self::Value, String>;
}

impl<W: Text> Wire<W::Value> for W {
    fn serialize<S: Serializer>(value: &W::Value, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&W::write(value))
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<W::Value, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        W::read(&text).map_err(D::Error::custom)
    }
}

/// A value in the format `W`, for code in serde that needs a type.
struct Wired<T, W>(T, PhantomData<W>);

impl<'de, T, W: Wire<T>> Deserialize<'de> for Wired<T, W> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        W::deserialize(from).map(|value| Self(value, PhantomData))
    }
}

impl<W: Described> Described for Option<W> {
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
impl<T, W: Wire<T>> Wire<Option<T>> for Option<W> {
    fn serialize<S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => W::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        let value = Option::<Wired<T, W>>::deserialize(from)?;
        Ok(value.map(|value| value.0))
    }
}

/// A member of a patch, which needs `#[serde(default)]` too: an absent one is `None`, and `null` is refused unless `W` is an
/// [`Option`].
pub struct Present<W>(PhantomData<W>);

impl<W: Described> Described for Present<W> {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        W::schema(generator)
    }
}

impl<T, W: Wire<T>> Wire<Option<T>> for Present<W> {
    fn serialize<S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        Option::<W>::serialize(value, to)
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        W::deserialize(from).map(Some)
    }
}

/// A 64-bit integer, as a string: many JSON readers round numbers beyond 2^53. Smaller numbers are read too.
pub struct Int64;

impl Described for Int64 {
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

impl Wire<i64> for Int64 {
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

impl Described for Float32 {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "format": "float" })
    }
}

impl Wire<f32> for Float32 {
    fn serialize<S: Serializer>(value: &f32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(Self::shortest(*value))
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
        f32::deserialize(from)
    }
}

/// A decimal with this number of places, which its column stores as an integer of its last digits.
pub struct Decimal<const PLACES: u32>;

impl<const PLACES: u32> Described for Decimal<PLACES> {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": decimal_pattern(PLACES), "examples": ["1"] })
    }
}

/// Returns a regular expression for decimals with this number of places.
pub fn decimal_pattern(places: u32) -> String {
    let whole = decimal::MAX_DIGITS - places;
    match places {
        0 => format!("^-?[0-9]{{1,{whole}}}$"),
        _ => format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{places}}})?$"),
    }
}

impl<const PLACES: u32> Text for Decimal<PLACES> {
    type Value = i64;

    fn write(value: &i64) -> Cow<'_, str> {
        decimal::write(*value, PLACES).into()
    }

    fn read(text: &str) -> Result<i64, String> {
        decimal::parse(text, PLACES)
    }
}

/// Bytes in base64 (RFC 4648, section 4).
pub struct Base64;

impl Base64 {
    pub(crate) fn encode(bytes: &[u8]) -> String {
        BASE64_STANDARD.encode(bytes)
    }
}

impl Described for Base64 {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64", "pattern": BASE64_PATTERN, "examples": ["aGk="] })
    }
}

/// The pattern of base64: four characters for three bytes, and padding at the end, before which no bits are left over.
const BASE64_PATTERN: &str =
    "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

impl Text for Base64 {
    type Value = Vec<u8>;

    fn write(value: &Vec<u8>) -> Cow<'_, str> {
        Self::encode(value).into()
    }

    fn read(text: &str) -> Result<Vec<u8>, String> {
        let bytes = BASE64_STANDARD.decode(text);
        bytes.map_err(|_| "must be base64 with padding (RFC 4648, section 4)".to_owned())
    }
}

/// A time with its offset, written in UTC with microseconds.
pub struct Timestamp;

impl Timestamp {
    pub(crate) fn text(time: &DateTimeWithTimeZone) -> String {
        let utc = time.to_utc();
        utc.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

impl Described for Timestamp {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "examples": ["2026-01-31T09:30:00Z"] })
    }
}

impl Text for Timestamp {
    type Value = DateTimeWithTimeZone;

    fn write(value: &DateTimeWithTimeZone) -> Cow<'_, str> {
        Self::text(value).into()
    }

    fn read(text: &str) -> Result<DateTimeWithTimeZone, String> {
        let time = DateTime::parse_from_rfc3339(text);
        time.map_err(|_| "must be a time as in RFC 3339, such as 2026-01-31T09:30:00Z".to_owned())
    }
}

/// A date such as `2026-01-31`.
pub struct Date;

impl Described for Date {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "examples": ["2026-01-31"] })
    }
}

impl Text for Date {
    type Value = NaiveDate;

    fn write(value: &NaiveDate) -> Cow<'_, str> {
        value.to_string().into()
    }

    fn read(text: &str) -> Result<NaiveDate, String> {
        // The parts have four, two and two digits, as in RFC 3339.
        let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = is_plain.then(|| text.parse().ok()).flatten();
        date.ok_or_else(|| "must be a date such as 2026-01-31".to_owned())
    }
}

/// A time of day such as `09:30:00`, to the microsecond.
pub struct TimeOfDay;

impl Described for TimeOfDay {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?$", "examples": ["09:30:00"] })
    }
}

impl Text for TimeOfDay {
    type Value = NaiveTime;

    fn write(value: &NaiveTime) -> Cow<'_, str> {
        value.to_string().into()
    }

    fn read(text: &str) -> Result<NaiveTime, String> {
        let time = text.parse().ok().and_then(|time: NaiveTime| {
            time.with_nanosecond(time.nanosecond() % 1_000_000_000 / 1_000 * 1_000)
        });
        time.ok_or_else(|| "must be a time of day such as 09:30:00".to_owned())
    }
}

/// A UUID in its hyphenated form (RFC 9562).
pub struct UuidText;

impl Described for UuidText {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid", "examples": ["0190163d-8694-739b-aea5-966c26f8ad91"] })
    }
}

impl Text for UuidText {
    type Value = Uuid;

    fn write(value: &Uuid) -> Cow<'_, str> {
        value.to_string().into()
    }

    fn read(text: &str) -> Result<Uuid, String> {
        let uuid = text.parse().ok().filter(|_| text.len() == 36);
        uuid.ok_or_else(|| "must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91".to_owned())
    }
}

/// A text that the enumeration `E` can read.
pub struct OneOf<E>(PhantomData<E>);

impl<E: JsonSchema> Described for OneOf<E> {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        E::json_schema(generator)
    }
}

impl<E: JsonSchema + DeserializeOwned> Text for OneOf<E> {
    type Value = String;

    fn write(value: &String) -> Cow<'_, str> {
        value.as_str().into()
    }

    fn read(text: &str) -> Result<String, String> {
        let from: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
        let read = E::deserialize(from).map_err(|error| error.to_string());
        read.map(|_| text.to_owned())
    }
}
