//! Answers under an idempotency key: a retry of a request returns the first answer and has no second effect (contract §7).
use kernel::{
    Crud, Result, Tx,
    idempotency::{Need, WriteRequest},
};

use super::{Answer, Reply, StoredReply};
use crate::call::Call;

/// The largest body, in bytes, that is stored completely. A larger one is stored without the fields, which the history has.
const MAX_STORED: usize = 64 * 1024;

/// An operation whose answer can be replayed: how the answer is stored, and what a caller needs to get it again.
pub trait Replayable {
    /// Returns the permissions to store before the operation runs.
    async fn needs(&self, _tx: &Tx) -> Result<Vec<Need>> {
        Ok(Vec::new())
    }

    fn store<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<StoredReply> {
        Ok(reply.to_stored(needs, tx.changed_fields()))
    }

    /// Returns the answer with the fields that the caller may see. Fails as the first request of this caller would.
    async fn replay(&self, tx: &Tx, stored: StoredReply) -> Result<StoredReply>;
}

impl<C: Crud> Replayable for WriteRequest<'_, C> {
    async fn needs(&self, tx: &Tx) -> Result<Vec<Need>> {
        Self::needs(self, tx).await
    }

    /// Omits the fields of a row that is in the history: one that was not changed, or a large one.
    fn store<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<StoredReply> {
        let is_in_history = !tx.has_recorded() || reply.size() > MAX_STORED;
        if self.shows_row() && is_in_history {
            reply.to_stored_without_fields::<C>(tx.changed_fields())
        } else {
            Ok(reply.to_stored(needs, tx.changed_fields()))
        }
    }

    async fn replay(&self, tx: &Tx, stored: StoredReply) -> Result<StoredReply> {
        let is_full = self.authorize(tx, &stored.notes()).await?;
        if self.shows_row() {
            stored.restore::<C>(tx, is_full).await
        } else {
            Ok(stored)
        }
    }
}

/// A change whose answer shows nothing that needs more than the rule of the route, which is checked for a replay too.
impl Replayable for () {
    async fn replay(&self, _: &Tx, stored: StoredReply) -> Result<StoredReply> {
        Ok(stored)
    }
}

impl<B, Q> Call<B, Q> {
    /// Gives the call the longer time limit of deletions, restores and purges.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.session = self.session.long();
        self
    }

    /// Runs `work` in one transaction and returns its answer. If the key was used before, it replays the first answer to a
    /// caller who is still permitted to make the request.
    pub async fn write<A>(
        &self,
        request: impl Replayable,
        work: impl AsyncFn(&Tx) -> Result<Reply<A>>,
    ) -> Answer<A> {
        // The future of a write is large, and each future around it would move it.
        let Some(key) = self.idempotency_key()? else {
            return Ok(Box::pin(self.session.write(work)).await?);
        };
        let first = async |tx: &Tx| {
            let needs = request.needs(tx).await?;
            let reply = work(tx).await?;
            let stored = request.store(tx, &reply, needs)?;
            Ok((reply, stored))
        };
        let replay = async |tx: &Tx, stored: StoredReply| {
            Ok(Reply::replay(request.replay(tx, stored).await?))
        };
        Ok(Box::pin(self.session.write_once(&key, first, replay)).await?)
    }
}
