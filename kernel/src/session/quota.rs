//! How much one user may leave behind within a day: counted by the hour, in the transaction that writes it.
//!
//! A node collects small amounts in memory and counts them together, so that most writes need no statement for this and
//! do not wait for each other. A crash forgets at most 1/64 of a limit for each user.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::Utc;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::Tx;
use crate::{Error, Result};

/// Hours that count: a day, and the hour that has begun.
const WINDOW: i64 = 25;

/// A node counts an amount in the database once it reaches this part of the limit.
const PARTS: u64 = 64;

/// Amounts that a node remembers. Beyond that it forgets them all.
const MOST: usize = 10_000;

/// Adds to this hour, unless the hours that count would be more than the limit. The row of this hour is locked, so that
/// of two transactions at once the second one sees what the first one added.
const ADD: &str = "INSERT INTO written_bytes (user_id, kind, hour, bytes) \
    SELECT CAST($1 AS bigint), $2, CAST($3 AS bigint), CAST($4 AS bigint) WHERE CAST($4 AS bigint) + \
    COALESCE((SELECT SUM(w.bytes) FROM written_bytes w WHERE w.user_id = $1 AND w.kind = $2 AND w.hour > $5), 0) <= $6 \
    ON CONFLICT (user_id, kind, hour) DO UPDATE SET bytes = written_bytes.bytes + excluded.bytes \
    WHERE written_bytes.bytes + excluded.bytes + COALESCE((SELECT SUM(w.bytes) FROM written_bytes w \
    WHERE w.user_id = $1 AND w.kind = $2 AND w.hour > $5 AND w.hour <> $3), 0) <= $6";

const OLDEST: &str =
    "SELECT MIN(hour) AS hour FROM written_bytes WHERE user_id = $1 AND kind = $2 AND hour > $3";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Answers that are kept under idempotency keys.
    Answers,
    /// What the audit keeps of changed values.
    History,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::History => "history",
        }
    }

    const fn refusal(self) -> &'static str {
        match self {
            Self::Answers => {
                "the answers stored for your idempotency keys reach the limit per user"
            }
            Self::History => {
                "your changes of the last 24 hours reach the limit of audit history per user"
            }
        }
    }
}

/// The limits, and what this node has not counted in the database yet.
#[derive(Debug, Clone, Default)]
pub struct Quotas {
    answers: u64,
    history: u64,
    pending: Arc<Mutex<HashMap<(i64, Kind), u64>>>,
}

/// What a transaction adds, to be settled once it is committed.
#[derive(Debug, Clone, Copy)]
pub struct Charge {
    user_id: i64,
    kind: Kind,
    bytes: u64,
    /// What was counted in the database, and what of that was pending; None where nothing was.
    counted: Option<u64>,
}

impl Quotas {
    /// Limits in bytes for each user; 0 is no limit.
    pub fn new(answers: u64, history: u64) -> Self {
        Self {
            answers,
            history,
            pending: Arc::default(),
        }
    }

    /// Counts `bytes` of a user in the transaction, or leaves them for later where they are few.
    ///
    /// Fails with [`Error::QuotaReached`] where the user has reached the limit.
    pub(crate) async fn charge(
        &self,
        tx: &Tx,
        user_id: i64,
        (kind, bytes): (Kind, u64),
    ) -> Result<Option<Charge>> {
        let limit = match kind {
            Kind::Answers => self.answers,
            Kind::History => self.history,
        };
        if limit == 0 || bytes == 0 {
            return Ok(None);
        }
        let pending = self.pending().get(&(user_id, kind)).copied();
        let pending = pending.unwrap_or_default();
        let charge = |counted| Charge {
            user_id,
            kind,
            bytes,
            counted,
        };
        if pending + bytes < limit / PARTS {
            return Ok(Some(charge(None)));
        }
        if add(tx, (user_id, kind), pending + bytes, limit).await? {
            return Ok(Some(charge(Some(pending))));
        }
        Err(Error::QuotaReached {
            what: kind.refusal(),
            wait: wait(tx, (user_id, kind)).await?,
        })
    }

    /// Notes what a committed transaction added.
    pub(crate) fn settle(&self, charge: Charge) {
        let key = (charge.user_id, charge.kind);
        let mut all = self.pending();
        if all.len() >= MOST && !all.contains_key(&key) {
            all.clear();
        }
        let pending = all.entry(key).or_default();
        match charge.counted {
            None => *pending += charge.bytes,
            Some(counted) => *pending = pending.saturating_sub(counted),
        }
        if *pending == 0 {
            all.remove(&key);
        }
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<(i64, Kind), u64>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows of hours before this one no longer count.
pub fn first_hour() -> i64 {
    hour() - WINDOW + 1
}

fn hour() -> i64 {
    Utc::now().timestamp() / 3_600
}

/// Whether there was room.
async fn add(tx: &Tx, (user_id, kind): (i64, Kind), bytes: u64, limit: u64) -> Result<bool> {
    let number = |bytes: u64| Value::from(i64::try_from(bytes).unwrap_or(i64::MAX));
    let values = [
        user_id.into(),
        kind.as_str().into(),
        hour().into(),
        number(bytes),
        (first_hour() - 1).into(),
        number(limit),
    ];
    let add = Statement::from_sql_and_values(tx.get_database_backend(), ADD, values);
    Ok(tx.execute_raw(add).await?.rows_affected() == 1)
}

/// How long until the oldest hour that counts no longer does.
async fn wait(tx: &Tx, (user_id, kind): (i64, Kind)) -> Result<Duration> {
    let values = [
        user_id.into(),
        kind.as_str().into(),
        (first_hour() - 1).into(),
    ];
    let oldest = Statement::from_sql_and_values(tx.get_database_backend(), OLDEST, values);
    let row = tx.query_one_raw(oldest).await?;
    let oldest: Option<i64> = match row {
        Some(row) => row.try_get("", "hour")?,
        None => None,
    };
    let over = (oldest.unwrap_or_else(hour) + WINDOW) * 3_600;
    let seconds = over - Utc::now().timestamp();
    Ok(Duration::from_secs(
        u64::try_from(seconds).unwrap_or(1).max(1),
    ))
}
