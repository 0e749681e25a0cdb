//! The pages of an export, one after the other: each is read when it is asked for, and nothing is held between two.
use service::{Result, Session, crud::Deleted, query::ExportQuery};

use super::{Format, references::References, write::Writer};
use crate::http::{Representation, Resource};

/// Rows of a page, at first and at most.
const FIRST: u64 = 20;
const MOST: u64 = 1_000;

/// What a page should come to, in bytes: where rows are large, pages have fewer of them.
const SIZE: u64 = 512 * 1024;

/// Rows as bytes.
pub struct Page {
    pub rows: u64,
    pub bytes: Vec<u8>,
    /// Of all pages, where they were to be counted, and this is the first.
    pub total: Option<u64>,
}

pub struct Pages<R: Resource> {
    query: ExportQuery<R>,
    writer: Writer,
    references: References,
    /// Bytes that go before the first row.
    head: Option<Vec<u8>>,
    limit: u64,
    is_over: bool,
}

impl<R: Resource> Pages<R> {
    pub fn new(mut query: ExportQuery<R>, format: Format) -> Result<Self> {
        query.limit(FIRST);
        let writer = Writer::of::<R>(format, query.shape());
        Ok(Self {
            head: Some(writer.head()?),
            references: References::shown::<R>(query.shape()),
            query,
            writer,
            limit: FIRST,
            is_over: false,
        })
    }

    /// None once all rows were there.
    pub async fn next(&mut self, session: &Session) -> Result<Option<Page>> {
        if self.is_over {
            return Ok(None);
        }
        let page = R::list(session, self.query.page()).await?;
        let with_deleted = self.query.shape().deleted != Deleted::Exclude;
        let total = page.total;
        let rows = page.rows.into_iter();
        let rows = rows.map(|found| Representation::<R::View>::new::<R>(found, with_deleted));
        let rows: Vec<_> = rows.collect();
        let body = if self.references.is_empty() {
            self.writer.rows(&rows)?
        } else {
            let named = self.references.name_rows::<R>(session, &rows).await?;
            self.writer.rows(&named)?
        };
        let rows = rows.len() as u64;
        // A page may be empty before the end, which tells nothing of the rows that follow.
        if rows > 0 {
            self.limit = self.fitting(rows, body.len() as u64);
        }
        self.query.limit(self.limit);
        match page.next {
            Some(next) => self.query.turn(next),
            None => self.is_over = true,
        }
        let mut bytes = self.head.take().unwrap_or_default();
        bytes.extend(body);
        Ok(Some(Page { rows, bytes, total }))
    }

    /// As many as came to the right size, and at most twice as many as before: what follows may be larger.
    fn fitting(&self, rows: u64, bytes: u64) -> u64 {
        let fitting = rows * SIZE / bytes.max(1);
        fitting.min(self.limit * 2).clamp(1, MOST)
    }
}
