//! Giving up old entries: whole blocks, oldest first, so that the rest of the chain can still be verified.
use ::entity::{audit_blocks, audit_entries, audit_prunes, audit_seals};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::DateTimeWithTimeZone,
};

use super::{Settings, chain::Key};
use crate::{
    Result, Tx,
    crud::{now, scope},
};

/// Blocks of one transaction.
const CHUNK: u64 = 20;

/// Removes some of what was sealed before a time; how many entries. The last block always stays.
pub async fn prune(tx: &Tx, settings: &Settings, before: DateTimeWithTimeZone) -> Result<u64> {
    use audit_blocks::Column;
    let blocks = scope::plain::<audit_blocks::Entity>()
        .order_by_asc(Column::Number)
        .limit(CHUNK + 1)
        .all(tx)
        .await?;
    let but_the_last = blocks.iter().rev().skip(1).rev();
    let old = but_the_last.take_while(|block| block.created_at < before);
    let Some(end) = old.last() else { return Ok(0) };
    let sealed = scope::plain::<audit_seals::Entity>()
        .filter(audit_seals::Column::Seq.lte(end.last_seq))
        .select_only()
        .column(audit_seals::Column::EntryId)
        .into_query();
    let theirs = audit_entries::Column::Id.in_subquery(sealed);
    let pruned = scope::erase::<audit_entries::Entity>(tx, theirs).await?;
    let seals = audit_seals::Column::Seq.lte(end.last_seq);
    scope::erase::<audit_seals::Entity>(tx, seals).await?;
    scope::erase::<audit_blocks::Entity>(tx, Column::Number.lte(end.number)).await?;
    scope::erase::<audit_prunes::Entity>(tx, audit_prunes::Column::Number.lt(end.number)).await?;
    let key = Key::of(settings, tx).await?;
    let place = audit_prunes::ActiveModel {
        created_at: Set(now()),
        number: Set(end.number),
        last_seq: Set(end.last_seq),
        mac: Set(key.prune(end.number, end.last_seq, &end.mac)),
        block_mac: Set(end.mac.clone()),
        ..Default::default()
    };
    audit_prunes::Entity::insert(place)
        .exec_without_returning(tx)
        .await?;
    Ok(pruned)
}
