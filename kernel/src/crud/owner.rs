//! The owners of a row, and the locks on them while the row is inserted or restored.
use std::{
    collections::{BTreeSet, HashMap},
    str::FromStr,
};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, Order, QueryResult,
    Value,
    sea_query::{Expr, ExprTrait, LockType, SelectStatement},
};

use super::{Active, Column, Crud, NaturalKey, scope};
use crate::{
    Actor, Code, Error, Reads, Result, Tx,
    query::{self, Filter, Filterable, Refused},
};

/// A foreign key to a resource that owns this one.
pub struct Owner {
    /// The foreign key, which is also the name of the field.
    pub column: &'static str,
    pub table: &'static str,
    pub(crate) visible: fn(&Actor) -> Condition,
    /// Reads a filter on a field of the owner: field, operator, value.
    pub(crate) filter: fn(&str, &str, &str) -> Result<Filter, Refused>,
    /// The filters on fields of the owner.
    pub(crate) declared: fn() -> Vec<Filterable>,
    pub(crate) key: Option<NaturalKey>,
    rule: Option<(Condition, &'static str)>,
}

impl Owner {
    pub fn new<P: Crud>(foreign_key: impl ColumnTrait) -> Self {
        Self {
            column: foreign_key.as_str(),
            table: P::name(),
            visible: P::visible,
            filter: Filter::parse_field::<P>,
            declared: query::declared_fields::<P>,
            key: P::natural_key(),
            rule: None,
        }
    }

    /// Returns the name of the relation, such as `author` for `author_id`.
    pub fn relation(&self) -> Option<&'static str> {
        self.column.strip_suffix("_id")
    }

    /// Allows new rows only if the owner meets `condition`; `otherwise` is the text of the refusal.
    #[must_use]
    pub fn only_if(mut self, condition: impl Into<Condition>, otherwise: &'static str) -> Self {
        self.rule = Some((condition.into(), otherwise));
        self
    }

    /// Locks the live and visible owners among `ids` with a shared lock, in the order of their ids, and returns whether each
    /// meets the rule for new rows. A soft delete is an update, which waits for that lock, so the owners stay live until this
    /// transaction ends; foreign keys alone do not guarantee that.
    async fn lock(
        &self,
        tx: &Tx,
        ids: impl IntoIterator<Item = i64>,
        visible: Condition,
    ) -> Result<HashMap<i64, bool>> {
        let fits = self
            .rule
            .as_ref()
            .map_or(Expr::value(true), |(rule, _)| rule.clone().into());
        let id = (self.table, "id");
        let mut query = scope::live_ids(self.table);
        query
            .expr_as(fits, "fits")
            .and_where(Expr::col(id).is_in(ids))
            .cond_where(visible)
            .order_by(id, Order::Asc)
            .lock(LockType::Share);
        let state = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "fits")?));
        tx.query_all(&query).await?.into_iter().map(state).collect()
    }

    /// Fails unless a row may name this owner.
    fn refuse(&self, fits: Option<&bool>) -> Result<()> {
        let (code, detail) = match (fits, &self.rule) {
            (Some(true), _) => return Ok(()),
            (Some(false), Some((_, otherwise))) => (Code::NotAllowed, (*otherwise).to_owned()),
            _ => (
                Code::NotFound,
                format!("not found in /{}, or not visible to you", self.table),
            ),
        };
        Err(Error::invalid(format!("/{}", self.column), code, detail))
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

/// Locks the owners of a row that is restored. Fails unless all are live.
pub async fn lock_for_restore<C: Crud>(tx: &Tx, row: &Active<C>) -> Result<()> {
    for owner in C::owners() {
        let Some(id) = reference::<C>(row, &owner)? else {
            continue;
        };
        if owner.lock(tx, [id], super::everything()).await?.is_empty() {
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
