//! Locks rows until the transaction ends.
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType, Order},
};

use super::{has_id, live, live_ids, trash};
use crate::{
    Actor, Error, Result, Tx,
    permission::Action,
    resource::{Crud, Model},
};

/// Locks the row until the transaction ends and returns it, if the actor may see it.
pub async fn lock<C: Crud>(tx: &Tx, actor: &Actor, id: i64) -> Result<Option<Model<C>>> {
    Ok(lock_all::<C>(tx, actor, [id]).await?.pop())
}

/// Locks the live rows among `ids` in the order of their ids until the transaction ends.
pub async fn lock_ids<C: Crud>(tx: &Tx, ids: impl IntoIterator<Item = i64>) -> Result<()> {
    let id = (C::name(), "id");
    let rows = live_ids(C::name())
        .and_where(Expr::col(id).is_in(ids))
        .order_by(id, Order::Asc)
        .lock(LockType::NoKeyUpdate)
        .take();
    tx.query_all(&rows).await.map(drop).map_err(Error::from)
}

/// Locks the rows that the actor may see in the order of their ids until the transaction ends, and returns them.
pub async fn lock_all<C: Crud>(
    tx: &Tx,
    actor: &Actor,
    ids: impl IntoIterator<Item = i64>,
) -> Result<Vec<Model<C>>> {
    let rows = live::<C>(actor)
        .filter(C::ID.is_in(ids))
        .order_by_asc(C::ID)
        .lock(LockType::NoKeyUpdate);
    Ok(rows.all(tx).await?)
}

pub async fn lock_trash<C: Crud>(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    id: i64,
) -> Result<Option<Model<C>>> {
    Ok(trash::<C>(actor, action)
        .filter(has_id::<C>(id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?)
}
