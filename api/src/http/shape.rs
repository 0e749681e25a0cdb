//! Conversion of rows to an answer: whole, with selected fields, or with related rows.
use serde::Serialize;
use serde_json::Value;
use service::{
    Error, Found,
    crud::{self, Deleted},
    query::{ListQuery, Shape},
};

use super::{
    Answer, Call, Listed, Page, Problem, Reply, Resource, Row, RowView, Window, json_size::size,
};

/// Rows with all their fields, or as the request selects them.
#[derive(Serialize)]
#[serde(untagged)]
enum Rows<R> {
    Whole(Vec<R>),
    Shaped(Vec<Value>),
}

impl<B, Q> Call<B, Q> {
    /// Answers with a page of a list.
    pub async fn page<R: Listed>(
        &self,
        page: crud::Page<R::Row, R::State>,
        query: &ListQuery<R>,
    ) -> Answer<Page<R>> {
        let links = self
            .links
            .header(page.next.as_deref(), page.prev.as_deref());
        let data = self.shape::<R>(page.rows, &query.shape).await?;
        let window = Window {
            limit: query.limit,
            next: page.next,
            prev: page.prev,
            total: page.total,
        };
        let body = Envelope { data, page: window };
        Ok(Reply::ok(&body)?.with_links(links))
    }

    /// Answers with one row and its `ETag`, which is weak with `fields` and absent with `include`.
    pub async fn row<R: Resource>(&self, found: Found<R::Row>, how: &Shape) -> Answer<Row<R>> {
        // `If-Match` applies to reads too (RFC 9110, section 13.1.1).
        self.matching()?.if_sent().check(found.state.version)?;
        let tag = (found.state.version, found.is_full);
        if how.is_plain() {
            let row = RowView::<R>::new::<R>(found, how.deleted != Deleted::Exclude);
            return Ok(Reply::ok(&row)?.with_etag(tag, true));
        }
        let rows = self.shape::<R>(vec![found], how).await?;
        let Rows::Shaped(mut rows) = rows else {
            return Err(
                Error::bug("a row was not shaped although the request selects fields").into(),
            );
        };
        let reply = Reply::ok(&rows.pop())?;
        Ok(if how.includes.is_empty() {
            reply.with_etag(tag, false)
        } else {
            reply
        })
    }

    /// Selects the fields of rows and adds related rows, as far as the size limit of the answer allows.
    async fn shape<R: Listed>(
        &self,
        rows: Vec<Found<R::Row, R::State>>,
        how: &Shape,
    ) -> Result<Rows<RowView<R>>, Problem> {
        let shows_deleted = how.deleted != Deleted::Exclude;
        let rows = rows.into_iter();
        let rows = rows.map(|found| RowView::<R>::new::<R>(found, shows_deleted));
        if how.is_plain() {
            return Ok(Rows::Whole(rows.collect()));
        }
        let value = |row| serde_json::to_value(row).map_err(Error::internal);
        let mut rows = rows.map(value).collect::<Result<Vec<_>, _>>()?;
        let mut kept = how.fields.clone();
        if !how.includes.is_empty() {
            let size = |row: &Value| shown_size(row, how);
            let mut room = self
                .answer_limit
                .saturating_sub(rows.iter().map(size).sum());
            let mut waiting = how.includes.len() as u64;
            for include in &how.includes {
                let share = room / waiting;
                let left = self
                    .relations
                    .attach(&self.session, include, &mut rows, share)
                    .await?;
                room -= share - left;
                waiting -= 1;
                if let Some(kept) = &mut kept {
                    kept.extend([include.name.to_owned(), format!("{}_more", include.name)]);
                }
            }
        }
        if let Some(kept) = kept {
            for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                row.retain(|name, _| name == "id" || kept.contains(name));
            }
        }
        Ok(Rows::Shaped(rows))
    }
}

/// The body of a page.
#[derive(Serialize)]
struct Envelope<R> {
    data: Rows<R>,
    page: Window,
}

/// The size in bytes of the members that are shown.
fn shown_size(row: &Value, how: &Shape) -> u64 {
    let members = row.as_object().into_iter().flatten();
    let shown = members.filter(|(name, _)| *name == "id" || how.shows(name));
    shown
        .map(|(name, value)| name.len() as u64 + 3 + size(value))
        .sum()
}
