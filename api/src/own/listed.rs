//! Lines made of rows that are no resource, read some at a time.
use std::pin::Pin;

use serde::Serialize;
use service::{Actor, Error, Result, Session};

use crate::transfer::{AnyPages, Next, Page};

type Rows<'a, V> = Pin<Box<dyn Future<Output = Result<Vec<(i64, V)>>> + 'a>>;

/// Rows beyond an id, in the order of their ids.
pub type Read<V> = for<'a> fn(&'a Session, i64) -> Rows<'a, V>;

pub struct Listed<V> {
    read: Read<V>,
    beyond: i64,
}

impl<V: Serialize> Listed<V> {
    pub fn new(read: Read<V>) -> Self {
        Self { read, beyond: 0 }
    }

    async fn step(&mut self, session: &Session) -> Result<Option<Page>> {
        let rows = (self.read)(session, self.beyond).await?;
        let Some((last, _)) = rows.last() else {
            return Ok(None);
        };
        self.beyond = *last;
        let mut bytes = Vec::new();
        for (_, row) in &rows {
            serde_json::to_writer(&mut bytes, row).map_err(Error::internal)?;
            bytes.push(b'\n');
        }
        let rows = rows.len() as u64;
        Ok(Some(Page {
            rows,
            bytes,
            total: None,
        }))
    }
}

impl<V: Serialize> AnyPages for Listed<V> {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a> {
        Box::pin(self.step(session))
    }
}

/// Rows that the service shows to its caller, who could not ask for them: whoever makes this has narrowed them.
pub struct ByService(pub Box<dyn AnyPages>);

impl AnyPages for ByService {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a> {
        Box::pin(async move {
            let service = session.acting_as(Actor::System);
            self.0.next(&service).await
        })
    }
}
