//! Deletion with an identity: a row goes with what it owns, and comes back with exactly that.
//!
//! Every row that a deletion takes carries its id, so the rows to follow are always "those of this deletion": one
//! statement per foreign key, whatever the number of rows. A row is in one deletion at a time, and a deleted owner has no live rows.
use sea_orm::{
    ConnectionTrait,
    prelude::DateTimeWithTimeZone,
    sea_query::{Condition, Expr, ExprTrait, SelectStatement},
};

use super::{now, scope};
use crate::{
    Error, Reads, Result, Tx,
    registry::{self, Table},
};

/// Stamps the live row `id` and what it owns.
pub async fn delete(tx: &Tx, root: &'static str, id: i64) -> Result<()> {
    let at = now();
    let deletion = open(tx, root, id, at).await?;
    let stamp = |table| {
        scope::update_live(table, at)
            .value("deleted_at", at)
            .value("deletion_id", deletion)
            .take()
    };
    let this = stamp(root).and_where(Expr::col((root, "id")).eq(id)).take();
    if tx.execute(&this).await?.rows_affected() != 1 {
        return Err(Error::NotFound);
    }
    for table in registry::owned_by(root) {
        for owner in &table.owners {
            let gone = scope::deleted_rows(owner.table, "id")
                .and_where(of(owner.table, deletion))
                .take();
            let theirs = Expr::col((table.name, owner.column)).in_subquery(gone);
            tx.execute(&stamp(table.name).and_where(theirs).take())
                .await?;
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
                .and_where(of(name, deletion))
                .take();
            owner.lock_all(tx, theirs).await?;
        }
        (table.make_room)(tx, deletion).await?;
        let mut back = scope::update_trash(name, at);
        back.value("deleted_at", None::<DateTimeWithTimeZone>)
            .value("deletion_id", None::<i64>)
            .and_where(of(name, deletion));
        for owner in &table.owners {
            back.and_where(
                Expr::col((name, owner.column)).in_subquery(scope::live_ids(owner.table)),
            );
        }
        tx.execute(&back).await?;
        for owner in &table.owners {
            let fate = scope::deleted_rows(owner.table, "deletion_id")
                .and_where(Expr::col((owner.table, "id")).equals((name, owner.column)))
                .take();
            let dead = scope::deleted_rows(owner.table, "id");
            let moved = scope::amend_deleted(name)
                .value("deletion_id", Expr::from(fate))
                .and_where(of(name, deletion))
                .and_where(Expr::col((name, owner.column)).in_subquery(dead))
                .take();
            tx.execute(&moved).await?;
        }
    }
    Ok(())
}

/// Removes the deleted row `id` and what it owns for good, children first.
pub async fn purge(tx: &Tx, root: &'static str, id: i64) -> Result<()> {
    let mut order = registry::owned_by(root);
    order.insert(0, registry::table(root)?);
    for table in order.iter().rev() {
        for rows in paths(table, root, id, &order) {
            let ids = scope::deleted_rows(table.name, "id")
                .cond_where(rows.clone())
                .take();
            for (link, column) in &table.links {
                tx.execute(&scope::erase_links(link, column, ids.clone()))
                    .await?;
            }
            tx.execute(&scope::erase_deleted(table.name).cond_where(rows).take())
                .await?;
        }
    }
    Ok(())
}

/// The ways in which rows of `table` belong to the root row: one condition for each chain of foreign keys.
fn paths(table: &Table, root: &'static str, id: i64, order: &[&'static Table]) -> Vec<Condition> {
    if table.name == root {
        return vec![Expr::col((root, "id")).eq(id).into()];
    }
    let mut all = Vec::new();
    for edge in &table.owners {
        for owner in order.iter().filter(|owner| owner.name == edge.table) {
            for rows in paths(owner, root, id, order) {
                let owners: SelectStatement = scope::deleted_rows(owner.name, "id")
                    .cond_where(rows)
                    .take();
                all.push(
                    Expr::col((table.name, edge.column))
                        .in_subquery(owners)
                        .into(),
                );
            }
        }
    }
    all
}

/// Gives a deletion its identity, author and time.
async fn open(tx: &Tx, root: &'static str, id: i64, at: DateTimeWithTimeZone) -> Result<i64> {
    let insert = scope::insert("deletions")
        .columns(["actor_id", "deleted_at", "root_resource", "root_id"])
        .values_panic([
            tx.actor().user_id().into(),
            at.into(),
            root.into(),
            id.into(),
        ])
        .returning_col("id")
        .take();
    let row = tx
        .query_one(&insert)
        .await?
        .ok_or_else(|| Error::bug("an insert returned no row"))?;
    Ok(row.try_get("", "id")?)
}

fn of(table: &'static str, deletion: i64) -> Expr {
    Expr::col((table, "deletion_id")).eq(deletion)
}
