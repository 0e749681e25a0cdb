//! The rows that a row belongs to, and how they are held still while it is inserted or restored.
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, Value,
    sea_query::{Expr, ExprTrait, LockType, SelectStatement},
};

use super::{Active, Crud, column, scope};
use crate::{
    Actor, Error, Reads, Result, Tx,
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
    /// What filters on the owner there are.
    pub(crate) declared: fn() -> Vec<Filterable>,
    rule: Option<(Condition, &'static str)>,
}

/// What a locking read found of one owner.
enum State {
    Absent,
    /// Live and visible, and whether it fits the rule for new rows.
    Live {
        fits: bool,
    },
}

impl Owner {
    pub fn of<P: Crud>(foreign_key: impl ColumnTrait) -> Self {
        Self {
            column: foreign_key.as_str(),
            table: P::name(),
            visible: P::visible,
            filter: Filter::on::<P>,
            declared: query::declared_fields::<P>,
            rule: None,
        }
    }

    /// The name under which its fields are reached: `author` of `author_id`.
    pub fn relation(&self) -> Option<&'static str> {
        self.column.strip_suffix("_id")
    }

    /// New rows are only taken by owners for which `condition` holds; `otherwise` says so.
    #[must_use]
    pub fn only_if(mut self, condition: impl Into<Condition>, otherwise: &'static str) -> Self {
        self.rule = Some((condition.into(), otherwise));
        self
    }

    /// Reads the owner under a shared lock. A soft delete is an update, which waits for that lock, so the owner stays
    /// live until this transaction ends; foreign keys alone do not give that.
    async fn lock(&self, tx: &Tx, id: i64, visible: Condition) -> Result<State> {
        let fits = self
            .rule
            .as_ref()
            .map_or(Expr::value(true), |(rule, _)| rule.clone().into());
        let mut query = scope::live_ids(self.table);
        query
            .expr_as(fits, "fits")
            .and_where(Expr::col((self.table, "id")).eq(id))
            .cond_where(visible)
            .lock(LockType::Share);
        Ok(match tx.query_one(&query).await? {
            None => State::Absent,
            Some(row) => State::Live {
                fits: row.try_get("", "fits")?,
            },
        })
    }

    /// Those owners of one deletion's rows that are live, locked in the order of their ids.
    pub fn lock_all(&self, tx: &Tx, owned: SelectStatement) -> impl Future<Output = Result<()>> {
        let mut query = scope::live_ids(self.table);
        query
            .and_where(Expr::col((self.table, "id")).in_subquery(owned))
            .order_by((self.table, "id"), sea_orm::Order::Asc)
            .lock(LockType::Share);
        async move {
            tx.query_all(&query).await?;
            Ok(())
        }
    }
}

/// Before an insert: every owner must be live, visible to the actor, and fit.
pub async fn lock_for_create<C: Crud>(tx: &Tx, row: &Active<C>) -> Result<()> {
    for owner in C::owners() {
        let at = format!("/{}", owner.column);
        let Some(id) = reference::<C>(row, &owner) else {
            continue;
        };
        match owner.lock(tx, id, (owner.visible)(tx.actor())).await? {
            State::Live { fits: true } => {}
            State::Live { fits: false } => {
                let otherwise = owner
                    .rule
                    .map_or("does not fit", |(_, otherwise)| otherwise);
                return Err(Error::invalid(at, "not_allowed", otherwise));
            }
            State::Absent => {
                return Err(Error::invalid(
                    at,
                    "not_found",
                    format!("names nothing in /{}", owner.table),
                ));
            }
        }
    }
    Ok(())
}

/// Before a restore: every owner must be live.
pub async fn lock_for_restore<C: Crud>(tx: &Tx, row: &Active<C>) -> Result<()> {
    for owner in C::owners() {
        let Some(id) = reference::<C>(row, &owner) else {
            continue;
        };
        if let State::Absent = owner.lock(tx, id, super::everything()).await? {
            return Err(Error::conflict_at(
                format!("/{}", owner.column),
                "deleted",
                "what this row belongs to is deleted: restore that first",
            ));
        }
    }
    Ok(())
}

fn reference<C: Crud>(row: &Active<C>, owner: &Owner) -> Option<i64> {
    match row.get(column::<C::Entity>(owner.column)).into_value() {
        Some(Value::BigInt(id)) => id,
        _ => None,
    }
}
