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

/// Values with commas between them. One that has a comma stands in double quotes, where `\"` and `\\` stand for a quote
/// and a backslash, as in `PostgREST`.
pub fn list(text: &str) -> Result<Vec<String>, Refused> {
    let wrong = |detail: &str| ("malformed", detail.to_owned());
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        let (value, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquoted(quoted).ok_or_else(|| wrong("has a double quote that is not closed"))?
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

/// A value up to its closing quote, and what follows that.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[place + 1..])),
            '\\' => value.push(characters.next()?.1),
            character => value.push(character),
        }
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_quotes_may_hold_a_comma() {
        let read = |text: &str| list(text).ok();
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
