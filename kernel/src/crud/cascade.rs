//! Deletes, restores and purges rows together with the rows that they own.
//!
//! Each deletion has an id, which every row that it deletes stores. The rows to restore are therefore the rows with that id:
//! one statement per foreign key, whatever the number of rows. A row is in one deletion at a time, and a deleted owner has no
//! live rows.
mod generated_text;

use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    prelude::DateTimeWithTimeZone,
    sea_query::{Condition, Expr, ExprTrait, IntoIden, TableRef, UpdateStatement},
};

use super::{
    erase::erase_purged,
    roots::Roots,
    rows::{self, RowsWrite},
};
use crate::{
    Error, Reads, Result, Tx,
    record::AuditAction,
    registry::Table,
    resource::{Owner, now, scope},
};

/// The alias of the new deletions in the statement that reads them.
const NEW_DELETIONS: &str = "opened";

/// Deletes the live rows `ids` and the rows that they own. Each of `ids` gets a deletion of its own.
pub async fn delete(tx: &Tx, root: &'static str, ids: &[i64]) -> Result<()> {
    let at = now();
    let deletions = insert_deletions(tx, root, ids, at).await?;
    let stamp = |table, deletion: Expr| {
        scope::update_live(table, at)
            .value("deleted_at", at)
            .value("deletion_id", deletion)
            .take()
    };
    let write = |table, stamp, rows: Expr| RowsWrite {
        table,
        action: AuditAction::Deleted,
        change: rows::Change::Update(stamp),
        scope: scope::live_ids(table),
        rows: rows.into(),
        changes: serde_json::Map::new(),
    };
    let these = scope::deletions(&deletions);
    let this = stamp(root, Expr::col((NEW_DELETIONS, "id")))
        .from(TableRef::SubQuery(these.into(), NEW_DELETIONS.into_iden()))
        .and_where(Expr::col((root, "id")).equals((NEW_DELETIONS, "root_id")))
        .take();
    tx.note_changed_rows(root, Some(ids));
    let named = Expr::col((root, "id")).is_in(ids.iter().copied());
    if write(root, this, named).run(tx).await? < ids.len() as u64 {
        return Err(Error::NotFound);
    }
    let owned = tx.kernel().registry().owned_by(root);
    if !owned.is_empty() {
        tx.wait_for_locks().await?;
    }
    let is_deleted = |name: &str| name == root || owned.iter().any(|table| table.name == name);
    for table in &owned {
        tx.note_changed_rows(table.name, None);
        for owner in table.owners.iter().filter(|owner| is_deleted(owner.table)) {
            let key = Expr::col((table.name, owner.column));
            let deletion_of_owner = scope::deleted_rows(owner.table, "deletion_id")
                .and_where(Expr::col((owner.table, "id")).eq(key.clone()))
                .take();
            let owners = scope::deleted_rows(owner.table, "id")
                .and_where(is_in_deletions(owner.table, &deletions))
                .take();
            let stamp = stamp(table.name, Expr::from(deletion_of_owner));
            write(table.name, stamp, key.in_subquery(owners))
                .run(tx)
                .await?;
        }
    }
    Ok(())
}

