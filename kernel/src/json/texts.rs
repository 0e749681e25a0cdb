//! Values that are written as texts.
use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Timelike};
use schemars::{Schema, SchemaGenerator, json_schema};
use sea_orm::prelude::{DateTimeWithTimeZone, Uuid};

use super::{HasSchema, TextFormat};
use crate::decimal;

/// A decimal with this number of places, which its column stores as an integer of its last digits.
pub struct Decimal<const PLACES: u32>;

impl<const PLACES: u32> HasSchema for Decimal<PLACES> {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": decimal_pattern(PLACES), "examples": [Self::example()] })
    }
}

/// Returns a regular expression for decimals with this number of places.
pub fn decimal_pattern(places: u32) -> String {
    let whole = decimal::MAX_DIGITS.saturating_sub(places).max(1);
    match places {
        0 => format!("^-?[0-9]{{1,{whole}}}$"),
        _ => format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{places}}})?$"),
    }
}

impl<const PLACES: u32> TextFormat for Decimal<PLACES> {
    type Value = i64;

    fn example() -> Cow<'static, str> {
        decimal::example(PLACES).into()
    }

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

impl HasSchema for Base64 {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64", "pattern": BASE64_PATTERN, "examples": [Self::example()] })
    }
}

/// The pattern of base64: four characters for three bytes, and padding at the end, before which no bits are left over.
const BASE64_PATTERN: &str =
    "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

impl TextFormat for Base64 {
    type Value = Vec<u8>;

    fn example() -> Cow<'static, str> {
        "aGk=".into()
    }

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

impl HasSchema for Timestamp {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "examples": [Self::example()] })
    }
}

impl TextFormat for Timestamp {
    type Value = DateTimeWithTimeZone;

    fn example() -> Cow<'static, str> {
        "2026-01-31T09:30:00Z".into()
    }

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

impl HasSchema for Date {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "examples": [Self::example()] })
    }
}

impl TextFormat for Date {
    type Value = NaiveDate;

    fn example() -> Cow<'static, str> {
        "2026-01-31".into()
    }

    fn write(value: &NaiveDate) -> Cow<'_, str> {
        value.to_string().into()
    }

    fn read(text: &str) -> Result<NaiveDate, String> {
        let date = text.parse().ok().filter(|_| has_form(text, "0000-00-00"));
        date.ok_or_else(|| "must be a date such as 2026-01-31".to_owned())
    }
}

/// A time of day such as `09:30:00`, to the microsecond.
pub struct TimeOfDay;

impl HasSchema for TimeOfDay {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?$", "examples": [Self::example()] })
    }
}

impl TextFormat for TimeOfDay {
    type Value = NaiveTime;

    fn example() -> Cow<'static, str> {
        "09:30:00".into()
    }

    fn write(value: &NaiveTime) -> Cow<'_, str> {
        value.to_string().into()
    }

    fn read(text: &str) -> Result<NaiveTime, String> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_fraction = fraction.len() <= 9 && has_form(fraction, &"0".repeat(fraction.len()));
        let has_form = has_form(seconds, "00:00:00") && is_fraction && !fraction.is_empty();
        let time = text.parse().ok().filter(|_| has_form);
        // chrono holds a leap second as more than a second of nanoseconds, which this refuses.
        let time = time.and_then(|time: NaiveTime| {
            time.with_nanosecond(time.nanosecond() / 1_000 * 1_000)
                .filter(|time| time.nanosecond() < 1_000_000_000)
        });
        time.ok_or_else(|| "must be a time of day such as 09:30:00".to_owned())
    }
}

/// Returns true if a text has a digit for each zero of the form, and otherwise the same characters (RFC 3339, section 5.6).
fn has_form(text: &str, form: &str) -> bool {
    let is_like = |(byte, like): (u8, u8)| match like {
        b'0' => byte.is_ascii_digit(),
        _ => byte == like,
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(is_like)
}

/// A UUID in its hyphenated form (RFC 9562).
pub struct UuidText;

impl HasSchema for UuidText {
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid", "examples": [Self::example()] })
    }
}

impl TextFormat for UuidText {
    type Value = Uuid;

    fn example() -> Cow<'static, str> {
        "0190163d-8694-739b-aea5-966c26f8ad91".into()
    }

    fn write(value: &Uuid) -> Cow<'_, str> {
        value.to_string().into()
    }

    fn read(text: &str) -> Result<Uuid, String> {
        let uuid = text.parse().ok().filter(|_| text.len() == 36);
        uuid.ok_or_else(|| "must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91".to_owned())
    }
}
