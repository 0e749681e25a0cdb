//! Restores the rows of a deletion whose generated text another live row has taken.
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    prelude::DateTimeWithTimeZone,
    sea_query::{
        Condition, Expr, ExprTrait, IntoIden, Order, Query, TableRef, UpdateStatement, ValueTuple,
    },
};

use super::revive;
use crate::{
    Error, Result, Tx,
    record::{AuditAction, Entry},
    resource::{Generated, VARIATIONS, scope},
};

/// The most rows that get another text in one statement.
const ROWS: u64 = 256;

/// The alias of the new texts in the statement that reads them.
const VARIED: &str = "varied";

/// The change of the text of one row.
struct Change {
    id: i64,
    from: String,
    to: String,
}

/// Restores those of the `returning` rows whose text is taken, a limited number at a time. Each gets another text.
pub async fn restore(
    tx: &Tx,
    table: &'static str,
    generated: &Generated<&'static str>,
    returning: &Condition,
    at: DateTimeWithTimeZone,
) -> Result<()> {
    loop {
        let taken = find_taken(tx, table, generated.column, returning).await?;
        if taken.is_empty() {
            return Ok(());
        }
        let (changes, versions) =
            revive_varied(tx, table, generated, (&taken, returning), at).await?;
        if versions.is_empty() {
            return Err(Error::Contended(DbErr::RecordNotUpdated));
        }
        for (id, version) in versions {
            let change = changes.iter().find(|change| change.id == id);
            let change = change
                .ok_or_else(|| Error::bug("a restore returned a row that was not requested"))?;
            let entry = Entry::new(table, AuditAction::Restored, (id, version));
            tx.record(entry.with_values(generated.column, &*change.from, &*change.to));
        }
        tx.store_entries().await?;
    }
}

async fn find_taken(
    tx: &Tx,
    table: &'static str,
    column: &'static str,
    returning: &Condition,
) -> Result<Vec<(i64, String)>> {
    let live = scope::live_ids(table)
        .clear_selects()
        .column((table, column))
        .take();
    let rows = scope::deleted_rows(table, "id")
        .column((table, column))
        .cond_where(returning.clone())
        .and_where(Expr::col((table, column)).in_subquery(live))
        .order_by((table, "id"), Order::Asc)
        .limit(ROWS)
        .take();
    let read = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", column)?));
    tx.query_all(&rows).await?.into_iter().map(read).collect()
}

/// Returns the changes that were made, and the ids and versions of the restored rows.
async fn revive_varied(
    tx: &Tx,
    table: &'static str,
    generated: &Generated<&'static str>,
    (taken, returning): (&[(i64, String)], &Condition),
    at: DateTimeWithTimeZone,
) -> Result<(Vec<Change>, Vec<(i64, i64)>)> {
    for attempt in 0..VARIATIONS {
        let vary = |(id, from): &(i64, String)| Change {
            id: *id,
            from: from.clone(),
            to: (generated.vary)(from, attempt),
        };
        let changes: Vec<_> = taken.iter().map(vary).collect();
        let back = revive_with(table, generated.column, &changes, at)
            .cond_where(returning.clone())
            .returning(Query::returning().columns([(table, "id"), (table, "version")]))
            .take();
        let read = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "version")?));
        let back = async { tx.query_all(&back).await?.into_iter().map(read).collect() };
        match tx.attempt(back).await {
            Err(error) if generated.is_taken(&error) => {}
            done => return Ok((changes, done?)),
        }
    }
    Err(Error::Contended(DbErr::RecordNotUpdated))
}

fn revive_with(
    table: &'static str,
    column: &'static str,
    changes: &[Change],
    at: DateTimeWithTimeZone,
) -> UpdateStatement {
    let new = |place: usize| Expr::col((VARIED, format!("column{place}")));
    let values = changes
        .iter()
        .map(|change| ValueTuple::Many(vec![change.id.into(), change.to.as_str().into()]));
    revive(table, at)
        .value(column, new(2))
        .from(TableRef::ValuesList(values.collect(), VARIED.into_iden()))
        .and_where(Expr::col((table, "id")).eq(new(1)))
        .take()
}
