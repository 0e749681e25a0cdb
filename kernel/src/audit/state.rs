//! The state of the chain, without reading the whole log.
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, prelude::DateTimeWithTimeZone,
};

use super::seal::unsealed_entries;
use crate::{
    Reads, Result,
    crud::count_up_to,
    entity::{audit_blocks, audit_entries, audit_prunes},
    resource::scope,
};

/// The most unsealed entries that are counted.
pub const MAX_UNSEALED: u64 = 10_000;

/// An unsealed entry may have a smaller id than the last sealed one, because transactions do not commit in the order of their
/// ids. It is not this far behind.
const MARGIN: i64 = 10_000;

#[derive(Debug)]
pub struct ChainState {
    /// The number of the last sealed entry; 0 if there is none.
    pub last_seq: i64,
    pub last_sealed_at: Option<DateTimeWithTimeZone>,
    /// The number of the last entry that was pruned; 0 if there is none.
    pub pruned_seq: i64,
    /// The number of entries that are not sealed yet, up to [`MAX_UNSEALED`].
    pub unsealed: u64,
}

/// Reads the state of the chain, in a few statements that read a bounded number of rows.
pub async fn state(reads: &impl Reads) -> Result<ChainState> {
    let db = reads.db()?;
    let last = scope::plain::<audit_blocks::Entity>()
        .order_by_desc(audit_blocks::Column::Number)
        .one(db)
        .await?;
    let pruned = scope::plain::<audit_prunes::Entity>()
        .order_by_desc(audit_prunes::Column::Number)
        .one(db)
        .await?;
    let from = last.as_ref().map_or(0, |last| last.last_entry_id - MARGIN);
    let newest = unsealed_entries()
        .filter(audit_entries::Column::Id.gt(from))
        .select_only()
        .column(audit_entries::Column::Id)
        .into_query();
    let pruned_seq = pruned.map_or(0, |pruned| pruned.last_seq);
    Ok(ChainState {
        last_seq: last.as_ref().map_or(pruned_seq, |last| last.last_seq),
        last_sealed_at: last.map(|last| last.created_at),
        pruned_seq,
        unsealed: count_up_to(db, newest, MAX_UNSEALED).await?,
    })
}
