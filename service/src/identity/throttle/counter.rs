//! A failure counter: one row, found by a keyed hash, so that the table reveals neither users nor addresses.
use std::time::Duration;

use ::entity::throttles::{Column, Entity};
use chrono::DateTime;
use hmac::Mac;
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter,
    prelude::DateTimeWithTimeZone,
    sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Query},
};

use super::kind::{Kind, Schedule};
use kernel::{
    Error, Result, Tx,
    resource::{now, scope},
    secret::Secret,
};

#[derive(Debug)]
pub struct Counter {
    pub kind: Kind,
    key: Vec<u8>,
}

/// A failure that was counted in advance, before the attempt ended.
#[derive(Debug)]
pub struct Reserved {
    pub kind: Kind,
    /// The number of failures, including this one.
    pub failures: i32,
    key: Vec<u8>,
    blocked_until: DateTimeWithTimeZone,
}

impl Counter {
    pub fn new(secret: &Secret, kind: Kind, parts: &[&[u8]]) -> Self {
        let mut mac = secret.mac();
        mac.update(format!("{kind:?}").as_bytes());
        for part in parts {
            // The length keeps different lists of parts from having the same bytes.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let key = mac.finalize().into_bytes().to_vec();
        Self { kind, key }
    }

    /// Counts a failure and sets the wait that follows it, in one statement. Returns `None` if the caller has to wait.
    pub async fn count(&self, tx: &Tx) -> Result<Option<Reserved>> {
        let (now, schedule) = (now(), self.kind.schedule());
        let key = Expr::val(self.key.clone());
        let ends = now + schedule.window;
        let row = [key, 1.into(), no_wait().into(), ends.into()];
        let add = scope::insert("throttles")
            .columns(["key", "failures", "blocked_until", "expires_at"])
            .values(row)
            .map_err(Error::internal)?
            .on_conflict(count_again(&schedule, now))
            .returning(Query::returning().columns(["failures", "blocked_until"]))
            .take();
        let Some(row) = tx.query_one(&add).await? else {
            return Ok(None);
        };
        Ok(Some(Reserved {
            kind: self.kind,
            failures: row.try_get("", "failures")?,
            key: self.key.clone(),
            blocked_until: row.try_get("", "blocked_until")?,
        }))
    }

    /// Blocks this counter for `wait`, whatever its number of failures.
    pub async fn block(&self, tx: &Tx, wait: Duration) -> Result<()> {
        let until = (Column::BlockedUntil, (now() + wait).into());
        scope::update_plain::<Entity>(tx, Column::Key.eq(self.key.clone()), [until])
            .await
            .map(drop)
    }
}

impl Reserved {
    /// Takes the counted failure back, and the wait if this failure set it.
    pub async fn refund(&self, tx: &Tx) -> Result<()> {
        let ours = Column::BlockedUntil.eq(self.blocked_until);
        let until = CaseStatement::new()
            .case(ours, no_wait())
            .finally(Expr::col(Column::BlockedUntil));
        let fewer = Expr::col(Column::Failures).sub(1);
        let values = [
            (Column::Failures, fewer),
            (Column::BlockedUntil, until.into()),
        ];
        // The window may have ended and another begun.
        let this = Column::Key.eq(self.key.clone());
        let this = this.and(Column::Failures.gt(0));
        scope::update_plain::<Entity>(tx, this, values)
            .await
            .map(drop)
    }

    /// Deletes the counter.
    pub async fn clear(&self, tx: &Tx) -> Result<()> {
        let this = Column::Key.eq(self.key.clone());
        scope::erase::<Entity>(tx, this).await.map(drop)
    }
}

/// The value of `blocked_until` for no wait. The time of the failure would be wrong: a request before it, or on a node
/// whose clock is behind, would have to wait.
fn no_wait() -> DateTimeWithTimeZone {
    DateTime::UNIX_EPOCH.fixed_offset()
}

/// The longest wait of these counters, or `None` if none of them is blocked.
pub async fn longest_wait(
    db: &impl ConnectionTrait,
    counters: &[Counter],
) -> Result<Option<Duration>> {
    let now = now();
    let keys = counters.iter().map(|counter| counter.key.clone());
    let waiting = scope::plain::<Entity>()
        .filter(Column::Key.is_in(keys))
        .filter(Column::BlockedUntil.gt(now))
        .all(db)
        .await?;
    let last = waiting.iter().map(|row| row.blocked_until).max();
    Ok(last.and_then(|until| (until - now).to_std().ok()))
}

/// Increments a counter unless it is blocked, and restarts it after its window.
fn count_again(schedule: &Schedule, now: DateTimeWithTimeZone) -> OnConflict {
    let old = |column: &'static str| Expr::col(("throttles", column));
    let has_ended = || old("expires_at").lte(now);
    let failures = || old("failures").add(1);
    let after_window =
        |anew: Expr, on: Expr| CaseStatement::new().case(has_ended(), anew).finally(on);
    let then = |seconds| match seconds {
        0 => no_wait(),
        seconds => now + Duration::from_secs(seconds),
    };
    let mut until = CaseStatement::new().case(has_ended(), no_wait());
    for (below, seconds) in schedule.steps() {
        until = until.case(failures().lt(below), then(seconds));
    }
    let last = schedule.waits.last().copied().unwrap_or_default();
    let until = until.finally(then(last));
    let ends = (now + schedule.window).into();
    OnConflict::column("key")
        .value("failures", after_window(1.into(), failures()))
        .value("blocked_until", until)
        .value("expires_at", after_window(ends, old("expires_at")))
        .action_and_where(old("blocked_until").lte(now))
        .to_owned()
}
