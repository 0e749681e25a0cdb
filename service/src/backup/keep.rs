//! Which backups to keep: the newest of each of the last days, weeks or months.
use std::{collections::HashSet, str::FromStr};

use chrono::{DateTime, Datelike, Utc};

/// How many backups of each kind to keep, such as `daily=7,weekly=4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    last: usize,
    daily: usize,
    weekly: usize,
    monthly: usize,
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut keep = Self::default();
        for part in text.split(',') {
            let expected = || {
                format!(
                    "invalid `{part}`; expected a list such as daily=7,weekly=4,monthly=12 or last=10"
                )
            };
            let (kind, count) = part.trim().split_once('=').ok_or_else(expected)?;
            let count = count.parse().ok().filter(|count| *count > 0);
            let count = count.ok_or_else(expected)?;
            match kind {
                "last" => keep.last = count,
                "daily" => keep.daily = count,
                "weekly" => keep.weekly = count,
                "monthly" => keep.monthly = count,
                _ => return Err(expected()),
            }
        }
        Ok(keep)
    }
}

impl Keep {
    /// Returns which of these times, the newest first, to keep. The newest always stays.
    pub fn kept(&self, times: &[DateTime<Utc>]) -> Vec<bool> {
        let mut kept: Vec<bool> = (0..times.len())
            .map(|place| place < self.last.max(1))
            .collect();
        let day = |time: &DateTime<Utc>| i64::from(time.num_days_from_ce());
        let week = |time: &DateTime<Utc>| {
            let week = time.iso_week();
            i64::from(week.year()) * 100 + i64::from(week.week())
        };
        let month = |time: &DateTime<Utc>| i64::from(time.year()) * 100 + i64::from(time.month());
        mark(&mut kept, times, (self.daily, day));
        mark(&mut kept, times, (self.weekly, week));
        mark(&mut kept, times, (self.monthly, month));
        kept
    }
}

/// Keeps the newest of each of the last periods.
fn mark(
    kept: &mut [bool],
    times: &[DateTime<Utc>],
    (count, period): (usize, impl Fn(&DateTime<Utc>) -> i64),
) {
    let mut seen = HashSet::new();
    for (time, kept) in times.iter().zip(kept) {
        if seen.len() < count && seen.insert(period(time)) {
            *kept = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(rule: &str, times: &[&str]) -> Vec<usize> {
        let times: Vec<DateTime<Utc>> = times.iter().map(|time| time.parse().unwrap()).collect();
        let kept = rule.parse::<Keep>().unwrap().kept(&times);
        let places = kept.iter().enumerate();
        places
            .filter(|(_, kept)| **kept)
            .map(|(place, _)| place)
            .collect()
    }

    const TIMES: [&str; 7] = [
        "2026-11-30T18:00:00Z",
        "2026-11-30T06:00:00Z",
        "2026-11-29T18:00:00Z",
        "2026-11-28T18:00:00Z",
        "2026-11-22T18:00:00Z",
        "2026-11-21T18:00:00Z",
        "2026-10-31T18:00:00Z",
    ];

    #[test]
    fn the_newest_of_each_period_is_kept() {
        assert_eq!(kept("daily=2", &TIMES), [0, 2]);
        assert_eq!(kept("weekly=3", &TIMES), [0, 2, 4]);
        assert_eq!(kept("monthly=9", &TIMES), [0, 6]);
        assert_eq!(kept("daily=2,monthly=2", &TIMES), [0, 2, 6]);
        assert_eq!(kept("last=3", &TIMES), [0, 1, 2]);
    }

    #[test]
    fn a_rule_without_a_kind_or_a_count_is_refused() {
        for rule in ["", "daily", "daily=0", "yearly=1", "daily=-1"] {
            assert!(rule.parse::<Keep>().is_err(), "{rule}");
        }
    }
}
