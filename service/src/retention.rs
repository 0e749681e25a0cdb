//! What is kept only for a time: deleted rows, idempotency keys, sign-in sessions, API keys, tokens of mail, counters of failures
//! and, if so configured, the audit.
use std::time::Duration;

use ::entity::{
    api_keys, deletions, idempotency_keys, one_time_tokens, sessions, throttles, written_bytes,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, IntoCondition},
};
use serde::Deserialize;

use crate::{
    Actor, Application, Error, Kernel, Reads, Result, Session, Tx, audit, auth,
    crud::{base, cascade, now, scope},
    idempotency, quota,
    registry::Table,
};

/// Rows of one transaction.
const BATCH: u64 = 500;

/// Names the lock of the one node that purges; any number of our own will do.
const PURGER: i64 = 0x5055_5247_4552;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Of deleted rows.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention: Duration::from_hours(30 * 24),
        }
    }
}

/// How many rows of a table have had their time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    pub table: &'static str,
    pub rows: u64,
}

/// Removes what has had its time, in batches, one transaction each; `progress` hears of each batch.
/// Where another node is at it, nothing happens.
pub async fn purge(kernel: &Kernel, mut progress: impl FnMut(&Expired)) -> Result<Vec<Expired>> {
    let session = kernel.session(Actor::System).long();
    let mut all = Vec::new();
    // One time for all tables: a batch of owners whose time ends meanwhile would take all that they own along.
    let before = before(kernel.atoll().soft_delete.retention)?;
    // What is owned goes before its owners: it was deleted with them, or before.
    for table in kernel.registry.tables().iter().rev() {
        let rows = async |tx: &Tx| deleted_rows(tx, table, before).await;
        all.push(drain(&session, table.name, rows, &mut progress).await?);
    }
    let deletions = async |tx: &Tx| forgotten_deletions(tx, before).await;
    let entries = async |tx: &Tx| entries(tx, kernel).await;
    all.push(drain(&session, "deletions", deletions, &mut progress).await?);
    all.push(drain(&session, "idempotency_keys", keys, &mut progress).await?);
    let sessions = async |tx: &Tx| ended_sessions(tx, kernel).await;
    all.push(drain(&session, "sessions", sessions, &mut progress).await?);
    all.push(drain(&session, "api_keys", expired_keys, &mut progress).await?);
    all.push(drain(&session, "one_time_tokens", expired_tokens, &mut progress).await?);
    all.push(drain(&session, "throttles", forgiven, &mut progress).await?);
    all.push(drain(&session, "written_bytes", uncounted, &mut progress).await?);
    all.push(drain(&session, "audit_entries", entries, &mut progress).await?);
    Ok(all)
}

/// How many deleted rows the next purge removes.
pub async fn preview(kernel: &Kernel) -> Result<Vec<Expired>> {
    let before = before(kernel.atoll().soft_delete.retention)?;
    let mut all = Vec::new();
    for table in kernel.registry.tables() {
        let old = scope::deleted_rows(table.name, "id")
            .and_where(Expr::col((table.name, "deleted_at")).lt(before))
            .take();
        let rows = base::count(kernel.database.reader(), table.name, old).await?;
        all.push(Expired {
            table: table.name,
            rows: u64::try_from(rows).unwrap_or_default(),
        });
    }
    Ok(all)
}

/// One batch after the other, until there is nothing left for one.
async fn drain(
    session: &Session,
    table: &'static str,
    batch: impl AsyncFn(&Tx) -> Result<u64>,
    progress: &mut impl FnMut(&Expired),
) -> Result<Expired> {
    let mut expired = Expired { table, rows: 0 };
    loop {
        let removed = session.write(async |tx| match tx.is_the_only(PURGER).await? {
            true => batch(tx).await,
            false => Ok(0),
        });
        let removed = removed.await?;
        expired.rows += removed;
        if removed == 0 {
            return Ok(expired);
        }
        progress(&expired);
    }
}

