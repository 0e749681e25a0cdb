//! Locks the owners of rows while the rows are inserted or restored.
use std::{
    collections::{BTreeSet, HashMap},
    str::FromStr,
};

use sea_orm::{
    ActiveModelTrait, Condition, ConnectionTrait, DbBackend, Order, QueryResult, Value,
    sea_query::{Expr, ExprTrait, LockType, SelectStatement},
};

use crate::{
    Code, Crud, Error, Reads, Result, Tx,
    resource::{Active, Column, Owner, everything, scope},
};

impl Owner {
    /// Locks the live and visible owners among `ids` with a shared lock, in the order of their ids, and returns whether each
    /// meets the rule for new rows. A soft delete is an update, which waits for that lock, so the owners stay live until this
    /// transaction ends; foreign keys alone do not guarantee that.
    async fn lock(
        &self,
        tx: &Tx,
        ids: impl IntoIterator<Item = i64>,
        visible: Condition,
    ) -> Result<HashMap<i64, bool>> {
        let query = self.locking_read(ids, visible);
        let state = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "fits")?));
        tx.query_all(&query).await?.into_iter().map(state).collect()
    }

    fn locking_read(
        &self,
        ids: impl IntoIterator<Item = i64>,
        visible: Condition,
    ) -> SelectStatement {
        let id = (self.table, "id");
        scope::live_ids(self.table)
            .expr_as(self.rule(), "fits")
            .and_where(Expr::col(id).is_in(ids))
            .cond_where(visible)
            .order_by(id, Order::Asc)
            .lock(LockType::Share)
            .take()
    }

    /// Locks the live owners of the rows of a deletion, in the order of their ids. The ids stay in the database, which only
    /// counts them. On SQLite the transaction is the only writer.
    pub async fn lock_all(&self, tx: &Tx, owned: SelectStatement) -> Result<()> {
        if tx.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let owners = scope::live_ids(self.table)
            .and_where(Expr::col((self.table, "id")).in_subquery(owned))
            .order_by((self.table, "id"), Order::Asc)
            .lock(LockType::Share)
            .take();
        let count = scope::select_without_table()
            .expr(Expr::col(("held", "id")).count())
            .from_subquery(owners, "held")
            .take();
        tx.query_one(&count).await?;
        Ok(())
    }
}

/// Locks the owners of new rows. Each owner must be live, visible to the actor, and meet its rule; a row with another owner is
/// refused.
pub async fn lock_for_create<C: Crud>(tx: &Tx, rows: &mut [Result<Active<C>>]) -> Result<()> {
    for owner in C::owners() {
        let named = |row: &Result<Active<C>>| match row {
            Ok(row) => reference::<C>(row, &owner),
            Err(_) => Ok(None),
        };
        let ids: Vec<_> = rows.iter().map(named).collect::<Result<_>>()?;
        let named: BTreeSet<_> = ids.iter().flatten().copied().collect();
        if named.is_empty() {
            continue;
        }
        let found = owner.lock(tx, named, (owner.visible)(tx.actor())).await?;
        for (row, id) in rows.iter_mut().zip(ids) {
            if let Some(id) = id
                && let Err(refusal) = owner.refuse(found.get(&id))
            {
                *row = Err(refusal);
            }
        }
    }
    Ok(())
}

/// Returns the statement that locks each owner of a new row as [`lock_for_create`] does. It has the column `fits`: whether the
/// owner meets its rule.
pub fn locks_for_create<C: Crud>(tx: &Tx, row: &Active<C>) -> Result<Vec<SelectStatement>> {
    let mut locks = Vec::new();
    for owner in C::owners() {
        if let Some(id) = reference::<C>(row, &owner)? {
            locks.push(owner.locking_read([id], (owner.visible)(tx.actor())));
        }
    }
    Ok(locks)
}

/// Locks the owners of a row that is restored. Fails unless all are live.
pub async fn lock_for_restore<C: Crud>(tx: &Tx, row: &Active<C>) -> Result<()> {
    for owner in C::owners() {
        let Some(id) = reference::<C>(row, &owner)? else {
            continue;
        };
        if owner.lock(tx, [id], everything()).await?.is_empty() {
            return Err(Error::conflict_at(
                format!("/{}", owner.column),
                Code::Deleted,
                "the owner of this row is deleted; restore the owner first",
            ));
        }
    }
    Ok(())
}

/// Returns the id of the owner that a row names, if it names one.
fn reference<C: Crud>(row: &Active<C>, owner: &Owner) -> Result<Option<i64>> {
    let column = Column::<C>::from_str(owner.column);
    let column = column.map_err(|_| Error::bug(format!("{} is not a column", owner.column)))?;
    Ok(match row.get(column).into_value() {
        Some(Value::BigInt(id)) => id,
        _ => None,
    })
}
