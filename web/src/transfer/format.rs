//! The formats of exports and imports.
use schemars::JsonSchema;
use serde::Serialize;

/// CSV (RFC 4180) with a header, or NDJSON with one object per line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Ndjson,
    Csv,
}

impl Format {
    pub const ALL: [(&str, Self); 2] = [("ndjson", Self::Ndjson), ("csv", Self::Csv)];

    /// Returns the name, which is also the file extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// Returns the media type without parameters.
    pub fn essence(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// Returns the media type: for CSV that of RFC 4180, section 3; there is no registered one for NDJSON.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}
