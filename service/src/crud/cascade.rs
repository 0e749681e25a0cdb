//! Deletion with an identity: a row goes with what it owns, and comes back with exactly that.
//!
//! Every row that a deletion takes carries its id, so the rows to follow are always "those of this deletion": one
//! statement per foreign key, whatever the number of rows. A row is in one deletion at a time, and a deleted owner has no live rows.
use sea_orm::{
    ConnectionTrait, QueryResult, StatementBuilder,
    prelude::DateTimeWithTimeZone,
    sea_query::{DeleteStatement, Expr, ExprTrait, IntoIden, Query, TableRef, UpdateStatement},
};

use super::{now, roots::Roots, scope};
use crate::{
    Error, Reads, Result, Tx,
    audit::{Did, Entry},
    registry,
};

/// The deletions of one call, for a statement that reads them.
const OPENED: &str = "opened";

/// Stamps the live rows `ids` and what they own, each as a deletion of its own.
pub async fn delete(tx: &Tx, root: &'static str, ids: &[i64]) -> Result<()> {
    let at = now();
    let deletions = open(tx, root, ids, at).await?;
    let stamp = |table, deletion: Expr| {
        scope::update_live(table, at)
            .value("deleted_at", at)
            .value("deletion_id", deletion)
            .take()
    };
    let these = scope::deletions(&deletions);
    let this = stamp(root, Expr::col((OPENED, "id")))
        .from(TableRef::SubQuery(these.into(), OPENED.into_iden()))
        .and_where(Expr::col((root, "id")).equals((OPENED, "root_id")))
        .take();
    let gone = record(tx, root, Did::Deleted, returning(root, this)).await?;
    if gone.len() < ids.len() {
        return Err(Error::NotFound);
    }
    for table in registry::owned_by(root) {
        for owner in &table.owners {
            let key = Expr::col((table.name, owner.column));
            let fate = scope::deleted_rows(owner.table, "deletion_id")
                .and_where(Expr::col((owner.table, "id")).eq(key.clone()))
                .take();
            let owners = scope::deleted_rows(owner.table, "id")
                .and_where(of(owner.table, &deletions))
                .take();
            let stamp = stamp(table.name, Expr::from(fate))
                .and_where(key.in_subquery(owners))
                .take();
            record(tx, table.name, Did::Deleted, returning(table.name, stamp)).await?;
        }
    }
    Ok(())
}

/// Brings back the rows of a deletion whose owners are all live again, beneath a root that already is.
/// A row with another deleted owner stays deleted, as part of that owner's deletion.
pub async fn restore(tx: &Tx, root: &'static str, deletion: i64) -> Result<()> {
    let at = now();
    for table in registry::owned_by(root) {
        let name = table.name;
        for owner in &table.owners {
            let theirs = scope::deleted_rows(name, owner.column)
                .and_where(of(name, &[deletion]))
                .take();
            owner.lock_all(tx, theirs).await?;
        }
        let renames = (table.make_room)(tx, deletion).await?;
        let mut back = scope::update_trash(name, at);
        back.value("deleted_at", None::<DateTimeWithTimeZone>)
            .value("deletion_id", None::<i64>)
            .and_where(of(name, &[deletion]));
        for owner in &table.owners {
            back.and_where(
                Expr::col((name, owner.column)).in_subquery(scope::live_ids(owner.table)),
            );
        }
        for row in touched(tx, returning(name, back)).await? {
            let entry = Entry::of(name, Did::Restored, row);
            let rename = renames.iter().find(|rename| rename.id == row.0);
            tx.record(match rename {
                Some(rename) => entry.changing(rename.column, &*rename.from, &*rename.to),
                None => entry,
            });
        }
        for owner in &table.owners {
            let fate = scope::deleted_rows(owner.table, "deletion_id")
                .and_where(Expr::col((owner.table, "id")).equals((name, owner.column)))
                .take();
            let dead = scope::deleted_rows(owner.table, "id");
            let moved = scope::amend_deleted(name)
                .value("deletion_id", Expr::from(fate))
                .and_where(of(name, &[deletion]))
                .and_where(Expr::col((name, owner.column)).in_subquery(dead))
                .take();
            tx.execute(&moved).await?;
        }
    }
    Ok(())
}

/// Removes the deleted rows `ids` and what they own for good, children first.
pub async fn purge(tx: &Tx, root: &'static str, ids: &[i64]) -> Result<()> {
    let roots = Roots {
        table: root,
        ids,
        rows: |table| scope::deleted_rows(table, "id"),
    };
    let mut order = registry::owned_by(root);
    order.insert(0, registry::table(root)?);
    for table in order.into_iter().rev() {
        for rows in roots.paths_to(table)? {
            for (link, column, name) in &table.links {
                let these = scope::deleted_rows(table.name, name)
                    .cond_where(rows.clone())
                    .take();
                tx.execute(&scope::erase_links(link, column, these)).await?;
            }
            let erase = scope::erase_deleted(table.name).cond_where(rows).take();
            record(tx, table.name, Did::Purged, with_versions(erase)).await?;
        }
    }
    Ok(())
}

/// Runs a statement that returns ids and versions, and records what was done to those rows.
async fn record(
    tx: &Tx,
    table: &'static str,
    did: Did,
    statement: impl StatementBuilder,
) -> Result<Vec<(i64, i64)>> {
    let rows = touched(tx, statement).await?;
    for row in &rows {
        tx.record(Entry::of(table, did, *row));
    }
    Ok(rows)
}

async fn touched(tx: &Tx, statement: impl StatementBuilder) -> Result<Vec<(i64, i64)>> {
    let read = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "version")?));
    let rows = tx.query_all(&statement).await?;
    rows.into_iter().map(read).collect()
}

fn returning(table: &'static str, mut update: UpdateStatement) -> UpdateStatement {
    update.returning(Query::returning().columns([(table, "id"), (table, "version")]));
    update
}

fn with_versions(mut delete: DeleteStatement) -> DeleteStatement {
    delete.returning(Query::returning().columns(["id", "version"]));
    delete
}

/// Gives deletions their identity, author and time.
async fn open(
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

fn of(table: &'static str, deletions: &[i64]) -> Expr {
    Expr::col((table, "deletion_id")).is_in(deletions.iter().copied())
}
