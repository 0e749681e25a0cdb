//! What rows are written as.
use schemars::JsonSchema;
use serde::Serialize;

/// RFC 4180 with a header, or one JSON object a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Ndjson,
    Csv,
}

impl Format {
    pub const ALL: [(&str, Self); 2] = [("ndjson", Self::Ndjson), ("csv", Self::Csv)];

    /// Which is also what files end in.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// The type without its parameters.
    pub fn essence(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// RFC 4180, section 3; the other one is registered nowhere.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}
