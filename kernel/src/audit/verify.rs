//! Verifies that the audit log is as it was sealed.
use std::collections::{HashMap, HashSet};

use sea_orm::{
    ColumnTrait, ConnectionTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use super::{
    AuditAction,
    chain::{Key, digest},
    seal,
    verdict::{Problem, Receipt, Verdict},
};
use crate::{
    Kernel, Result,
    entity::{
        audit_blocks,
        audit_entries::{self, Model as Entry},
        audit_prunes, audit_seals,
    },
    resource::scope,
};

/// The number of blocks that are read at a time.
const BATCH: u64 = 100;

/// Verifies the whole chain in bounded memory. `receipt` is the result of an earlier verification.
pub async fn verify(kernel: &Kernel, receipt: Option<&Receipt>) -> Result<Verdict> {
    let db = kernel.database.reader();
    let key = Key::load(&kernel.audit, db).await?;
    let mut verdict = Verdict::default();
    let mut chain = chain_start(db, &key, &mut verdict).await?;
    let mut is_met = receipt.is_none_or(|receipt| receipt.seq <= chain.last_seq);
    loop {
        let blocks = scope::plain::<audit_blocks::Entity>()
            .filter(audit_blocks::Column::Number.gt(chain.number))
            .order_by_asc(audit_blocks::Column::Number)
            .limit(BATCH)
            .all(db)
            .await?;
        if blocks.is_empty() {
            break;
        }
        for block in blocks {
            check_block(db, &key, &chain, &block, &mut verdict).await?;
            is_met |= receipt
                .is_some_and(|receipt| receipt.seq == block.last_seq && receipt.mac == block.mac);
            chain = block;
        }
    }
    if let (Some(receipt), false) = (receipt, is_met) {
        verdict
            .problems
            .push(Problem::Truncated { seq: receipt.seq });
    }
    check_unsealed(db, &chain, &mut verdict).await?;
    verdict.receipt = Receipt {
        seq: chain.last_seq,
        mac: chain.mac,
    };
    Ok(verdict)
}

/// The number of blocks that [`verify_newest`] reads.
pub const NEWEST_BLOCKS: u64 = 5;

/// Verifies the newest blocks, and returns the number of the first entry in them. Only [`verify`] finds problems in older ones.
pub async fn verify_newest(kernel: &Kernel) -> Result<(Verdict, i64)> {
    let db = kernel.database.reader();
    let key = Key::load(&kernel.audit, db).await?;
    let mut verdict = Verdict::default();
    // One more: a block is authenticated together with the one before.
    let mut blocks = scope::plain::<audit_blocks::Entity>()
        .order_by_desc(audit_blocks::Column::Number)
        .limit(NEWEST_BLOCKS + 1)
        .all(db)
        .await?;
    blocks.reverse();
    let has_older = blocks.len() as u64 > NEWEST_BLOCKS;
    let mut chain = if has_older {
        blocks.remove(0)
    } else {
        chain_start(db, &key, &mut verdict).await?
    };
    let first_seq = chain.last_seq + 1;
    for block in blocks {
        check_block(db, &key, &chain, &block, &mut verdict).await?;
        chain = block;
    }
    verdict.receipt = Receipt {
        seq: chain.last_seq,
        mac: chain.mac,
    };
    Ok((verdict, first_seq))
}

/// Returns the block before the first one: an empty one, or the last that was pruned.
async fn chain_start(
    db: &impl ConnectionTrait,
    key: &Key,
    verdict: &mut Verdict,
) -> Result<audit_blocks::Model> {
    let pruned = scope::plain::<audit_prunes::Entity>()
        .order_by_desc(audit_prunes::Column::Number)
        .one(db)
        .await?;
    let nothing = seal::empty_chain();
    let Some(pruned) = pruned else {
        return Ok(nothing);
    };
    let audit_prunes::Model {
        number,
        last_seq,
        block_mac,
        mac,
        ..
    } = pruned;
    if key.mac_of_prune(number, last_seq, &block_mac) != mac {
        verdict.problems.push(Problem::Broken {
            number,
            first_seq: 1,
            last_seq,
        });
    }
    Ok(audit_blocks::Model {
        number,
        last_seq,
        mac: block_mac,
        ..nothing
    })
}

async fn check_block(
    db: &impl ConnectionTrait,
    key: &Key,
    before: &audit_blocks::Model,
    block: &audit_blocks::Model,
    verdict: &mut Verdict,
) -> Result<()> {
    let problems = verdict.problems.len();
    let seals = scope::plain::<audit_seals::Entity>()
        .filter(audit_seals::Column::Seq.between(block.first_seq, block.last_seq))
        .order_by_asc(audit_seals::Column::Seq)
        .all(db)
        .await?;
    let ids = seals.iter().map(|seal| seal.entry_id);
    let entries =
        scope::plain::<audit_entries::Entity>().filter(audit_entries::Column::Id.is_in(ids));
    let entries: HashMap<_, _> = entries
        .all(db)
        .await?
        .into_iter()
        .map(|entry| (entry.id, entry))
        .collect();
    let purged = find_purged(db, entries.values().filter(|entry| is_erased(entry))).await?;
    let mut found = Vec::new();
    let mut seals = seals.into_iter().peekable();
    for seq in block.first_seq..=block.last_seq {
        let seal = seals.next_if(|seal| seal.seq == seq);
        let entry = seal.as_ref().and_then(|seal| entries.get(&seal.entry_id));
        let (Some(seal), Some(entry)) = (seal, entry) else {
            verdict.problems.push(Problem::Missing { seq });
            continue;
        };
        let is_intact = if is_erased(entry) {
            purged.contains(&(entry.resource.clone(), entry.resource_id))
        } else {
            digest(entry) == seal.digest
        };
        if !is_intact {
            verdict.problems.push(Problem::Altered { seq });
        }
        found.push((seq, seal.digest, entry));
    }
    verdict.entries += found.len() as u64;
    verdict.blocks += 1;
    let follows = block.number == before.number + 1 && block.first_seq == before.last_seq + 1;
    let is_whole = follows && key.mac_of_block(&before.mac, &found) == block.mac;
    // A problem that was already found for an entry of this block explains the difference.
    if !is_whole && verdict.problems.len() == problems {
        let audit_blocks::Model {
            number,
            first_seq,
            last_seq,
            ..
        } = *block;
        verdict.problems.push(Problem::Broken {
            number,
            first_seq,
            last_seq,
        });
    }
    Ok(())
}

fn is_erased(entry: &Entry) -> bool {
    entry.salt.is_none() && entry.changes.is_none() && entry.texts.is_none()
}

/// Returns the rows of these entries that were purged, so that their values were erased.
async fn find_purged(
    db: &impl ConnectionTrait,
    erased: impl Iterator<Item = &Entry>,
) -> Result<HashSet<(String, i64)>> {
    use audit_entries::Column;
    let ids: Vec<_> = erased.map(|entry| entry.resource_id).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let purged = scope::plain::<audit_entries::Entity>()
        .filter(Column::Action.eq(AuditAction::Purged.as_str()))
        .filter(Column::ResourceId.is_in(ids))
        .select_only()
        .columns([Column::Resource, Column::ResourceId]);
    let purged: Vec<(String, i64)> = purged.into_tuple().all(db).await?;
    Ok(purged.into_iter().collect())
}

/// Counts the entries that wait to be sealed, and reports unsealed entries among sealed ones.
async fn check_unsealed(
    db: &impl ConnectionTrait,
    end: &audit_blocks::Model,
    verdict: &mut Verdict,
) -> Result<()> {
    use audit_entries::Column;
    let unsealed = seal::unsealed_entries();
    let behind = if seal::is_of_another_cluster(db, end.last_transaction_id).await? {
        // Later entries count from other numbers.
        Column::Id.lte(end.last_entry_id)
    } else {
        Expr::tuple([Column::TransactionId, Column::Id].map(Expr::col)).lte(Expr::tuple(
            [end.last_transaction_id, end.last_entry_id].map(Expr::val),
        ))
    };
    let inserted = unsealed.clone().filter(behind.clone()).limit(BATCH);
    for entry in inserted.all(db).await? {
        verdict.problems.push(Problem::Inserted { id: entry.id });
    }
    verdict.unsealed = unsealed.filter(behind.not()).count(db).await?;
    Ok(())
}
