//! One counter: a row under a keyed hash, which tells nobody whom or what it is about.
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
use crate::{
    Error, Result, Tx,
    crud::{now, scope},
    secret::Secret,
};

#[derive(Debug)]
pub struct Counter {
    pub kind: Kind,
    key: Vec<u8>,
}

/// A failure that was counted before anybody knew.
#[derive(Debug)]
pub struct Reserved {
    pub kind: Kind,
    /// With this one.
    pub failures: i32,
    key: Vec<u8>,
    blocked_until: DateTimeWithTimeZone,
}

impl Counter {
    pub fn new(secret: &Secret, kind: Kind, parts: &[&[u8]]) -> Self {
        let mut mac = secret.mac();
        mac.update(format!("{kind:?}").as_bytes());
        for part in parts {
            // No two lists of parts are written alike.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let key = mac.finalize().into_bytes().to_vec();
        Self { kind, key }
    }

    /// Counts a failure, and sets the wait that follows it, in one statement. None where it has to wait.
    pub async fn add(&self, tx: &Tx) -> Result<Option<Reserved>> {
        let (now, schedule) = (now(), self.kind.schedule());
        let key = Expr::val(self.key.clone());
        let ends = now + schedule.window;
        let row = [key, 1.into(), never().into(), ends.into()];
        let add = scope::insert("throttles")
            .columns(["key", "failures", "blocked_until", "expires_at"])
            .values(row)
            .map_err(Error::internal)?
            .on_conflict(again(&schedule, now))
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

    /// Whatever was counted.
    pub async fn block(&self, tx: &Tx, wait: Duration) -> Result<()> {
        let until = (Column::BlockedUntil, (now() + wait).into());
        scope::update_plain::<Entity>(tx, Column::Key.eq(self.key.clone()), [until])
            .await
            .map(drop)
    }
}

impl Reserved {
    /// Also the wait, where this one brought it.
    pub async fn give_back(&self, tx: &Tx) -> Result<()> {
        let ours = Column::BlockedUntil.eq(self.blocked_until);
        let until = CaseStatement::new()
            .case(ours, never())
            .finally(Expr::col(Column::BlockedUntil));
        let fewer = Expr::col(Column::Failures).sub(1);
        let values = [
            (Column::Failures, fewer),
            (Column::BlockedUntil, until.into()),
        ];
        // The window may have ended, and another begun.
        let this = Column::Key.eq(self.key.clone());
        let this = this.and(Column::Failures.gt(0));
        scope::update_plain::<Entity>(tx, this, values)
            .await
            .map(drop)
    }

    pub async fn clear(&self, tx: &Tx) -> Result<()> {
        let this = Column::Key.eq(self.key.clone());
        scope::erase::<Entity>(tx, this).await.map(drop)
    }
}

/// Until when nobody has to wait. The time of a failure would not do: who asked before it, or by a clock that is behind,
/// would have to wait for it.
fn never() -> DateTimeWithTimeZone {
    DateTime::UNIX_EPOCH.fixed_offset()
}

/// The longest that one of them has to wait. None where none has to.
pub async fn wait(db: &impl ConnectionTrait, counters: &[Counter]) -> Result<Option<Duration>> {
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

/// One more, unless it has to wait. After the window everything begins anew.
fn again(schedule: &Schedule, now: DateTimeWithTimeZone) -> OnConflict {
    let old = |column: &'static str| Expr::col(("throttles", column));
    let is_over = || old("expires_at").lte(now);
    let failures = || old("failures").add(1);
    let either = |anew: Expr, on: Expr| CaseStatement::new().case(is_over(), anew).finally(on);
    let then = |seconds| match seconds {
        0 => never(),
        seconds => now + Duration::from_secs(seconds),
    };
    let mut until = CaseStatement::new().case(is_over(), never());
    for (below, seconds) in schedule.steps() {
        until = until.case(failures().lt(below), then(seconds));
    }
    let last = schedule.waits.last().copied().unwrap_or_default();
    let until = until.finally(then(last));
    let ends = (now + schedule.window).into();
    OnConflict::column("key")
        .value("failures", either(1.into(), failures()))
        .value("blocked_until", until)
        .value("expires_at", either(ends, old("expires_at")))
        .action_and_where(old("blocked_until").lte(now))
        .to_owned()
}
