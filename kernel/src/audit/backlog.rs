//! How far sealing lags behind: the entries that wait for their seal.
use sea_orm::{
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait},
};

use super::seal::{is_of_another_cluster, last_block, unsealed_entries};
use crate::{
    Kernel, Result,
    entity::audit_entries::{Column, Entity},
    resource::scope,
};

/// Further entries are not counted, so that a long backlog does not make monitoring slow.
const MAX_COUNTED: u64 = 10_000;

/// The entries without a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// At most 10,000.
    pub entries: u64,
    /// When the first of them was written.
    pub since: Option<DateTimeWithTimeZone>,
}

#[derive(FromQueryResult)]
struct Written {
    created_at: DateTimeWithTimeZone,
}

/// Reads which entries wait for their seal.
pub async fn backlog(kernel: &Kernel) -> Result<Backlog> {
    let reader = kernel.database.reader();
    let last = last_block(reader).await?;
    let is_moved = is_of_another_cluster(reader, last.last_transaction_id).await?;
    // After a move to another cluster, new transactions have lower ids than the sealed ones.
    let unsealed = if is_moved {
        unsealed_entries()
    } else {
        let position = [Column::TransactionId, Column::Id].map(Expr::col);
        let end = [last.last_transaction_id, last.last_entry_id].map(Expr::val);
        scope::plain::<Entity>().filter(Expr::tuple(position).gt(Expr::tuple(end)))
    };
    let oldest = unsealed
        .clone()
        .select_only()
        .column(Column::CreatedAt)
        .order_by_asc(Column::TransactionId)
        .order_by_asc(Column::Id)
        .limit(1)
        .into_model::<Written>()
        .one(reader)
        .await?;
    let Some(oldest) = oldest else {
        return Ok(Backlog::default());
    };
    let ids = unsealed.select_only().column(Column::Id);
    let ids: Vec<i64> = ids.limit(MAX_COUNTED).into_tuple().all(reader).await?;
    Ok(Backlog {
        entries: ids.len() as u64,
        since: Some(oldest.created_at),
    })
}
