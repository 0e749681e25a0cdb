//! `list` and `get`.
use sea_orm::{
    ConnectionTrait, EntityTrait, IdenStatic, Iterable, QueryFilter, QuerySelect, Select,
    sea_query::Expr,
};

use super::{
    Column, Crud, Found, Model, Page, base, count,
    scan::{self, Scan, Scanned},
    scope,
};
use crate::{
    Error, Reads, Result,
    query::{Count, Cursor, ListQuery, Shape},
};

pub async fn list<C: Crud>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    rows: Select<C::Entity>,
) -> Result<Page<C::Row>> {
    let rows = Listed {
        parts: vec![rows.clone()],
        all: rows,
        scan: None,
    };
    list_of::<C>(reads, query, rows).await
}

/// The rows of a list.
pub struct Listed<C: Crud> {
    pub all: Select<C::Entity>,
    /// All of them again, in parts that share none.
    pub parts: Vec<Select<C::Entity>>,
    /// How a page is read where no index finds them.
    pub scan: Option<Scan<C>>,
}

/// One page, and cursors to the pages around it. One row more than a page tells whether anything follows.
pub async fn list_of<C: Crud>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    listed: Listed<C>,
) -> Result<Page<C::Row>> {
    let db = reads.db()?;
    let secret = reads.secret().await?;
    let place = query.place(&secret)?;
    let backward = place.as_ref().is_some_and(|place| place.backward);
    let backend = db.get_database_backend();
    let filtered = |rows| query.filtered(rows, reads.actor(), backend);
    let all = (query.count != Count::None).then(|| filtered(listed.all.clone()));
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut page = page_of::<C>(reads, query, listed, place.as_ref()).await?;
    let goes_on = page.rows.len() > limit || page.past.is_some();
    page.rows.truncate(limit);
    let mut rows = page.rows;
    if backward {
        rows.reverse();
    }
    let came_from_before = query.offset > 0 || place.is_some();
    let (has_prev, has_next) = match backward {
        true => (goes_on, true),
        false => (came_from_before, goes_on),
    };
    let cursor = |row: Option<&Model<C>>, backward| query.cursor(row?, backward, &secret);
    // A page that stopped looking goes on at the row where it stopped.
    let onward = query.cursor_to(page.past.as_ref(), backward, &secret);
    // A page that became empty leads back to where the client came from.
    let back = match (&place, rows.is_empty()) {
        (Some(place), true) => query.cursor_at(&place.turned(), &secret),
        _ => None,
    };
    let (to_next, to_prev) = if backward {
        (back, onward)
    } else {
        (onward, back)
    };
    let next = to_next.or_else(|| cursor(rows.last().filter(|_| has_next), false));
    let prev = to_prev.or_else(|| cursor(rows.first().filter(|_| has_prev), true));
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

/// At most one row more than the page has.
async fn page_of<C: Crud>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    listed: Listed<C>,
    place: Option<&Cursor>,
) -> Result<Scanned<C>> {
    let db = reads.db()?;
    let backend = db.get_database_backend();
    let filtered = |rows| query.filtered(rows, reads.actor(), backend);
    let shown = |rows| light::<C>(filtered(rows), &query.shape);
    // Ranks are made of all that is found.
    if let Some(scan) = listed.scan.filter(|_| query.is_ordered()) {
        let rows = scan.rows.clone();
        let most = query.offset + scan::MOST + 1;
        let rows = query.windowed(filtered(rows.clone()), &[shown(rows)], place, most, backend)?;
        let rows = light::<C>(rows, &query.shape);
        return scan.page(reads, query, rows, place).await;
    }
    let parts: Vec<_> = listed.parts.into_iter().map(shown).collect();
    let most = query.offset + query.limit + 1;
    let rows = query.windowed(filtered(listed.all), &parts, place, most, backend)?;
    let rows = light::<C>(rows, &query.shape)
        .limit(query.limit + 1)
        .offset(query.offset);
    let rows = rows.all(db).await?;
    Ok(Scanned { rows, past: None })
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
