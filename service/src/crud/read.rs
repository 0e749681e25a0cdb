//! `list` and `get`.
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Select};

use super::{Crud, Deleted, Found, Model, Page, base, scope};
use crate::{Error, Reads, Result, query::ListQuery};

pub async fn list<C: Crud>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    rows: Select<C::Entity>,
) -> Result<Page<C::Row>> {
    let rows = query.filtered(rows);
    let total = match query.is_counted {
        true => Some(count(reads.db()?, rows.clone()).await?),
        false => None,
    };
    let rows = query
        .sorted(rows)
        .limit(query.limit)
        .offset(query.offset)
        .all(reads.db()?)
        .await?;
    Ok(Page {
        rows: complete::<C>(reads, rows).await?,
        total,
    })
}

pub async fn get<C: Crud>(reads: &impl Reads, id: i64, deleted: Deleted) -> Result<Found<C::Row>> {
    let row = scope::seen::<C>(reads.actor(), deleted)
        .filter(scope::is::<C>(id))
        .one(reads.db()?)
        .await?;
    one::<C>(reads, row.ok_or(Error::NotFound)?).await
}

pub async fn one<C: Crud>(reads: &impl Reads, row: Model<C>) -> Result<Found<C::Row>> {
    complete::<C>(reads, vec![row])
        .await?
        .pop()
        .ok_or_else(|| Error::bug("a row was lost while it was completed"))
}

async fn complete<C: Crud>(
    reads: &impl Reads,
    models: Vec<Model<C>>,
) -> Result<Vec<Found<C::Row>>> {
    let rows = C::load(reads, models.clone()).await?;
    let found = |(model, row)| base::found::<C>(reads.actor(), model, row);
    Ok(models.iter().zip(rows).map(found).collect())
}

async fn count<E: EntityTrait<Model: Sync>>(
    db: &impl ConnectionTrait,
    rows: Select<E>,
) -> Result<u64> {
    Ok(rows.count(db).await?)
}
