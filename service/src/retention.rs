//! Deletion of expired data: deleted rows, idempotency keys, sign-in sessions, API keys, one-time tokens, failure counters
//! and, if configured, audit entries.
use std::time::Duration;

use ::entity::{api_keys, one_time_tokens, sessions, throttles};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, IntoCondition},
};
use serde::Deserialize;

use crate::identity::{self, Identity};
use kernel::{
    Actor, Error, Kernel, Reads, Result, Session, Tx, audit,
    crud::{cascade, count},
    entity::{deletions, idempotency_keys, written_bytes},
    idempotency,
    registry::Table,
    resource::{now, scope},
    session::quota,
};

/// The maximum number of rows that one transaction deletes.
const BATCH: u64 = 500;

/// The id of the advisory lock that lets one node purge at a time. The number is arbitrary but unique.
const PURGE_LOCK: i64 = 0x5055_5247_4552;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long deleted rows are kept.
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

/// The number of expired rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    pub table: &'static str,
    pub rows: u64,
}

/// Deletes expired data in batches of one transaction each, and calls `progress` after each batch. It does nothing while
/// another node purges.
pub async fn purge(kernel: &Kernel, mut progress: impl FnMut(&Expired)) -> Result<Vec<Expired>> {
    let session = kernel.session(Actor::System).long();
    let mut all = Vec::new();
    // All tables use the same time. Otherwise owners that expire during the purge would delete all their rows in one batch.
    let before = before(kernel.state::<Settings>().retention)?;
    // Owned rows are purged before their owners: they were deleted with them or earlier.
    for table in kernel.registry().tables().iter().rev() {
        let rows = async |tx: &Tx| deleted_rows(tx, table, before).await;
        all.push(drain(&session, table.name, rows, &mut progress).await?);
    }
    let deletions = async |tx: &Tx| unused_deletions(tx, before).await;
    let entries = async |tx: &Tx| entries(tx, kernel).await;
    all.push(drain(&session, "deletions", deletions, &mut progress).await?);
    all.push(
        drain(
            &session,
            "idempotency_keys",
            expired_idempotency_keys,
            &mut progress,
        )
        .await?,
    );
    let sessions = async |tx: &Tx| ended_sessions(tx, kernel).await;
    all.push(drain(&session, "sessions", sessions, &mut progress).await?);
    all.push(drain(&session, "api_keys", expired_keys, &mut progress).await?);
    all.push(drain(&session, "one_time_tokens", expired_tokens, &mut progress).await?);
    all.push(drain(&session, "throttles", ended_throttles, &mut progress).await?);
    all.push(drain(&session, "written_bytes", old_byte_counters, &mut progress).await?);
    all.push(drain(&session, "audit_entries", entries, &mut progress).await?);
    Ok(all)
}

/// Counts the deleted rows that the next purge would remove.
pub async fn preview(kernel: &Kernel) -> Result<Vec<Expired>> {
    let before = before(kernel.state::<Settings>().retention)?;
    let mut all = Vec::new();
    for table in kernel.registry().tables() {
        let old = scope::deleted_rows(table.name, "id")
            .and_where(Expr::col((table.name, "deleted_at")).lt(before))
            .take();
        let rows = count::ids(kernel.database.reader(), table.name, old).await?;
        all.push(Expired {
            table: table.name,
            rows: u64::try_from(rows).unwrap_or_default(),
        });
    }
    Ok(all)
}

/// Runs batches until one finds nothing to delete.
async fn drain(
    session: &Session,
    table: &'static str,
    batch: impl AsyncFn(&Tx) -> Result<u64>,
    progress: &mut impl FnMut(&Expired),
) -> Result<Expired> {
    let mut expired = Expired { table, rows: 0 };
    loop {
        let removed = session.write(async |tx| {
            if tx.try_advisory_lock(PURGE_LOCK).await? {
                batch(tx).await
            } else {
                Ok(0)
            }
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

/// Deletes the deletions that no row refers to any more.
async fn unused_deletions(tx: &Tx, before: DateTimeWithTimeZone) -> Result<u64> {
    use deletions::Column;
    let mut old = scope::plain::<deletions::Entity>()
        .filter(Column::DeletedAt.lt(before))
        .order_by_asc(Column::Id)
        .limit(BATCH);
    for table in tx.kernel().registry().tables() {
        let rows = scope::deleted_rows(table.name, "id")
            .and_where(Expr::col((table.name, "deletion_id")).equals(("deletions", "id")))
            .take();
        old = old.filter(Expr::exists(rows).not());
    }
    let ids = old.select_only().column(Column::Id).into_query();
    scope::erase::<deletions::Entity>(tx, Column::Id.in_subquery(ids)).await
}

async fn expired_idempotency_keys(tx: &Tx) -> Result<u64> {
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
    // A key that was reused meanwhile has a new time and is kept.
    let still_old = Column::CreatedAt.lte(now() - idempotency::LIFETIME);
    scope::erase::<Entity>(tx, key.is_in(these).and(still_old)).await
}

async fn ended_sessions(tx: &Tx, kernel: &Kernel) -> Result<u64> {
    erase_batch(
        tx,
        sessions::Column::Id,
        identity::expired_sessions(&kernel.state::<Identity>().settings)?,
    )
    .await
}

async fn expired_keys(tx: &Tx) -> Result<u64> {
    erase_batch(tx, api_keys::Column::Id, identity::expired_keys()).await
}

async fn expired_tokens(tx: &Tx) -> Result<u64> {
    use one_time_tokens::Column;
    erase_batch(tx, Column::Id, Column::ExpiresAt.lte(now())).await
}

/// Deletes failure counters whose window and wait have ended.
async fn ended_throttles(tx: &Tx) -> Result<u64> {
    use throttles::Column;
    let is_expired = Column::ExpiresAt.lte(now());
    erase_batch(
        tx,
        Column::Key,
        is_expired.and(Column::BlockedUntil.lte(now())),
    )
    .await
}

/// Deletes the byte counters of hours that no quota covers any more.
async fn old_byte_counters(tx: &Tx) -> Result<u64> {
    use written_bytes::Column;
    scope::erase::<written_bytes::Entity>(tx, Column::Hour.lt(quota::first_hour())).await
}

/// Deletes a batch of the rows that meet the condition. The condition is checked again on deletion, because a row may have
/// been used meanwhile.
async fn erase_batch<C>(tx: &Tx, key: C, is_expired: impl IntoCondition) -> Result<u64>
where
    C: ColumnTrait<EntityName: EntityTrait>,
{
    let is_expired = is_expired.into_condition();
    let old = scope::plain::<C::EntityName>()
        .filter(is_expired.clone())
        .limit(BATCH)
        .select_only()
        .column(key)
        .into_query();
    scope::erase::<C::EntityName>(tx, is_expired.add(key.in_subquery(old))).await
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
