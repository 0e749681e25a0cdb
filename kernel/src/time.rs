//! Times as they are stored and compared: UTC in microseconds, in the years that RFC 3339 can write.
use chrono::{DateTime, Datelike, NaiveTime, Timelike};
use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityTrait, IdenStatic, Iterable, Value,
    prelude::DateTimeWithTimeZone,
};

use crate::{Code, Error, Refusal, Result};

pub const OUT_OF_RANGE: &str = "must be between the years 0000 and 9999 in UTC";

/// The same instant in UTC. What is finer than a microsecond is cut off, and a leap second is the second after it.
/// None where the year has not four digits.
///
/// SQLite compares times as text, so that another offset or precision would be out of order.
pub fn normal(time: &DateTimeWithTimeZone) -> Option<DateTimeWithTimeZone> {
    // Within a leap second there is more than one second's worth of them.
    let micros = time.timestamp().checked_mul(1_000_000)?;
    let micros = micros.checked_add(i64::from(time.timestamp_subsec_micros()))?;
    let utc = DateTime::from_timestamp_micros(micros)?;
    has_four_digits(&utc).then(|| utc.fixed_offset())
}

fn normal_clock(time: NaiveTime) -> Option<NaiveTime> {
    let seconds = time.num_seconds_from_midnight() + time.nanosecond() / 1_000_000_000;
    let nanos = time.nanosecond() % 1_000_000_000 / 1_000 * 1_000;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds % 86_400, nanos)
}

fn has_four_digits(date: &impl Datelike) -> bool {
    (0..=9999).contains(&date.year())
}

/// Normalises every time that a row is about to be given. Refuses those that cannot be stored, all of them at once.
pub fn normalize<A: ActiveModelTrait>(row: &mut A) -> Result<()> {
    let mut refused = Vec::new();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        let ActiveValue::Set(value) = row.get(column) else {
            continue;
        };
        let normal: Option<Value> = match value {
            Value::ChronoDateTimeWithTimeZone(Some(time)) => normal(&time).map(Value::from),
            Value::ChronoDateTimeUtc(Some(time)) => {
                let time = normal(&time.fixed_offset());
                time.map(|time| time.to_utc().into())
            }
            Value::ChronoTime(Some(time)) => normal_clock(time).map(Value::from),
            Value::ChronoDate(Some(date)) => has_four_digits(&date).then(|| date.into()),
            _ => continue,
        };
        match normal {
            Some(value) => row.set(column, value),
            None => refused.push(Refusal::new(
                format!("/{}", column.as_str()),
                Code::OutOfRange,
                OUT_OF_RANGE,
            )),
        }
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_in_microseconds_and_within_the_years_that_can_be_written() {
        let normalized = |text: &str| {
            let time = DateTime::parse_from_rfc3339(text).unwrap();
            normal(&time).map(|time| time.to_rfc3339())
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

        assert_eq!(normal_clock(leap), next);
    }
}
