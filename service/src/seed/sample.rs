//! Rows that new rows can belong to.
use chrono::{DateTime, FixedOffset};
use sea_orm::{
    ConnectionTrait, Order,
    sea_query::{Condition, Expr, ExprTrait, LockType},
};

use crate::{Error, Reads, Result, Session, Tx, crud::scope};

pub type Time = DateTime<FixedOffset>;

/// A live row, and when it began to be.
#[derive(Clone, Copy)]
pub struct Parent {
    pub id: i64,
    pub since: Time,
}

/// So many of the newest rows are enough to choose from.
const SAMPLE: u64 = 100_000;
/// Rows that one transaction locks, and so how many parents its rows have.
const LOCKED: usize = 200;
/// Among them, to find one that is old enough.
const TRIES: usize = 20;

/// Live rows of a table that fulfil a condition; `since` is the column with the time.
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

/// The greatest id that a live row has; 0 without rows. Numbers above it make names that no row has.
pub async fn last_id(session: &Session, table: &'static str) -> Result<i64> {
    let query = scope::live_ids(table)
        .order_by((table, "id"), Order::Desc)
        .limit(1)
        .take();
    let row = session.db()?.query_one(&query).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "id"))?)
}

/// Some of the parents, which stay live, and keep to the condition, until the transaction ends. Never none.
pub async fn hold(
    tx: &Tx,
    table: &'static str,
    parents: &[Parent],
    condition: Condition,
) -> Result<Vec<Parent>> {
    let chosen: Vec<Parent> = (0..LOCKED.min(parents.len()))
        .map(|_| *any(parents))
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
    let held: Vec<Parent> = chosen
        .into_iter()
        .filter(|parent| ids.contains(&parent.id))
        .collect();
    if held.is_empty() {
        return Err(Error::conflict(
            "the rows to add to were deleted meanwhile: try again",
        ));
    }
    Ok(held)
}

/// One of them that was there at that moment; if there was none yet, one that came later.
pub fn pick(parents: &[Parent], moment: Time) -> Parent {
    let mut parent = *any(parents);
    for _ in 0..TRIES {
        if parent.since <= moment {
            break;
        }
        parent = *any(parents);
    }
    parent
}

fn any<T>(items: &[T]) -> &T {
    &items[rand::random_range(0..items.len())]
}

/// Whether something is so that is so for that many in a hundred.
pub fn chance(percent: u8) -> bool {
    rand::random_range(0..100) < percent
}
