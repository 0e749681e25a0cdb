//! Values of columns as text in query strings and cursors.
use std::fmt::Display;

use chrono::{DateTime, NaiveTime, SecondsFormat};
use sea_orm::{ColumnTrait, ColumnType, Value};

use crate::{
    Code, Refused, decimal,
    json::{Date, TextFormat, TimeOfDay, UuidText},
    time,
};

/// The operators of filters. No field has such a name, because `author.contains` would have two meanings.
pub const OPERATORS: [&str; 11] = [
    "eq",
    "ne",
    "lt",
    "lte",
    "gt",
    "gte",
    "in",
    "nin",
    "contains",
    "starts_with",
    "is_null",
];

/// The form in which the values of a column are written and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A number in JSON.
    Integer,
    /// A string in JSON, because its numbers may exceed those that every JSON reader keeps exactly.
    Int64,
    /// A decimal with this number of places, stored as an integer in units of its last place (12.30 is 1230).
    Decimal(u32),
    /// A 32-bit float.
    Single,
    Number,
    Boolean,
    Time,
    Date,
    Clock,
    Uuid,
    Text,
    /// A text that is one of these.
    OneOf(&'static [&'static str]),
    /// Values without an order: rows may only be filtered by whether it is null.
    Opaque,
}

impl ValueKind {
    /// Returns `None` if the two databases filter or sort columns of this type differently.
    pub fn from_column_type(column: &ColumnType) -> Option<Self> {
        Some(match column {
            ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => {
                Self::Integer
            }
            ColumnType::Float => Self::Single,
            ColumnType::Double => Self::Number,
            ColumnType::Boolean => Self::Boolean,
            ColumnType::TimestampWithTimeZone => Self::Time,
            ColumnType::Date => Self::Date,
            ColumnType::Time => Self::Clock,
            ColumnType::Uuid => Self::Uuid,
            ColumnType::String(_) | ColumnType::Text | ColumnType::Char(_) => Self::Text,
            _ => return None,
        })
    }

    /// Returns true if values have a minimum and maximum. PostgreSQL 15 has neither for booleans and UUIDs.
    pub const fn has_extremes(self) -> bool {
        !matches!(self, Self::Boolean | Self::Uuid | Self::Opaque)
    }
}

/// Reads a value of this kind, in the form in which it is stored.
pub fn parse(kind: ValueKind, text: &str) -> Result<Value, Refused> {
    let wrong = |what: &str| (Code::WrongType, format!("must be {what}"));
    match kind {
        ValueKind::Integer | ValueKind::Int64 => {
            let number = text.parse::<i64>().map(Value::from);
            number.map_err(|_| wrong("a 64-bit integer"))
        }
        ValueKind::Decimal(places) => {
            let stored = decimal::parse(text, places).map(Value::from);
            stored.map_err(|detail| (Code::WrongType, detail))
        }
        ValueKind::Single | ValueKind::Number => {
            number(kind, text).ok_or_else(|| wrong("a number"))
        }
        ValueKind::Boolean => parse_boolean(text).map(Value::from),
        ValueKind::Time => parse_time(text),
        ValueKind::Date => read::<Date>(text),
        ValueKind::Clock => read::<TimeOfDay>(text),
        ValueKind::Uuid => read::<UuidText>(text),
        ValueKind::Text if text.contains('\0') => Err(wrong("text without U+0000")),
        ValueKind::Text => Ok(Value::from(text)),
        ValueKind::OneOf(values) if values.contains(&text) => Ok(Value::from(text)),
        ValueKind::OneOf(values) => {
            let detail = format!("must be one of {}", values.join(", "));
            Err((Code::NotAllowed, detail))
        }
        ValueKind::Opaque => Err((
            Code::NotAllowed,
            "has no order; the only filter is is_null".to_owned(),
        )),
    }
}

/// Writes a value so that [`parse`] can read it. `None` is NULL.
pub fn write(value: &Value) -> Option<String> {
    fn text(value: Option<impl Display>) -> Option<String> {
        value.map(|value| value.to_string())
    }
    match value {
        Value::SmallInt(number) => text(*number),
        Value::Int(number) => text(*number),
        Value::BigInt(number) => text(*number),
        Value::Float(number) => text(*number),
        Value::Double(number) => text(*number),
        Value::Bool(is) => text(*is),
        Value::Uuid(uuid) => text(*uuid),
        Value::String(text) => text.clone(),
        Value::ChronoDate(date) => text(*date),
        Value::ChronoTime(time) => text(*time),
        Value::ChronoDateTimeWithTimeZone(time) => {
            let utc = time.as_ref()?.to_utc();
            Some(utc.to_rfc3339_opts(SecondsFormat::Micros, true))
        }
        _ => None,
    }
}

/// Splits values at commas. A value that contains a comma is in double quotes, in which `\"` and `\\` are a quote and a
/// backslash, as in `PostgREST`.
pub fn split_list(text: &str) -> Result<Vec<String>, Refused> {
    let wrong = |detail: &str| (Code::Malformed, detail.to_owned());
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        let (value, after) = if let Some(quoted) = rest.strip_prefix('"') {
            read_quoted(quoted)?
        } else {
            let (value, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            (value.to_owned(), after)
        };
        values.push(value);
        rest = match after.strip_prefix(',') {
            Some(rest) => rest,
            None if after.is_empty() => return Ok(values),
            None => return Err(wrong("has text between a double quote and the next comma")),
        };
    }
}

