//! Text without its surrounding white space, for `#[serde(with = "…")]`: that is how it is read, and how its schema says so.
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Marks the schema of a text whose limits count after trimming.
pub const PRETRIMMED: &str = "x-trimmed";

/// A text, or none.
pub struct Trimmed;

impl Trimmed {
    pub fn deserialize<'de, D: Deserializer<'de>, T: Trim + Deserialize<'de>>(
        value: D,
    ) -> Result<T, D::Error> {
        T::deserialize(value).map(Trim::trim)
    }

    /// For the default of a field in its schema.
    pub fn serialize<S: Serializer>(value: &impl Serialize, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }
}

/// A text in a patch: absent is `None`, and `null` is refused.
pub struct PresentTrimmed;

impl PresentTrimmed {
    pub fn deserialize<'de, D: Deserializer<'de>, T: Trim + Deserialize<'de>>(
        value: D,
    ) -> Result<Option<T>, D::Error> {
        Trimmed::deserialize(value).map(Some)
    }

    /// For the default of a field in its schema.
    pub fn serialize<S: Serializer>(value: &impl Serialize, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }
}

/// What [`Trimmed`] can trim.
pub trait Trim {
    #[must_use]
    fn trim(self) -> Self;
}

impl Trim for String {
    fn trim(self) -> Self {
        str::trim(&self).to_owned()
    }
}

impl<T: Trim> Trim for Option<T> {
    fn trim(self) -> Self {
        self.map(T::trim)
    }
}

impl JsonSchema for Trimmed {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Trimmed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", PRETRIMMED: true })
    }
}

impl JsonSchema for PresentTrimmed {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PresentTrimmed".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Trimmed::json_schema(generator)
    }
}
