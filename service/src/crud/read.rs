//! `list` and `get`.
use sea_orm::{ConnectionTrait, QueryFilter, QuerySelect, Select};

use super::{Crud, Found, Model, Page, base, count, scope, size};
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
    let all = filtered(rows);
    let shown = |rows| size::select::<C>(rows, &query.shape, Some(query.at_once()));
    let parts = parts.into_iter().map(filtered).map(shown);
    let parts: Vec<_> = parts.collect();
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let rows = query.windowed(shown(all.clone()), &parts, place.as_ref(), backend)?;
    let rows = rows.limit(query.limit + 1).offset(query.offset);
    let mut rows = size::read::<C>(db, rows, &query.shape).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let (mut rows, is_cut) = size::fit::<C>(reads, query, all.clone(), rows).await?;
    if is_cut && !query.may_be_cut() {
        return Err(Error::AnswerTooLarge {
            limit: query.answer_limit,
            rows: rows.len(),
        });
    }
    let goes_on = has_more || is_cut;
    if backward {
        rows.reverse();
    }
    let came_from_before = query.offset > 0 || place.is_some();
    let (has_prev, has_next) = match backward {
        true => (goes_on, true),
        false => (came_from_before, goes_on),
    };
    let cursor = |row: Option<&size::Placed<C>>, backward| query.cursor(&row?.0, backward, &secret);
    let next = has_next.then(|| cursor(rows.last(), false)).flatten();
    let prev = has_prev.then(|| cursor(rows.first(), true)).flatten();
    let seen = match rows.len() {
        0 => 0,
        shown => query.offset + shown as u64,
    };
    let is_whole = !has_prev && !has_next;
    let total = match query.count {
        Count::None => None,
        Count::Exact => Some(count::exact(db, all).await?),
        // A page that is the whole list has been counted.
        Count::Estimate if is_whole => Some(seen),
        Count::Estimate => Some(count::estimate(db, all).await?.max(seen)),
    };
    Ok(Page {
        rows: rows.into_iter().filter_map(|(_, found)| found).collect(),
        total,
        next,
        prev,
    })
}

pub async fn get<C: Crud>(reads: &impl Reads, id: i64, shape: &Shape) -> Result<Found<C::Row>> {
    let rows = size::select::<C>(scope::seen::<C>(reads.actor(), shape.deleted), shape, None);
    let row = rows.filter(scope::is::<C>(id)).one(reads.db()?).await?;
    one::<C>(reads, row.ok_or(Error::NotFound)?).await
}

pub async fn one<C: Crud>(reads: &impl Reads, row: Model<C>) -> Result<Found<C::Row>> {
    let complete = C::load(reads, vec![row.clone()]).await?.pop();
    let complete = complete.ok_or_else(|| Error::bug("a row was lost while it was completed"))?;
    Ok(base::found::<C>(reads.actor(), &row, complete))
}
