//! Limits how many bytes one user may store within a day. They are counted by the hour, in the transaction that stores them.
//!
//! A node collects small amounts in memory and counts them together, so that most writes need no statement for this and
//! do not wait for each other. A crash loses at most 1/64 of a limit for each user.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::Utc;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::Tx;
use crate::{Error, Result};

/// The number of hours that count: a day, and the current hour.
const WINDOW: i64 = 25;

/// A node counts an amount in the database when it reaches this fraction of the limit.
const PARTS: u64 = 64;

/// The most amounts that a node keeps in memory. It drops them all when there are more.
const MAX_PENDING: usize = 10_000;

/// Adds to this hour, unless the sum of the hours that count would exceed the limit. The row of this hour is locked, so that
/// of two concurrent transactions the second one sees what the first one added.
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
    /// Answers that are stored under idempotency keys.
    Answers,
    /// Changed values that the audit log stores.
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
                "the answers stored for your idempotency keys have reached the limit per user"
            }
            Self::History => {
                "your changes of the last 24 hours have reached the limit of audit history per user"
            }
        }
    }
}

/// The limits, and the amounts that this node has not counted in the database yet.
#[derive(Debug, Clone, Default)]
pub struct Quotas {
    answers: u64,
    history: u64,
    pending: Arc<Mutex<HashMap<(i64, Kind), u64>>>,
}

/// The amount that a transaction adds. `Quotas::apply` takes it after the commit.
#[derive(Debug, Clone, Copy)]
pub struct Charge {
    user_id: i64,
    kind: Kind,
    bytes: u64,
    /// The pending amount that this transaction counted in the database; `None` if it counted nothing there.
    counted: Option<u64>,
}

impl Quotas {
    /// The limits are bytes per user; 0 is no limit.
    pub fn new(answers: u64, history: u64) -> Self {
        Self {
            answers,
            history,
            pending: Arc::default(),
        }
    }

    /// Counts `bytes` of a user in the transaction, or leaves a small amount for later.
    ///
    /// Fails with [`Error::QuotaReached`] if the user has reached the limit.
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

    /// Updates the pending amounts after a commit.
    pub(crate) fn apply(&self, charge: Charge) {
        let key = (charge.user_id, charge.kind);
        let mut all = self.pending();
        if all.len() >= MAX_PENDING && !all.contains_key(&key) {
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

/// Returns the first hour that counts.
pub fn first_hour() -> i64 {
    hour() - WINDOW + 1
}

fn hour() -> i64 {
    Utc::now().timestamp() / 3_600
}

/// Adds bytes to the current hour. Returns false if the limit does not allow it.
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

/// Returns how long it takes until the oldest hour no longer counts.
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
