//! Normalises times for storage and comparison: UTC, whole microseconds, and years that RFC 3339 can express.
use chrono::{DateTime, Datelike, NaiveTime, Timelike};
use sea_orm::prelude::DateTimeWithTimeZone;

pub const OUT_OF_RANGE: &str = "must be between the years 0000 and 9999 in UTC";

/// Converts a time to UTC, cuts it to microseconds, and moves a leap second to the next second. Returns `None` if the year
/// does not have four digits.
///
/// SQLite compares times as text, so times with another offset or precision would sort wrongly.
pub fn normalize(time: &DateTimeWithTimeZone) -> Option<DateTimeWithTimeZone> {
    // In a leap second, chrono returns 1,000,000 microseconds or more.
    let micros = time.timestamp().checked_mul(1_000_000)?;
    let micros = micros.checked_add(i64::from(time.timestamp_subsec_micros()))?;
    let utc = DateTime::from_timestamp_micros(micros)?;
    has_four_digits(&utc).then(|| utc.fixed_offset())
}

/// Cuts a time of day to microseconds, and moves a leap second to the next second.
pub(crate) fn normalize_time_of_day(time: NaiveTime) -> Option<NaiveTime> {
    let seconds = time.num_seconds_from_midnight() + time.nanosecond() / 1_000_000_000;
    let nanos = time.nanosecond() % 1_000_000_000 / 1_000 * 1_000;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds % 86_400, nanos)
}

/// Returns true if RFC 3339 can express the year.
pub(crate) fn has_four_digits(date: &impl Datelike) -> bool {
    (0..=9999).contains(&date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_in_microseconds_and_within_the_years_that_can_be_written() {
        let normalized = |text: &str| {
            let time = DateTime::parse_from_rfc3339(text).unwrap();
            normalize(&time).map(|time| time.to_rfc3339())
        };
        for (text, expected) in [
            ("2026-05-02T00:30:00+05:00", "2026-05-01T19:30:00+00:00"),
            (
                "2026-05-02T00:30:00.123456789Z",
                "2026-05-02T00:30:00.123456+00:00",
            ),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
            ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500+00:00"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00+00:00"),
            (
                "1969-12-31T23:59:59.9999999Z",
                "1969-12-31T23:59:59.999999+00:00",
            ),
        ] {
            assert_eq!(normalized(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "0000-01-01T00:30:00+01:00",
            "9999-12-31T23:30:00-01:00",
            "9999-12-31T23:59:60Z",
        ] {
            assert_eq!(normalized(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_in_microseconds_too() {
        let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_001).unwrap();
        let next = NaiveTime::from_hms_nano_opt(0, 0, 0, 500_000_000);

        assert_eq!(normalize_time_of_day(leap), next);
    }
}
