//! `list` and `get`.
use sea_orm::{ConnectionTrait, QueryFilter, QuerySelect, Select};

use super::{
    Crud, Found, Model, Page, base, count,
    scan::{self, Scan, Scanned},
    scope, size,
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
    let all = query.filtered(listed.all.clone(), reads.actor(), db.get_database_backend());
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let Scanned { mut rows, past } = page_of::<C>(reads, query, listed, place.as_ref()).await?;
    let has_more = rows.len() > limit || past.is_some();
    rows.truncate(limit);
    let (mut rows, is_cut) = size::fit::<C>(reads, query, all.clone(), rows).await?;
    if is_cut && !query.may_be_cut() {
        return Err(Error::AnswerTooLarge {
            limit: query.answer_limit,
            rows: rows.len(),
        });
    }
    // A page that was cut goes on at its last row.
    let past = past.filter(|_| !is_cut);
    let goes_on = has_more || is_cut;
    if backward {
        rows.reverse();
    }
    let came_from_before = query.offset > 0 || place.is_some();
    let (has_prev, has_next) = if backward {
        (goes_on, true)
    } else {
        (came_from_before, goes_on)
    };
    let cursor = |row: Option<&size::Placed<C>>, backward| query.cursor(&row?.0, backward, &secret);
    // A page that stopped looking goes on at the row where it stopped.
    let onward = query.cursor_to(past.as_ref(), backward, &secret);
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
    let shown = |rows| size::select::<C>(filtered(rows), &query.shape, Some(query.at_once()));
    // Ranks are made of all that is found.
    if let Some(scan) = listed.scan.filter(|_| query.is_ordered()) {
        let rows = shown(scan.rows.clone());
        let most = query.offset + scan::MOST + 1;
        let rows = query.windowed(rows.clone(), &[rows], place, most, backend)?;
        return scan.page(reads, query, rows, place).await;
    }
    let parts: Vec<_> = listed.parts.into_iter().map(shown).collect();
    let most = query.offset + query.limit + 1;
    let rows = query.windowed(shown(listed.all), &parts, place, most, backend)?;
    let rows = rows.limit(query.limit + 1).offset(query.offset);
    let rows = size::read::<C>(db, rows, &query.shape).await?;
    Ok(Scanned { rows, past: None })
}

pub async fn get<C: Crud>(reads: &impl Reads, id: i64, shape: &Shape) -> Result<Found<C::Row>> {
    let rows = size::select::<C>(
        scope::visible::<C>(reads.actor(), shape.deleted),
        shape,
        None,
    );
    let row = rows.filter(scope::is::<C>(id)).one(reads.db()?).await?;
    one::<C>(reads, row.ok_or(Error::NotFound)?).await
}

pub async fn one<C: Crud>(reads: &impl Reads, row: Model<C>) -> Result<Found<C::Row>> {
    let complete = C::load(reads, vec![row.clone()]).await?.pop();
    let complete =
        complete.ok_or_else(|| Error::bug("loading the data of a row returned nothing"))?;
    Ok(base::found::<C>(reads.actor(), &row, complete))
}
