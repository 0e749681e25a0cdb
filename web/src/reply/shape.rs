//! Conversion of rows to an answer: whole, with selected fields, or with related rows.
use actix_web::http::StatusCode;
use kernel::{
    Error,
    query::{ListQuery, Shape},
    resource::Deleted,
};

use super::{Answer, Page, Reply, Row};
use crate::{
    call::Call,
    json::{ObjectWriter, write_array},
    problem::Problem,
    resource::{FoundPage, FoundRow, PageInfo, Representation, Resource, ShapedRow, Writable},
};

/// The room in bytes for the members of a page beside its rows, and for a row whose size is not known.
const ROOM: usize = 512;

/// Rows with all their fields, or as the request selects them.
enum Rows<V: Resource> {
    Whole(Vec<Representation<V>>),
    Shaped(Vec<ShapedRow>),
}

impl<V: Resource> Rows<V> {
    /// Writes the body of a page.
    fn write_page(&self, info: &PageInfo) -> serde_json::Result<Vec<u8>> {
        let mut body = Vec::with_capacity(self.size() + ROOM);
        let mut page = ObjectWriter::begin(&mut body);
        match self {
            Self::Whole(rows) => page.member("data", rows)?,
            Self::Shaped(rows) => write_array(page.name("data"), rows, ShapedRow::write),
        }
        page.member("page", info)?;
        page.end();
        Ok(body)
    }

    /// Returns the room for the rows in bytes, so that a long body is not copied while it grows.
    fn size(&self) -> usize {
        match self {
            Self::Whole(rows) => rows.len() * ROOM,
            Self::Shaped(rows) => rows.iter().map(ShapedRow::size).sum(),
        }
    }
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
        let body = data.write_page(&info).map_err(Error::internal)?;
        Ok(Reply::written(StatusCode::OK, body).with_links(links))
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
        let row = match &rows {
            Rows::Shaped(rows) => rows.first(),
            Rows::Whole(_) => None,
        };
        let row = row.ok_or_else(|| Error::bug("the selected fields of a row were not applied"))?;
        let mut body = Vec::with_capacity(row.size());
        row.write(&mut body);
        let reply = Reply::written(StatusCode::OK, body);
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
        let shaped = |row: Representation<V>| row.to_object().map(ShapedRow::new);
        let mut rows = rows.map(shaped).collect::<Result<Vec<_>, _>>()?;
        if !how.includes.is_empty() {
            let size = |row: &ShapedRow| row.members.size_of(|name| is_shown(name, how));
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
            row.members.retain(|name| is_shown(name, how));
        }
        Ok(Rows::Shaped(rows))
    }
}

fn is_shown(member: &str, how: &Shape) -> bool {
    member == "id" || how.shows(member)
}
