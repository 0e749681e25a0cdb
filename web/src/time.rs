//! Times in answers: RFC 3339, UTC, microseconds.
use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(DateTime<Utc>);

impl Time {
    /// The whole seconds since 1970-01-01 UTC.
    pub fn seconds(self) -> i64 {
        self.0.timestamp()
    }
}

impl From<DateTime<FixedOffset>> for Time {
    fn from(time: DateTime<FixedOffset>) -> Self {
        Self(time.with_timezone(&Utc))
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time)
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}