/// Returns a value up to its closing quote, and the text after that.
pub fn read_quoted(text: &str) -> Result<(String, &str), Refused> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[place + 1..])),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            character => value.push(character),
        }
    }
    Err((Code::Malformed, "has an unclosed double quote".to_owned()))
}

pub fn parse_boolean(text: &str) -> Result<bool, Refused> {
    text.parse()
        .map_err(|_| (Code::WrongType, "must be true or false".to_owned()))
}

pub fn is_text(column: &ColumnType) -> bool {
    ValueKind::from_column_type(column) == Some(ValueKind::Text)
}

pub fn is_json(kind: &ColumnType) -> bool {
    matches!(kind, ColumnType::Json | ColumnType::JsonBinary)
}

pub fn is_bytes(kind: &ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_)
    )
}

/// Returns true if a column holds values of any length: text, JSON or bytes.
pub fn is_unbounded(column: &impl ColumnTrait) -> bool {
    let kind = column.def();
    let kind = kind.get_column_type();
    is_text(kind) || is_json(kind) || is_bytes(kind)
}

/// Reads a time, or a date, which means its beginning in UTC.
fn parse_time(text: &str) -> Result<Value, Refused> {
    let midnight = || {
        Some(
            Date::read(text)
                .ok()?
                .and_time(NaiveTime::MIN)
                .and_utc()
                .into(),
        )
    };
    let instant = DateTime::parse_from_rfc3339(text).ok().or_else(midnight);
    let instant = instant.ok_or_else(|| {
        let detail =
            "must be an RFC 3339 time such as 2026-01-31T09:30:00Z, or a date such as 2026-01-31";
        (Code::WrongType, detail.to_owned())
    })?;
    let instant =
        time::normalize(&instant).ok_or((Code::OutOfRange, time::OUT_OF_RANGE.to_owned()))?;
    Ok(instant.into())
}

/// Reads a value in the form that it has in JSON.
fn read<W: TextFormat>(text: &str) -> Result<Value, Refused>
where
    Value: From<W::Value>,
{
    let value = W::read(text).map(Value::from);
    value.map_err(|detail| (Code::WrongType, detail))
}

/// Reads a number in the precision of its column, so that it equals the stored value.
fn number(kind: ValueKind, text: &str) -> Option<Value> {
    let number = match kind {
        ValueKind::Single => text.parse::<f32>().ok().map(f64::from),
        _ => text.parse::<f64>().ok(),
    };
    number.filter(|number| number.is_finite()).map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (column, text) in [
            (ColumnType::SmallInteger, "-3"),
            (ColumnType::Integer, "2147483647"),
            (ColumnType::BigInteger, "-9223372036854775808"),
            (ColumnType::Float, "0.10000000149011612"),
            (ColumnType::Double, "0.1"),
            (ColumnType::Double, "-1e300"),
            (ColumnType::Boolean, "true"),
            (ColumnType::Text, "a\nb"),
            (ColumnType::Date, "0000-02-29"),
            (ColumnType::Time, "23:59:59.000001"),
            (ColumnType::Uuid, "0190163d-8694-739b-aea5-966c26f8ad91"),
            (
                ColumnType::TimestampWithTimeZone,
                "2026-01-31T09:30:00.000001Z",
            ),
        ] {
            let kind = ValueKind::from_column_type(&column).unwrap();
            let value = parse(kind, text).unwrap();
            let again = parse(kind, &write(&value).unwrap()).unwrap();
            assert_eq!(value, again, "{column:?} {text}");
        }
    }

    #[test]
    fn what_no_column_holds_is_refused() {
        for (column, text) in [
            (ColumnType::Double, "NaN"),
            (ColumnType::Double, "inf"),
            (ColumnType::Float, "1e39"),
            (ColumnType::Date, "+10000-01-01"),
            (ColumnType::Date, "2026-02-30"),
            (ColumnType::Time, "25:00:00"),
            (
                ColumnType::TimestampWithTimeZone,
                "0000-01-01T00:30:00+01:00",
            ),
            (
                ColumnType::TimestampWithTimeZone,
                "9999-12-31T23:30:00-01:00",
            ),
            (ColumnType::Uuid, "0190163d8694739baea5966c26f8ad91"),
        ] {
            let kind = ValueKind::from_column_type(&column).unwrap();
            assert!(parse(kind, text).is_err(), "{column:?} {text}");
        }
    }

    #[test]
    fn a_value_in_quotes_may_hold_a_comma() {
        let read = |text: &str| split_list(text).ok();
        let values =
            |values: &[&str]| Some(values.iter().map(ToString::to_string).collect::<Vec<_>>());

        assert_eq!(read("a,b"), values(&["a", "b"]));
        assert_eq!(read(""), values(&[""]));
        assert_eq!(read("a,"), values(&["a", ""]));
        assert_eq!(read(r#""a,b",c"#), values(&["a,b", "c"]));
        assert_eq!(read(r#"c,"a\"\\,""#), values(&["c", "a\"\\,"]));
        assert_eq!(read(r#"5" pipe,b"#), values(&["5\" pipe", "b"]));
        assert_eq!(read(r#""a"#), None);
        assert_eq!(read(r#""a"b,c"#), None);
    }
}
