//! Conversion of rows to an answer: whole, with selected fields, or with related rows.
use kernel::{
    Error,
    query::{ListQuery, Shape},
    resource::Deleted,
};
use serde::Serialize;

use super::{Answer, Page, Reply, Row};
use crate::{
    call::Call,
    json::size,
    problem::Problem,
    resource::{FoundPage, FoundRow, PageInfo, Representation, Resource, ShapedRow, Writable},
};

/// Rows with all their fields, or as the request selects them.
#[derive(Serialize)]
#[serde(untagged)]
enum Rows<V: Resource> {
    Whole(Vec<Representation<V>>),
    Shaped(Vec<ShapedRow>),
}

impl<B, Q> Call<B, Q> {
    /// Answers with a page of a list.
    pub async fn page<V: Resource>(
        &self,
        page: FoundPage<V>,
        query: &ListQuery<V::Service>,
    ) -> Answer<Page<V>> {
        let links = self
            .links
            .header(page.next.as_deref(), page.prev.as_deref());
        let data = self.shape::<V>(page.rows, &query.shape).await?;
        let info = PageInfo {
            limit: query.limit,
            next: page.next,
            prev: page.prev,
            total: page.total,
        };
        let body = Envelope { data, page: info };
        Ok(Reply::ok(&body)?.with_links(links))
    }

    /// Answers with one row and its `ETag`, which is weak with `fields` and absent with `include`.
    pub async fn row<V: Writable>(&self, found: FoundRow<V>, how: &Shape) -> Answer<Row<V>> {
        // `If-Match` applies to reads too (RFC 9110, section 13.1.1).
        self.matching()?.if_sent().check(found.state.version)?;
        let tag = (found.state.version, found.is_full);
        if how.is_plain() {
            let row = Representation::<V>::new(found, how.deleted != Deleted::Exclude);
            return Ok(Reply::ok(&row)?.with_etag(tag, true));
        }
        let rows = self.shape::<V>(vec![found], how).await?;
        let Rows::Shaped(mut rows) = rows else {
            return Err(Error::bug("the selected fields of a row were not applied").into());
        };
        let reply = Reply::ok(&rows.pop())?;
        Ok(if how.includes.is_empty() {
            reply.with_etag(tag, false)
        } else {
            reply
        })
    }

    /// Selects the fields of rows and adds related rows, as far as the size limit of the answer allows.
    async fn shape<V: Resource>(
        &self,
        rows: Vec<FoundRow<V>>,
        how: &Shape,
    ) -> Result<Rows<V>, Problem> {
        let shows_deleted = how.deleted != Deleted::Exclude;
        let rows = rows.into_iter();
        let rows = rows.map(|found| Representation::<V>::new(found, shows_deleted));
        if how.is_plain() {
            return Ok(Rows::Whole(rows.collect()));
        }
        let mut rows = rows.map(ShapedRow::new).collect::<Result<Vec<_>, _>>()?;
        if !how.includes.is_empty() {
            let size = |row: &ShapedRow| shown_size(row, how);
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
            }
        }
        for row in &mut rows {
            row.members.retain(|name, _| is_shown(name, how));
        }
        Ok(Rows::Shaped(rows))
    }
}

/// The body of a page.
#[derive(Serialize)]
struct Envelope<V: Resource> {
    data: Rows<V>,
    page: PageInfo,
}

/// The size in bytes of the members that are shown.
fn shown_size(row: &ShapedRow, how: &Shape) -> u64 {
    let shown = row.members.iter().filter(|(name, _)| is_shown(name, how));
    shown
        .map(|(name, value)| name.len() as u64 + 3 + size(value))
        .sum()
}

fn is_shown(member: &str, how: &Shape) -> bool {
    member == "id" || how.shows(member)
}
