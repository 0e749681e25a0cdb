//! `list` and `get`.
use sea_orm::{
    ConnectionTrait, EntityTrait, IdenStatic, Iterable, QueryFilter, QuerySelect, Select,
    sea_query::Expr,
};

use super::{Column, Crud, Found, Model, Page, base, count, scope};
use crate::{
    Error, Reads, Result,
    query::{Count, ListQuery, Shape},
};

pub async fn list<C: Crud>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    rows: Select<C::Entity>,
) -> Result<Page<C::Row>> {
    list_of::<C>(reads, query, rows.clone(), vec![rows]).await
}

/// One page, and cursors to the pages around it. One row more than a page tells whether anything follows. `parts` are
/// `rows` again, in parts that share none.
pub async fn list_of<C: Crud>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    rows: Select<C::Entity>,
    parts: Vec<Select<C::Entity>>,
) -> Result<Page<C::Row>> {
    let db = reads.db()?;
    let secret = reads.secret().await?;
    let place = query.place(&secret)?;
    let backward = place.as_ref().is_some_and(|place| place.backward);
    let backend = db.get_database_backend();
    let filtered = |rows| query.filtered(rows, reads.actor(), backend);
    let rows = filtered(rows);
    let shown = |rows| light::<C>(filtered(rows), &query.shape);
    let parts: Vec<_> = parts.into_iter().map(shown).collect();
    let all = (query.count != Count::None).then(|| rows.clone());
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let rows = light::<C>(
        query.windowed(rows, &parts, place.as_ref(), backend)?,
        &query.shape,
    );
    let mut rows = rows
        .limit(query.limit + 1)
        .offset(query.offset)
        .all(db)
        .await?;
    let goes_on = rows.len() > limit;
    rows.truncate(limit);
    if backward {
        rows.reverse();
    }
    let came_from_before = query.offset > 0 || place.is_some();
    let (has_prev, has_next) = match backward {
        true => (goes_on, true),
        false => (came_from_before, goes_on),
    };
    let cursor = |row: Option<&Model<C>>, backward| query.cursor(row?, backward, &secret);
    let next = has_next.then(|| cursor(rows.last(), false)).flatten();
    let prev = has_prev.then(|| cursor(rows.first(), true)).flatten();
    let seen = match rows.len() {
        0 => 0,
        shown => query.offset + shown as u64,
    };
    let is_whole = !has_prev && !has_next;
    let total = match (query.count, all) {
        (Count::Exact, Some(all)) => Some(count::exact(db, all).await?),
        // A page that is the whole list has been counted.
        (Count::Estimate, Some(_)) if is_whole => Some(seen),
        (Count::Estimate, Some(all)) => Some(count::estimate(db, all).await?.max(seen)),
        _ => None,
    };
    let rows = complete::<C>(reads, rows).await?;
    Ok(Page {
        rows,
        total,
        next,
        prev,
    })
}

pub async fn get<C: Crud>(reads: &impl Reads, id: i64, shape: &Shape) -> Result<Found<C::Row>> {
    let rows = light::<C>(scope::seen::<C>(reads.actor(), shape.deleted), shape);
    let row = rows.filter(scope::is::<C>(id)).one(reads.db()?).await?;
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

/// Leaves heavy columns that nobody asked for in the table: empty text takes their place.
fn light<C: Crud>(rows: Select<C::Entity>, shape: &Shape) -> Select<C::Entity> {
    match &shape.fields {
        None => rows,
        Some(fields) => without::<C>(rows, |name| !fields.iter().any(|field| field == name)),
    }
}

/// Leaves those heavy columns in the table that are `left`.
pub fn without<C: Crud>(rows: Select<C::Entity>, left: impl Fn(&str) -> bool) -> Select<C::Entity> {
    let heavy: Vec<_> = C::heavy().filter(|name| left(name)).collect();
    let select = |rows: Select<C::Entity>, column: Column<C>| match heavy.contains(&column.as_str())
    {
        true => rows.column_as(Expr::val(""), column.as_str()),
        false => rows.column(column),
    };
    <C::Entity as EntityTrait>::Column::iter().fold(rows.select_only(), select)
}
