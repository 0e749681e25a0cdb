//! Values in a query string, read as their column wants them.
use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{ColumnType, Value};

use super::Refused;

pub fn parse(kind: &ColumnType, text: &str) -> Result<Value, Refused> {
    let wrong = |what: &str| ("wrong_type", format!("must be {what}"));
    match kind {
        ColumnType::BigInteger | ColumnType::Integer => {
            let number = text.parse::<i64>().map(Value::from);
            number.map_err(|_| wrong("a 64-bit integer"))
        }
        ColumnType::Boolean => boolean(text).map(Value::from),
        ColumnType::TimestampWithTimeZone => DateTime::parse_from_rfc3339(text)
            .map(|time| time.with_timezone(&Utc).trunc_subsecs(6).fixed_offset())
            .map(Value::from)
            .map_err(|_| wrong("a time as in RFC 3339, such as 2026-01-31T09:30:00Z")),
        _ if text.contains('\0') => Err(wrong("text without U+0000")),
        _ => Ok(Value::from(text)),
    }
}

pub fn boolean(text: &str) -> Result<bool, Refused> {
    text.parse()
        .map_err(|_| ("wrong_type", "must be true or false".to_owned()))
}

pub fn is_text(kind: &ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::String(_) | ColumnType::Text | ColumnType::Char(_)
    )
}
