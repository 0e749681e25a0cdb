//! Rows that belong to others, for many at once.
use sea_orm::{
    EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait},
};

use super::{Crud, Found, base, column, read, scope};
use crate::{Reads, Result};

/// The visible rows whose `foreign_key` (or `id`) is among `keys`, newest first and at most `most` for each key, with
/// that key. One statement, so without what [`Crud::load`] would add: related rows are shown as the public sees them;
/// and without heavy columns where there are many to a key.
pub async fn related<C: Crud>(
    reads: &impl Reads,
    foreign_key: &'static str,
    keys: &[i64],
    most: u64,
) -> Result<Vec<(i64, Found<C::Row>)>> {
    let actor = reads.actor();
    let named = Expr::col((C::name(), foreign_key)).is_in(keys.iter().copied());
    let rows = scope::live::<C>(actor);
    let rows = if foreign_key == "id" {
        rows.filter(named)
    } else {
        let mut theirs = scope::visible_ids::<C>(actor).and_where(named).take();
        let first = scope::first_of_each(&mut theirs, (C::name(), foreign_key), most);
        let rows = rows.filter(Expr::col((C::name(), "id")).in_subquery(first));
        read::without::<C>(rows, |_| true)
    };
    let rows = rows
        .order_by_desc(column::<C::Entity>("id"))
        .all(reads.db()?)
        .await?;
    let found = |model: <C::Entity as EntityTrait>::Model| {
        let key = base::read::<C, i64>(&model, foreign_key);
        let mut found = base::found::<C>(actor, &model, C::Row::from(model.clone()));
        found.is_full = false;
        (key, found)
    };
    Ok(rows.into_iter().map(found).collect())
}
