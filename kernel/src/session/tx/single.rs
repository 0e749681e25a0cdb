//! What a single statement that writes a row with its audit entry needs.
use std::sync::atomic::Ordering::Relaxed;

use sea_orm::{ConnectionTrait, QueryResult, Statement};

use super::{Author, Entry, Slot, Tx, lock};
use crate::Result;

impl Tx {
    /// Returns the number of statements that this transaction has run.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Relaxed)
    }

    /// Returns true if there are audit entries that are not stored yet.
    pub(crate) fn has_entries(&self) -> bool {
        !lock(&self.entries).all.is_empty()
    }

    /// Returns the id of the request that this transaction belongs to.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub(crate) fn author(&self) -> Author<'_> {
        Author {
            user_id: self.actor.user_id(),
            request_id: self.request_id(),
        }
    }

    /// Runs a statement that writes these tables, and locks or reads others.
    pub(crate) async fn query_one_writing(
        &self,
        statement: Statement,
        tables: &[&str],
    ) -> Result<Option<QueryResult>> {
        self.run_waiting().await?;
        let slots = tables.iter().map(|table| Slot::of(*table));
        lock(&self.tables).extend(slots);
        Ok(self.run(self.inner.query_one_raw(statement)).await?)
    }

    /// Notes the audit entry of a row with this id, which is stored already with so many bytes of values.
    pub(crate) fn note_stored(&self, entry: &Entry, id: i64, bytes: u64) {
        self.note_changed_rows(entry.resource, Some(&[id]));
        lock(&self.fields).extend(entry.changes.keys().cloned());
        self.history_bytes.fetch_add(bytes, Relaxed);
    }
}
