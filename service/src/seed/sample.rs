//! Choosing the rows that new rows belong to.
use chrono::{DateTime, FixedOffset};
use sea_orm::{
    ConnectionTrait, Order,
    sea_query::{Condition, Expr, ExprTrait, LockType},
};

use kernel::{Error, Reads, Result, Session, Tx, resource::scope};

pub type Time = DateTime<FixedOffset>;

/// A live row and the time from which new rows can belong to it.
#[derive(Clone, Copy)]
pub struct Parent {
    pub id: i64,
    pub since: Time,
}

/// The number of newest rows to choose from.
const SAMPLE: u64 = 100_000;
/// The maximum number of parents that one transaction locks and uses.
const LOCKED: usize = 200;
/// The number of tries to pick a parent that is old enough.
const TRIES: usize = 20;

/// Reads live rows of a table that meet a condition. `since` is the column with the time.
pub async fn sample(
    session: &Session,
    table: &'static str,
    since: &'static str,
    condition: Condition,
) -> Result<Vec<Parent>> {
    let query = scope::live_ids(table)
        .column((table, since))
        .cond_where(condition)
        .order_by((table, "id"), Order::Desc)
        .limit(SAMPLE)
        .take();
    let rows = session.db()?.query_all(&query).await?;
    let parent = |row: &sea_orm::QueryResult| {
        Ok(Parent {
            id: row.try_get("", "id")?,
            since: row.try_get("", since)?,
        })
    };
    rows.iter().map(parent).collect()
}

/// The greatest id of a live row, or 0 without rows. Numbers above it give unused names.
pub async fn last_id(session: &Session, table: &'static str) -> Result<i64> {
    let query = scope::live_ids(table)
        .order_by((table, "id"), Order::Desc)
        .limit(1)
        .take();
    let row = session.db()?.query_one(&query).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "id"))?)
}

/// Locks some of the parents, so that they stay live and meet the condition until the transaction ends. Fails if there are
/// none.
pub async fn lock_some(
    tx: &Tx,
    table: &'static str,
    parents: &[Parent],
    condition: Condition,
) -> Result<Vec<Parent>> {
    let chosen: Vec<Parent> = (0..LOCKED.min(parents.len()))
        .map(|_| *pick_any(parents))
        .collect();
    let query = scope::live_ids(table)
        .and_where(Expr::col((table, "id")).is_in(chosen.iter().map(|parent| parent.id)))
        .cond_where(condition)
        .order_by((table, "id"), Order::Asc)
        .lock(LockType::Share)
        .take();
    let rows = tx.query_all(&query).await?;
    let ids: Vec<i64> = rows
        .iter()
        .map(|row| row.try_get("", "id"))
        .collect::<Result<_, _>>()?;
    let locked: Vec<Parent> = chosen
        .into_iter()
        .filter(|parent| ids.contains(&parent.id))
        .collect();
    if locked.is_empty() {
        return Err(Error::conflict(
            "the parent rows were deleted during the run; try again",
        ));
    }
    Ok(locked)
}

/// Picks a parent that existed at this moment, or a later one if the tries find none.
pub fn pick(parents: &[Parent], moment: Time) -> Parent {
    let mut parent = *pick_any(parents);
    for _ in 0..TRIES {
        if parent.since <= moment {
            break;
        }
        parent = *pick_any(parents);
    }
    parent
}

pub fn pick_any<T>(items: &[T]) -> &T {
    &items[rand::random_range(0..items.len())]
}

/// Returns true with a probability of `percent`.
pub fn chance(percent: u8) -> bool {
    rand::random_range(0..100) < percent
}
