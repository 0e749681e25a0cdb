//! Removes old entries in whole blocks, oldest first, so that the rest of the chain can still be verified.
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Statement, prelude::DateTimeWithTimeZone,
};

use super::{Settings, chain::Key};
use crate::{
    Error, Result, Tx,
    entity::{
        audit_blocks::{self, Model as Block},
        audit_entries, audit_prunes, audit_seals,
    },
    resource::{now, scope},
};

/// The most blocks of one transaction.
const BATCH: u64 = 20;

/// Removes some of the entries that were sealed before a time, and returns their number. The last block always stays.
pub async fn prune(tx: &Tx, settings: &Settings, before: DateTimeWithTimeZone) -> Result<u64> {
    use audit_blocks::Column;
    let blocks = scope::plain::<audit_blocks::Entity>()
        .order_by_asc(Column::Number)
        .limit(BATCH + 1)
        .all(tx)
        .await?;
    let but_the_last = blocks.iter().rev().skip(1).rev();
    let old = but_the_last.take_while(|block| block.created_at < before);
    let Some(end) = old.last() else { return Ok(0) };
    let key = Key::load(settings, tx).await?;
    let mac = key.mac_of_prune(end.number, end.last_seq, &end.mac);
    match tx.get_database_backend() {
        DbBackend::Postgres => prune_as_table_owner(tx, end, mac).await,
        _ => prune_directly(tx, end, mac).await,
    }
}

/// Prunes with the rights of the tables' owner, because the role of the server may lack the right to remove an entry.
async fn prune_as_table_owner(tx: &Tx, end: &Block, mac: Vec<u8>) -> Result<u64> {
    let prune = "SELECT audit_prune($1, $2) AS pruned";
    let values = [end.number.into(), mac.into()];
    let prune = Statement::from_sql_and_values(DbBackend::Postgres, prune, values);
    let row = tx.query_one_raw(prune).await?;
    let row = row.ok_or_else(|| Error::bug("audit_prune returned no row"))?;
    let pruned: i64 = row.try_get("", "pruned")?;
    u64::try_from(pruned).map_err(Error::internal)
}

async fn prune_directly(tx: &Tx, end: &Block, mac: Vec<u8>) -> Result<u64> {
    let sealed = scope::plain::<audit_seals::Entity>()
        .filter(audit_seals::Column::Seq.lte(end.last_seq))
        .select_only()
        .column(audit_seals::Column::EntryId)
        .into_query();
    let theirs = audit_entries::Column::Id.in_subquery(sealed);
    let pruned = scope::erase::<audit_entries::Entity>(tx, theirs).await?;
    let seals = audit_seals::Column::Seq.lte(end.last_seq);
    scope::erase::<audit_seals::Entity>(tx, seals).await?;
    let blocks = audit_blocks::Column::Number.lte(end.number);
    scope::erase::<audit_blocks::Entity>(tx, blocks).await?;
    scope::erase::<audit_prunes::Entity>(tx, audit_prunes::Column::Number.lt(end.number)).await?;
    let place = audit_prunes::ActiveModel {
        created_at: Set(now()),
        number: Set(end.number),
        last_seq: Set(end.last_seq),
        mac: Set(mac),
        block_mac: Set(end.mac.clone()),
        ..Default::default()
    };
    audit_prunes::Entity::insert(place)
        .exec_without_returning(tx)
        .await?;
    Ok(pruned)
}
