//! Trims white space around a text when it is deserialized (`#[serde(with = "…")]`), and says so in its schema.
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Marks the schema of a text whose limits apply after trimming.
pub const PRETRIMMED: &str = "x-trimmed";

/// A text that may be absent.
pub struct Trimmed;

impl Trimmed {
    pub fn deserialize<'de, D: Deserializer<'de>, T: Trim + Deserialize<'de>>(
        value: D,
    ) -> Result<T, D::Error> {
        T::deserialize(value).map(Trim::trim)
    }

    /// The schema needs this for the default of a field.
    pub fn serialize<S: Serializer>(value: &impl Serialize, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }
}

/// A text in a patch: an absent one is `None`, and `null` is refused.
pub struct PresentTrimmed;

impl PresentTrimmed {
    pub fn deserialize<'de, D: Deserializer<'de>, T: Trim + Deserialize<'de>>(
        value: D,
    ) -> Result<Option<T>, D::Error> {
        Trimmed::deserialize(value).map(Some)
    }

    /// The schema needs this for the default of a field.
    pub fn serialize<S: Serializer>(value: &impl Serialize, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }
}

/// A type that [`Trimmed`] can trim.
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
