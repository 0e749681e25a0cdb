//! Seals committed entries: it numbers them in one order and adds them to the chain.
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    Statement,
    sea_query::{Expr, ExprTrait},
};

use super::chain::{BLOCK, Key, digest};
use crate::{
    Actor, Error, Kernel, Result, Tx,
    entity::{
        audit_blocks,
        audit_entries::{Column, Entity, Model as Entry},
        audit_seals,
    },
    resource::{now, scope},
};

/// The key of the lock of the one node that seals. The number is arbitrary.
const SEALER: i64 = 0x5345_414c_4552;

/// The ids of PostgreSQL's oldest running transaction, and of the next transaction.
const OLDEST: &str = "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)";
const NEXT: &str = "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)";

/// Seals all entries that can be sealed, one block per transaction, and returns their number. Returns 0 if another node is
/// sealing.
///
/// An entry waits until every transaction that began before its own has ended, so that no earlier entry can appear later.
pub async fn seal(kernel: &Kernel) -> Result<u64> {
    let session = kernel.session(Actor::System);
    let mut all = 0;
    loop {
        let sealed = session
            .write(async |tx| seal_block(tx, &kernel.audit).await)
            .await?;
        all += sealed;
        if sealed < BLOCK {
            return Ok(all);
        }
    }
}

async fn seal_block(tx: &Tx, settings: &super::Settings) -> Result<u64> {
    if !tx.try_advisory_lock(SEALER).await? {
        return Ok(0);
    }
    let last = last_block(tx).await?;
    let place = (last.last_transaction_id, last.last_entry_id);
    let entries = sealable_entries(tx, place).await?;
    let Some(end) = entries.last() else {
        return Ok(0);
    };
    let key = Key::load(settings, tx).await?;
    let sealed = |(seq, entry)| (seq, digest(entry), entry);
    let sealed: Vec<_> = (last.last_seq + 1..).zip(&entries).map(sealed).collect();
    let next = audit_blocks::ActiveModel {
        number: Set(last.number + 1),
        created_at: Set(now()),
        first_seq: Set(last.last_seq + 1),
        last_seq: Set(last.last_seq + count(&entries)?),
        last_transaction_id: Set(end.transaction_id),
        last_entry_id: Set(end.id),
        mac: Set(key.mac_of_block(&last.mac, &sealed)),
    };
    let seals = sealed
        .into_iter()
        .map(|(seq, digest, entry)| audit_seals::ActiveModel {
            seq: Set(seq),
            entry_id: Set(entry.id),
            digest: Set(digest),
        });
    audit_seals::Entity::insert_many(seals)
        .exec_without_returning(tx)
        .await?;
    audit_blocks::Entity::insert(next)
        .exec_without_returning(tx)
        .await?;
    Ok(entries.len() as u64)
}

/// Returns the newest block.
pub async fn last_block(tx: &impl ConnectionTrait) -> Result<audit_blocks::Model> {
    let last = scope::plain::<audit_blocks::Entity>()
        .order_by_desc(audit_blocks::Column::Number)
        .one(tx)
        .await?;
    Ok(last.unwrap_or_else(empty_chain))
}

/// Returns the block before the first one.
pub fn empty_chain() -> audit_blocks::Model {
    audit_blocks::Model {
        number: 0,
        created_at: now(),
        first_seq: 0,
        last_seq: 0,
        last_transaction_id: -1,
        last_entry_id: 0,
        mac: Vec::new(),
    }
}

/// Returns the committed entries after a position in the order of their transactions, up to the first position at which another
/// entry could still appear.
async fn sealable_entries(tx: &Tx, (transaction, entry): (i64, i64)) -> Result<Vec<Entry>> {
    let rows = unsealed_entries().limit(BLOCK);
    let position = [Column::TransactionId, Column::Id].map(Expr::col);
    let after_last_block =
        Expr::tuple(position).gt(Expr::tuple([Expr::val(transaction), Expr::val(entry)]));
    let in_order = |rows: Select<Entity>| {
        let rows = rows
            .filter(after_last_block.clone())
            .order_by_asc(Column::TransactionId);
        rows.order_by_asc(Column::Id)
    };
    if tx.get_database_backend() != DbBackend::Postgres {
        // This transaction is the only one that writes.
        return Ok(in_order(rows).all(tx).await?);
    }
    let rows = rows.filter(transaction_ended());
    let rows = if is_of_another_cluster(tx, transaction).await? {
        rows.order_by_asc(Column::Id)
    } else {
        in_order(rows)
    };
    Ok(rows.all(tx).await?)
}

/// Selects the entries without a seal, which are nearly always those after the last block.
pub fn unsealed_entries() -> Select<Entity> {
    let seal = scope::plain_as::<audit_seals::Entity>("seal")
        .column(("seal", "entry_id"))
        .and_where(Expr::col(("seal", "entry_id")).equals(("audit_entries", "id")))
        .take();
    scope::plain::<Entity>().filter(Expr::exists(seal).not())
}

/// Returns a condition for entries whose transaction ended before every running one began, or has an id that no running one can
/// have, because it is from another cluster.
fn transaction_ended() -> Expr {
    let is_behind = Expr::col(Column::TransactionId).lt(Expr::cust(OLDEST));
    is_behind.or(Expr::col(Column::TransactionId).gte(Expr::cust(NEXT)))
}

/// Returns true if the last block was sealed in another cluster. A restored dump contains the transaction ids of the old
/// server, and the new server counts from its own.
pub async fn is_of_another_cluster(db: &impl ConnectionTrait, transaction: i64) -> Result<bool> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let ahead = format!("SELECT $1 >= {NEXT} AS is_ahead");
    let ahead = Statement::from_sql_and_values(DbBackend::Postgres, ahead, [transaction.into()]);
    let row = db.query_one_raw(ahead).await?;
    let row = row.ok_or_else(|| Error::bug("a comparison returned no row"))?;
    Ok(row.try_get("", "is_ahead")?)
}

fn count(entries: &[Entry]) -> Result<i64> {
    i64::try_from(entries.len()).map_err(Error::internal)
}