/// Restores the rows of a deletion whose owners are all live; the root already is. A row with another deleted owner stays
/// deleted, and becomes part of that owner's deletion.
pub async fn restore(tx: &Tx, root: &'static str, deletion: i64) -> Result<()> {
    let at = now();
    let owned = tx.kernel().registry().owned_by(root);
    if !owned.is_empty() {
        tx.wait_for_locks().await?;
    }
    for table in owned {
        let name = table.name;
        tx.note_changed_rows(name, None);
        for owner in &table.owners {
            let theirs = scope::deleted_rows(name, owner.column)
                .and_where(is_in_deletions(name, &[deletion]))
                .take();
            owner.lock_all(tx, theirs).await?;
        }
        let returning = returning_rows(table, deletion);
        if let Some(generated) = &table.generated {
            generated_text::restore(tx, name, generated, &returning, at).await?;
        }
        let back = RowsWrite {
            table: name,
            action: AuditAction::Restored,
            change: rows::Change::Update(revive(name, at)),
            scope: scope::deleted_rows(name, "id"),
            rows: returning,
            changes: serde_json::Map::new(),
        };
        let back = back.run(tx).await;
        if let (Err(error), Some(generated)) = (&back, &table.generated)
            && generated.is_taken(error)
        {
            // Another transaction has taken the text of a row in the meantime.
            return Err(Error::Contended(DbErr::RecordNotUpdated));
        }
        back?;
        for owner in &table.owners {
            let deletion_of_owner = scope::deleted_rows(owner.table, "deletion_id")
                .and_where(Expr::col((owner.table, "id")).equals((name, owner.column)))
                .take();
            let deleted_owners = scope::deleted_rows(owner.table, "id");
            let moved = scope::amend_deleted(name)
                .value("deletion_id", Expr::from(deletion_of_owner))
                .and_where(is_in_deletions(name, &[deletion]))
                .and_where(Expr::col((name, owner.column)).in_subquery(deleted_owners))
                .take();
            tx.execute(&moved).await?;
        }
    }
    Ok(())
}

/// Returns the condition for the rows of a deletion whose owners are all live.
fn returning_rows(table: &Table, deletion: i64) -> Condition {
    let owned = |rows: Condition, owner: &Owner| {
        let key = Expr::col((table.name, owner.column));
        rows.add(key.in_subquery(scope::live_ids(owner.table)))
    };
    let rows = Condition::all().add(is_in_deletions(table.name, &[deletion]));
    table.owners.iter().fold(rows, owned)
}

fn revive(table: &'static str, at: DateTimeWithTimeZone) -> UpdateStatement {
    scope::update_trash(table, at)
        .value("deleted_at", None::<DateTimeWithTimeZone>)
        .value("deletion_id", None::<i64>)
        .take()
}

/// Removes the deleted rows `ids` and the rows that they own permanently, children first.
pub async fn purge(tx: &Tx, root: &'static str, ids: &[i64]) -> Result<()> {
    let roots = Roots {
        table: root,
        ids,
        rows: |table| scope::deleted_rows(table, "id"),
        registry: tx.kernel().registry(),
    };
    tx.note_changed_rows(root, Some(ids));
    let mut order = tx.kernel().registry().owned_by(root);
    if !order.is_empty() {
        tx.wait_for_locks().await?;
    }
    order.insert(0, tx.kernel().registry().table(root)?);
    for table in order.into_iter().rev() {
        if table.name != root {
            tx.note_changed_rows(table.name, None);
        }
        for rows in roots.paths_to(table)? {
            for (link, column, name) in &table.links {
                let these = scope::deleted_rows(table.name, name)
                    .cond_where(rows.clone())
                    .take();
                tx.execute(&scope::erase_links(link, column, these)).await?;
            }
            let removal = RowsWrite {
                table: table.name,
                action: AuditAction::Purged,
                change: rows::Change::Remove(scope::erase_deleted(table.name)),
                scope: scope::deleted_rows(table.name, "id"),
                rows,
                changes: serde_json::Map::new(),
            };
            removal.run(tx).await?;
        }
        erase_purged(tx, table.name).await?;
    }
    Ok(())
}

/// Inserts a deletion for each of `ids`, with the actor and the time, and returns the ids of the deletions.
async fn insert_deletions(
    tx: &Tx,
    root: &'static str,
    ids: &[i64],
    at: DateTimeWithTimeZone,
) -> Result<Vec<i64>> {
    let mut insert = scope::insert("deletions");
    insert.columns(["actor_id", "deleted_at", "root_resource", "root_id"]);
    for id in ids {
        insert.values_panic([
            tx.actor().user_id().into(),
            at.into(),
            root.into(),
            (*id).into(),
        ]);
    }
    let rows = tx.query_all(insert.returning_col("id")).await?;
    let id = |row: QueryResult| Ok(row.try_get("", "id")?);
    rows.into_iter().map(id).collect()
}

fn is_in_deletions(table: &'static str, deletions: &[i64]) -> Expr {
    Expr::col((table, "deletion_id")).is_in(deletions.iter().copied())
}
