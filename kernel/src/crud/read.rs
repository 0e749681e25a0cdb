//! Reads pages of lists, and single rows.
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};

use super::{Plan, base, by_id, count, plan::PageRows, size};
use crate::{
    Error, Reads, Result,
    query::{Count, Shape},
    resource::{Found, Model, PrivateView, Readable, RowPage, scope},
};

/// Reads one page, and makes the cursors to the pages around it.
pub async fn page<C: Readable>(
    reads: &impl Reads,
    plan: Plan<'_, C>,
) -> Result<RowPage<C::Row, C::State>> {
    let (db, query) = (reads.db()?, plan.query);
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let PageRows {
        mut rows,
        unexamined,
    } = plan.read(db).await?;
    let has_more = rows.len() > limit || unexamined.is_some();
    rows.truncate(limit);
    let (mut rows, is_cut) = size::fit::<C>(reads, query, || plan.matching(), rows).await?;
    if is_cut && !query.may_be_cut() {
        return Err(Error::AnswerTooLarge {
            limit: query.answer_limit,
            rows: rows.len(),
        });
    }
    // A page that was cut continues after its last row.
    let unexamined = unexamined.filter(|_| !is_cut);
    let goes_on = has_more || is_cut;
    let backward = plan.is_backward();
    if backward {
        rows.reverse();
    }
    let came_from_before = query.offset > 0 || plan.place.is_some();
    let (has_prev, has_next) = if backward {
        (goes_on, true)
    } else {
        (came_from_before, goes_on)
    };
    // A page that stopped examining continues at the row where it stopped.
    let onward = unexamined.and_then(|row| plan.cursor_at(&row, backward));
    // An empty page leads back to where the client came from.
    let back = rows.is_empty().then(|| plan.cursor_back()).flatten();
    let (to_next, to_prev) = if backward {
        (back, onward)
    } else {
        (onward, back)
    };
    let cursor_after =
        |row: Option<&size::Placed<C>>, backward| plan.cursor_after(&row?.0, backward);
    let next = to_next.or_else(|| cursor_after(rows.last().filter(|_| has_next), false));
    let prev = to_prev.or_else(|| cursor_after(rows.first().filter(|_| has_prev), true));
    let seen = match rows.len() {
        0 => 0,
        shown => query.offset + shown as u64,
    };
    let is_whole = !has_prev && !has_next;
    let total = match query.count {
        Count::None => None,
        Count::Exact => Some(count::exact(db, plan.matching()).await?),
        // If the page is the whole list, its rows are the exact count.
        Count::Estimate if is_whole => Some(seen),
        Count::Estimate => Some(count::estimate(db, plan.matching()).await?.max(seen)),
    };
    Ok(RowPage {
        rows: rows.into_iter().filter_map(|(_, found)| found).collect(),
        total,
        next,
        prev,
    })
}

pub async fn get<C: Readable>(
    reads: &impl Reads,
    id: i64,
    shape: &Shape,
) -> Result<Found<C::Row, C::State>> {
    let row = reads.find(by_id::statement::<C>(reads, id, shape)?).await?;
    let row = row.map(|row| Model::<C>::from_query_result(&row, ""));
    let row = row.transpose()?.ok_or(Error::NotFound)?;
    one::<C>(reads, row).await
}

pub async fn get_all<C: Readable>(
    reads: &impl Reads,
    ids: &[i64],
    shape: &Shape,
) -> Result<Vec<Found<C::Row, C::State>>> {
    let rows = scope::visible::<C>(reads.actor(), shape.deleted);
    let rows = size::select::<C>(rows, shape, None).filter(C::ID.is_in(ids.iter().copied()));
    complete::<C>(reads, rows.all(reads.db()?).await?).await
}

pub async fn one<C: Readable>(
    reads: &impl Reads,
    row: Model<C>,
) -> Result<Found<C::Row, C::State>> {
    let complete = complete::<C>(reads, vec![row]).await?.pop();
    complete.ok_or_else(|| Error::bug("loading the data of a row returned nothing"))
}

/// Adds the data of other tables to rows.
async fn complete<C: Readable>(
    reads: &impl Reads,
    rows: Vec<Model<C>>,
) -> Result<Vec<Found<C::Row, C::State>>> {
    let loaded = C::load(reads, rows.clone()).await?;
    let view = PrivateView::new::<C>(reads.actor());
    let found = |(row, loaded)| base::found_row::<C>(&view, row, loaded);
    Ok(rows.iter().zip(loaded).map(found).collect())
}
