//! NDJSON files of rows that are not a resource, read in pages.
use std::pin::Pin;

use kernel::{Actor, Error, Result, Session};
use serde::Serialize;

use web::transfer::{AnyPages, ExportPage, Next};

type Rows<'a, V> = Pin<Box<dyn Future<Output = Result<Vec<(i64, V)>>> + 'a>>;

/// Reads some rows with greater ids than this one, ordered by id.
pub type Read<V> = for<'a> fn(&'a Session, i64) -> Rows<'a, V>;

pub struct NdjsonRows<V> {
    read: Read<V>,
    after: i64,
}

impl<V: Serialize> NdjsonRows<V> {
    pub fn new(read: Read<V>) -> Self {
        Self { read, after: 0 }
    }

    async fn next_page(&mut self, session: &Session) -> Result<Option<ExportPage>> {
        let rows = (self.read)(session, self.after).await?;
        let Some((last, _)) = rows.last() else {
            return Ok(None);
        };
        self.after = *last;
        let mut bytes = Vec::new();
        for (_, row) in &rows {
            serde_json::to_writer(&mut bytes, row).map_err(Error::internal)?;
            bytes.push(b'\n');
        }
        let rows = rows.len() as u64;
        Ok(Some(ExportPage {
            rows,
            bytes,
            total: None,
        }))
    }
}

impl<V: Serialize> AnyPages for NdjsonRows<V> {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a> {
        Box::pin(self.next_page(session))
    }
}

/// Rows that are read as the system because the caller may not list them: the query must select only the caller's own.
pub struct AsSystem(pub Box<dyn AnyPages>);

impl AnyPages for AsSystem {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a> {
        Box::pin(async move {
            let system = session.acting_as(Actor::System);
            self.0.next(&system).await
        })
    }
}
