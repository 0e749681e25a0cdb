//! Makes backups at regular times, by one process at a time. The backups themselves say when the last one was made, so a restart
//! changes nothing, and a backup that an operator makes counts, too.
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{
    Archive, Backups, Keep, Result,
    postgres::{self, Target},
};

/// The id of the advisory lock of the node that makes a backup. The number is arbitrary but unique.
const LOCK: i64 = 0x4241_434B_5550;

/// When backups are made: every so often, counted from a time of day in UTC, or from the last backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    pub every: Duration,
    pub at: Option<NaiveTime>,
}

impl Schedule {
    /// Returns when the next backup is due: in the past if it is overdue.
    pub fn due(&self, newest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
        let every = TimeDelta::from_std(self.every).unwrap_or(TimeDelta::MAX);
        let Some(newest) = newest else {
            return now;
        };
        let Some(at) = self.at else {
            return newest
                .checked_add_signed(every)
                .unwrap_or(DateTime::<Utc>::MAX_UTC);
        };
        // The first time after the newest backup that is a multiple of the period after `at`.
        let first = DateTime::UNIX_EPOCH + (at - NaiveTime::MIN);
        let period = every.num_seconds().max(1);
        let since = (newest - first).num_seconds();
        let next = (since.div_euclid(period) + 1).saturating_mul(period);
        first
            .checked_add_signed(TimeDelta::seconds(next))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// What a look at the schedule has led to.
#[derive(Debug)]
pub enum Ran {
    Made {
        archive: Box<Archive>,
        /// The names of the old backups that were removed.
        removed: Vec<String>,
    },
    /// Another process makes a backup.
    Busy,
    /// The next backup is due at this time.
    NotDue {
        newest: Option<DateTime<Utc>>,
        next: DateTime<Utc>,
    },
}

impl Backups {
    /// Makes a backup if one is due and no other process makes one, then removes those that the rule does not keep.
    pub async fn run(
        &self,
        schedule: Schedule,
        (recipients, keep): (&[String], Option<Keep>),
    ) -> Result<Ran> {
        if let Some(ran) = self.not_due(schedule).await? {
            return Ok(ran);
        }
        if self.is_sqlite() {
            return self.make(schedule, (recipients, keep)).await;
        }
        let lock = postgres::try_lock(&Target::new(&self.database)?, LOCK).await?;
        let Some(lock) = lock else {
            return Ok(Ran::Busy);
        };
        let made = self.make(schedule, (recipients, keep)).await;
        lock.release().await?;
        made
    }

    async fn not_due(&self, schedule: Schedule) -> Result<Option<Ran>> {
        let now = Utc::now();
        let newest = self.newest_time().await?;
        let next = schedule.due(newest, now);
        Ok((next > now).then_some(Ran::NotDue { newest, next }))
    }

    async fn make(
        &self,
        schedule: Schedule,
        (recipients, keep): (&[String], Option<Keep>),
    ) -> Result<Ran> {
        // Another node may have made it before this one got the lock.
        if let Some(ran) = self.not_due(schedule).await? {
            return Ok(ran);
        }
        let Some(archive) = self.try_create(recipients).await? else {
            return Ok(Ran::Busy);
        };
        let removed = self.remove_old(keep).await?;
        Ok(Ran::Made {
            archive: Box::new(archive),
            removed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(every: &str, at: Option<&str>, newest: &str) -> String {
        let schedule = Schedule {
            every: match every {
                "6h" => Duration::from_hours(6),
                _ => Duration::from_hours(24),
            },
            at: at.map(|at| NaiveTime::parse_from_str(at, "%H:%M").unwrap()),
        };
        let newest = newest.parse().unwrap();
        schedule.due(Some(newest), Utc::now()).to_rfc3339()
    }

    #[test]
    fn the_next_backup_is_at_the_time_of_day_after_the_newest() {
        let daily = |newest| due("24h", Some("03:30"), newest);
        assert_eq!(daily("2026-11-30T03:29:59Z"), "2026-11-30T03:30:00+00:00");
        assert_eq!(daily("2026-11-30T03:30:01Z"), "2026-12-01T03:30:00+00:00");
        assert_eq!(daily("2026-11-30T23:00:00Z"), "2026-12-01T03:30:00+00:00");
        let often = |newest| due("6h", Some("03:30"), newest);
        assert_eq!(often("2026-11-30T10:00:00Z"), "2026-11-30T15:30:00+00:00");
        assert_eq!(often("2026-11-30T22:00:00Z"), "2026-12-01T03:30:00+00:00");
    }

    #[test]
    fn without_a_time_of_day_the_period_counts_from_the_newest() {
        assert_eq!(
            due("6h", None, "2026-11-30T10:00:00Z"),
            "2026-11-30T16:00:00+00:00"
        );
    }

    #[test]
    fn the_first_backup_is_due_at_once() {
        let schedule = Schedule {
            every: Duration::from_hours(24),
            at: None,
        };
        let now = Utc::now();
        assert_eq!(schedule.due(None, now), now);
    }
}
