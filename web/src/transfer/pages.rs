//! The pages of an export. Each is read when it is requested; no connection or lock is held between pages.
use kernel::{ReadOperations, Result, Session, query::ExportQuery, resource::Deleted};

use super::{Format, references::References, writer::Writer};
use crate::resource::{Representation, Resource};

/// Rows of the first page.
const FIRST_LIMIT: u64 = 20;

/// The most rows of a page.
const MAX_LIMIT: u64 = 1_000;

/// The size of a page to aim for, in bytes: pages of large rows have fewer rows.
const TARGET_SIZE: u64 = 512 * 1024;

/// Rows in the format of the export.
pub struct ExportPage {
    pub rows: u64,
    pub bytes: Vec<u8>,
    /// The rows of all pages, on the first page of a counted export.
    pub total: Option<u64>,
}

pub struct Pages<V: Resource> {
    query: ExportQuery<V::Service>,
    writer: Writer,
    references: References,
    /// Bytes before the first row.
    head: Option<Vec<u8>>,
    limit: u64,
    is_finished: bool,
}

impl<V: Resource> Pages<V> {
    pub fn new(mut query: ExportQuery<V::Service>, format: Format) -> Result<Self> {
        query.limit(FIRST_LIMIT);
        let writer = Writer::new::<V>(format, query.shape());
        Ok(Self {
            head: Some(writer.head()?),
            references: References::shown::<V::Service>(query.shape()),
            query,
            writer,
            limit: FIRST_LIMIT,
            is_finished: false,
        })
    }

    /// Returns `None` after the last page.
    pub async fn next(&mut self, session: &Session) -> Result<Option<ExportPage>> {
        if self.is_finished {
            return Ok(None);
        }
        let page = V::Service::list(session, self.query.page()).await?;
        let with_deleted = self.query.shape().deleted != Deleted::Exclude;
        let total = page.total;
        let rows = page.rows.into_iter();
        let rows = rows.map(|found| Representation::<V>::new(found, with_deleted));
        let rows: Vec<_> = rows.collect();
        let body = if self.references.is_empty() {
            self.writer.rows(&rows)?
        } else {
            let named = self.references.name_rows::<V>(session, &rows).await?;
            self.writer.rows(&named)?
        };
        let rows = rows.len() as u64;
        // A page before the end may be empty; that says nothing about the size of later rows.
        if rows > 0 {
            self.limit = self.next_limit(rows, body.len() as u64);
        }
        self.query.limit(self.limit);
        match page.next {
            Some(next) => self.query.continue_at(next),
            None => self.is_finished = true,
        }
        let mut bytes = self.head.take().unwrap_or_default();
        bytes.extend(body);
        Ok(Some(ExportPage { rows, bytes, total }))
    }

    /// Returns how many rows reach the target size, but at most double the last limit because later rows may be larger.
    fn next_limit(&self, rows: u64, bytes: u64) -> u64 {
        let fitting = rows * TARGET_SIZE / bytes.max(1);
        fitting.min(self.limit * 2).clamp(1, MAX_LIMIT)
    }
}
