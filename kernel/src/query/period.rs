//! Periods of time, by which `stats` groups rows. Both databases find the same ones: in UTC, with weeks that begin on Monday.
use chrono::{DateTime, Datelike, Utc};
use sea_orm::{DbBackend, sea_query::Expr};

/// The most periods from the first to the last row of one answer.
pub const MAX_PERIODS: i64 = 366;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    pub const ALL: [(&str, Self); 3] = [
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// Returns the beginning of the period that a time is in. SQLite stores times as text in UTC.
    pub fn start(self, time: Expr, backend: DbBackend) -> Expr {
        let start = match (backend, self) {
            (DbBackend::Postgres, Self::Day) => {
                "date_trunc('day', $1 AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
            }
            (DbBackend::Postgres, Self::Week) => {
                "date_trunc('week', $1 AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
            }
            (DbBackend::Postgres, Self::Month) => {
                "date_trunc('month', $1 AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
            }
            (_, Self::Day) => "substr(?, 1, 10) || 'T00:00:00.000000+00:00'",
            (_, Self::Week) => {
                "date(substr(?, 1, 10), '-6 days', 'weekday 1') || 'T00:00:00.000000+00:00'"
            }
            (_, Self::Month) => "substr(?, 1, 7) || '-01T00:00:00.000000+00:00'",
        };
        Expr::cust_with_exprs(start, [time])
    }

    /// Counts the periods that a span of time touches.
    pub fn count(self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let number = |time: DateTime<Utc>| {
            let days = i64::from(time.num_days_from_ce());
            match self {
                Self::Day => days,
                // The first day of the common era was a Monday.
                Self::Week => (days - 1).div_euclid(7),
                Self::Month => i64::from(time.year()) * 12 + i64::from(time.month()),
            }
        };
        number(to) - number(from) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_touches_the_periods_of_its_ends() {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // A Sunday and a Monday.
        let (sunday, monday) = (time("2026-03-01T23:59:59Z"), time("2026-03-02T00:00:00Z"));
        for (period, from, to, count) in [
            (Period::Day, sunday, sunday, 1),
            (Period::Day, sunday, monday, 2),
            (Period::Week, sunday, monday, 2),
            (Period::Week, monday, time("2026-03-08T23:00:00Z"), 1),
            (Period::Month, time("2025-12-31T00:00:00Z"), monday, 4),
            (Period::Day, monday, sunday, 0),
        ] {
            assert_eq!(period.count(from, to), count, "{period:?} {from} {to}");
        }
    }
}
