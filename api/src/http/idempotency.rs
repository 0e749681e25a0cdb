//! `Idempotency-Key`: a retry of a request returns the first answer and has no second effect (contract §7).
use std::marker::PhantomData;

use actix_web::{HttpMessage, HttpRequest, http::header::HeaderName};
use service::{
    Result, Tx,
    idempotency::{Deed, MAX_LENGTH, Need, Once},
};
use sha2::{Digest, Sha256};

use super::{Answer, Call, Problem, Reply, Resource, reply::StoredReply};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The SHA-256 digest of the body, stored in the request's extensions when the body is read.
#[derive(Clone)]
struct BodyDigest(Vec<u8>);

/// Stores the digest of the body for the fingerprint, if the request has a key.
pub fn store_body_digest(request: &HttpRequest, body: &[u8]) {
    if request.headers().contains_key(KEY) {
        let digest = Sha256::digest(body).to_vec();
        request.extensions_mut().insert(BodyDigest(digest));
    }
}

/// Reads the key and computes the fingerprint of the request: its method, path, query and body.
pub fn read(request: &HttpRequest) -> Result<Option<Once>, Problem> {
    let Some(key) = request.headers().get(KEY) else {
        return Ok(None);
    };
    let key = key.to_str().unwrap_or_default();
    let is_printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_printable || !(1..=MAX_LENGTH).contains(&key.len()) {
        return Err(Problem::malformed(format!(
            "Idempotency-Key must have 1 to {MAX_LENGTH} printable ASCII characters"
        )));
    }
    let body = request.extensions().get::<BodyDigest>().cloned();
    let head = format!("{} {}\n", request.method(), request.uri());
    let fingerprint = Sha256::new()
        .chain_update(head)
        .chain_update(body.map_or_else(Vec::new, |body| body.0));
    Ok(Some(Once {
        key: key.to_owned(),
        fingerprint: fingerprint.finalize().to_vec(),
    }))
}

/// The largest body, in bytes, that is stored as a whole. Of a larger one the fields are omitted, because the history has them.
const MAX_STORED: usize = 64 * 1024;

/// An operation whose answer can be replayed: how the answer is stored, and what a caller needs to get it again.
pub trait Replayable {
    /// The permissions to store before the operation runs.
    async fn needs(&self, _tx: &Tx) -> Result<Vec<Need>> {
        Ok(Vec::new())
    }

    fn store<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<StoredReply> {
        Ok(reply.to_stored(needs, tx.changed_fields()))
    }

    /// Returns the answer with the fields that the caller may see. Fails as the first request of this caller would.
    async fn replay(&self, tx: &Tx, stored: StoredReply) -> Result<StoredReply>;
}

impl<R: Resource> Replayable for Deed<'_, R> {
    async fn needs(&self, tx: &Tx) -> Result<Vec<Need>> {
        Self::needs(self, tx).await
    }

    /// Omits the fields of a row that is in the history: one that was not changed, or a large one.
    fn store<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<StoredReply> {
        let is_in_history = !tx.has_recorded() || reply.size() > MAX_STORED;
        if self.shows_row() && is_in_history {
            reply.to_stored_without_fields::<R>(tx.changed_fields())
        } else {
            Ok(reply.to_stored(needs, tx.changed_fields()))
        }
    }

    async fn replay(&self, tx: &Tx, stored: StoredReply) -> Result<StoredReply> {
        let is_full = self.permit(tx, &stored.notes()).await?;
        if self.shows_row() {
            stored.restore::<R>(tx, is_full).await
        } else {
            Ok(stored)
        }
    }
}

/// An operation under a parent row that must be visible to the caller.
pub struct UnderRow<R, D> {
    pub id: i64,
    pub deed: D,
    pub row: PhantomData<R>,
}

impl<R: Resource, D: Replayable> Replayable for UnderRow<R, D> {
    async fn needs(&self, tx: &Tx) -> Result<Vec<Need>> {
        self.deed.needs(tx).await
    }

    fn store<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<StoredReply> {
        self.deed.store(tx, reply, needs)
    }

    async fn replay(&self, tx: &Tx, stored: StoredReply) -> Result<StoredReply> {
        R::visible_row(tx, self.id).await?;
        self.deed.replay(tx, stored).await
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
        deed: impl Replayable,
        work: impl AsyncFn(&Tx) -> Result<Reply<A>>,
    ) -> Answer<A> {
        let Some(once) = self.once()? else {
            return Ok(self.session.write(work).await?);
        };
        let first = async |tx: &Tx| {
            let needs = deed.needs(tx).await?;
            let reply = work(tx).await?;
            let stored = deed.store(tx, &reply, needs)?;
            Ok((reply, stored))
        };
        let replay =
            async |tx: &Tx, stored: StoredReply| Ok(Reply::replay(deed.replay(tx, stored).await?));
        Ok(self.session.write_once(&once, first, replay).await?)
    }
}
