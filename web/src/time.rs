//! Times in answers: RFC 3339, UTC, microseconds.
use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, SecondsFormat, Timelike, Utc};
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

/// The length of the text of a time with a year of four digits.
const LENGTH: usize = "2026-11-30T10:34:00.123456Z".len();

impl Time {
    /// Returns the text of a time, unless it has a leap second or a year that is not written with four digits.
    ///
    /// Every row has several times, and the formatting of `chrono` takes five times as long.
    fn digits(self) -> Option<[u8; LENGTH]> {
        let time = self.0.naive_utc();
        let year = u32::try_from(time.year())
            .ok()
            .filter(|year| *year < 10_000)?;
        let micros = Some(time.nanosecond() / 1_000).filter(|micros| *micros < 1_000_000)?;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let fields = [
            (0..4, year),
            (5..7, time.month()),
            (8..10, time.day()),
            (11..13, time.hour()),
            (14..16, time.minute()),
            (17..19, time.second()),
            (20..26, micros),
        ];
        for (place, mut number) in fields {
            for digit in text[place].iter_mut().rev() {
                *digit = b"0123456789"[(number % 10) as usize];
                number /= 10;
            }
        }
        Some(text)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.digits();
        let text = digits.as_ref().map(|digits| str::from_utf8(digits));
        match text {
            Some(Ok(text)) => serializer.serialize_str(text),
            _ => serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};

    use super::*;

    #[test]
    fn a_time_is_written_as_chrono_does() {
        let start = NaiveDate::from_ymd_opt(1969, 12, 28).unwrap();
        let start = start
            .and_hms_nano_opt(23, 59, 58, 999_999_999)
            .unwrap()
            .and_utc();
        let leap = NaiveDate::from_ymd_opt(2016, 12, 31).unwrap();
        let leap = leap
            .and_hms_micro_opt(23, 59, 59, 1_500_000)
            .unwrap()
            .and_utc();
        let step = TimeDelta::microseconds(34_567_890_123_457);
        let times = (0..5_000).map(|i| start + step * i);
        let before_0 = start - TimeDelta::days(366 * 1_970);
        let odd = [
            leap,
            before_0,
            DateTime::<Utc>::MIN_UTC,
            DateTime::<Utc>::MAX_UTC,
        ];
        for time in times.chain(odd) {
            let text = serde_json::to_value(Time(time)).unwrap();

            let expected = time.to_rfc3339_opts(SecondsFormat::Micros, true);
            assert_eq!(text, expected);
        }
    }
}