async fn deleted_rows(tx: &Tx, table: &Table, before: DateTimeWithTimeZone) -> Result<u64> {
    let ids = scope::deleted_rows(table.name, "id")
        .and_where(Expr::col((table.name, "deleted_at")).lt(before))
        .order_by((table.name, "id"), sea_orm::Order::Asc)
        .limit(BATCH)
        .take();
    let rows = tx.query_all(&ids).await?;
    let ids: Vec<i64> = rows
        .iter()
        .map(|row| row.try_get("", "id"))
        .collect::<Result<_, _>>()?;
    if !ids.is_empty() {
        cascade::purge(tx, table.name, &ids).await?;
    }
    Ok(ids.len() as u64)
}

/// Deletions that no row belongs to any more.
async fn forgotten_deletions(tx: &Tx, before: DateTimeWithTimeZone) -> Result<u64> {
    use deletions::Column;
    let mut old = scope::plain::<deletions::Entity>()
        .filter(Column::DeletedAt.lt(before))
        .order_by_asc(Column::Id)
        .limit(BATCH);
    for table in tx.registry().tables() {
        let rows = scope::deleted_rows(table.name, "id")
            .and_where(Expr::col((table.name, "deletion_id")).equals(("deletions", "id")))
            .take();
        old = old.filter(Expr::exists(rows).not());
    }
    let ids = old.select_only().column(Column::Id).into_query();
    scope::erase::<deletions::Entity>(tx, Column::Id.in_subquery(ids)).await
}

async fn keys(tx: &Tx) -> Result<u64> {
    use idempotency_keys::{Column, Entity};
    let old = scope::plain::<Entity>()
        .filter(Column::CreatedAt.lte(now() - idempotency::LIFETIME))
        .order_by_asc(Column::CreatedAt)
        .limit(BATCH)
        .all(tx)
        .await?;
    let these = old
        .iter()
        .map(|key| Expr::tuple([Expr::val(key.user_id), Expr::val(key.key.as_str())]));
    if old.is_empty() {
        return Ok(0);
    }
    let key = Expr::tuple([Column::UserId, Column::Key].map(Expr::col));
    // One that was taken again meanwhile is another.
    let still_old = Column::CreatedAt.lte(now() - idempotency::LIFETIME);
    scope::erase::<Entity>(tx, key.is_in(these).and(still_old)).await
}

async fn ended_sessions(tx: &Tx, kernel: &Kernel) -> Result<u64> {
    erase_some(tx, sessions::Column::Id, auth::over(&kernel.atoll().auth)?).await
}

async fn expired_keys(tx: &Tx) -> Result<u64> {
    erase_some(tx, api_keys::Column::Id, auth::expired()).await
}

async fn expired_tokens(tx: &Tx) -> Result<u64> {
    use one_time_tokens::Column;
    erase_some(tx, Column::Id, Column::ExpiresAt.lte(now())).await
}

/// Failures that nobody has to wait for any more.
async fn forgiven(tx: &Tx) -> Result<u64> {
    use throttles::Column;
    let is_over = Column::ExpiresAt.lte(now());
    erase_some(
        tx,
        Column::Key,
        is_over.and(Column::BlockedUntil.lte(now())),
    )
    .await
}

/// Counters of hours that no longer count.
async fn uncounted(tx: &Tx) -> Result<u64> {
    use written_bytes::Column;
    scope::erase::<written_bytes::Entity>(tx, Column::Hour.lt(quota::first_hour())).await
}

/// A batch of the rows that are over. One that is used again meanwhile is not.
async fn erase_some<C>(tx: &Tx, key: C, is_over: impl IntoCondition) -> Result<u64>
where
    C: ColumnTrait,
    C::EntityName: scope::Plain,
{
    let is_over = is_over.into_condition();
    let old = scope::plain::<C::EntityName>()
        .filter(is_over.clone())
        .limit(BATCH)
        .select_only()
        .column(key)
        .into_query();
    scope::erase::<C::EntityName>(tx, is_over.add(key.in_subquery(old))).await
}

async fn entries(tx: &Tx, kernel: &Kernel) -> Result<u64> {
    match kernel.audit.retention {
        Duration::ZERO => Ok(0),
        retention => audit::prune(tx, &kernel.audit, before(retention)?).await,
    }
}

fn before(retention: Duration) -> Result<DateTimeWithTimeZone> {
    let retention = chrono::Duration::from_std(retention).map_err(Error::internal)?;
    Ok(now() - retention)
}
