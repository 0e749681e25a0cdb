//! `Idempotency-Key`: a client that does not know whether its request arrived sends it again, and it happens once (contract §7).
use std::marker::PhantomData;

use actix_web::{HttpMessage, HttpRequest, http::header::HeaderName};
use service::{
    Result, Tx,
    idempotency::{Deed, MAX_LENGTH, Need, Once},
};
use sha2::{Digest, Sha256};

use super::{Answer, Call, Problem, Reply, Resource, reply::Kept};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// SHA-256 of the body, left in the request by whoever reads it.
#[derive(Clone)]
struct BodyDigest(Vec<u8>);

/// Remembers the body for the fingerprint, if there is a key.
pub fn note_body(request: &HttpRequest, body: &[u8]) {
    if request.headers().contains_key(KEY) {
        let digest = Sha256::digest(body).to_vec();
        request.extensions_mut().insert(BodyDigest(digest));
    }
}

/// The key, and what it is sent with: the method, the path, the query and the body that was read.
pub fn once(request: &HttpRequest) -> Result<Option<Once>, Problem> {
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

/// Bytes of a body that is kept as it is. Of a larger one the fields are left out, which the history has.
const MAX_KEPT: usize = 64 * 1024;

/// What a request does: what is kept of its answer, and what a caller must be permitted before it is given again.
pub trait Again {
    /// What is noted before it is done.
    async fn needs(&self, _tx: &Tx) -> Result<Vec<Need>> {
        Ok(Vec::new())
    }

    fn keep<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<Kept> {
        Ok(reply.kept(needs, tx.changed_fields()))
    }

    /// The answer as the caller may have it. Fails as the request would that asked for this for the first time.
    async fn show(&self, tx: &Tx, kept: Kept) -> Result<Kept>;
}

impl<R: Resource> Again for Deed<'_, R> {
    async fn needs(&self, tx: &Tx) -> Result<Vec<Need>> {
        Self::needs(self, tx).await
    }

    /// A row that was not changed is in the history already, and a large one is now.
    fn keep<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<Kept> {
        let is_in_history = !tx.has_recorded() || reply.size() > MAX_KEPT;
        if self.shows_row() && is_in_history {
            reply.kept_lean::<R>(tx.changed_fields())
        } else {
            Ok(reply.kept(needs, tx.changed_fields()))
        }
    }

    async fn show(&self, tx: &Tx, kept: Kept) -> Result<Kept> {
        let is_full = self.permit(tx, &kept.notes()).await?;
        if self.shows_row() {
            kept.shown_to::<R>(tx, is_full).await
        } else {
            Ok(kept)
        }
    }
}

/// Something that is done beneath a row, which the caller must see.
pub struct Beneath<R, D> {
    pub id: i64,
    pub deed: D,
    pub row: PhantomData<R>,
}

impl<R: Resource, D: Again> Again for Beneath<R, D> {
    async fn needs(&self, tx: &Tx) -> Result<Vec<Need>> {
        self.deed.needs(tx).await
    }

    fn keep<A>(&self, tx: &Tx, reply: &Reply<A>, needs: Vec<Need>) -> Result<Kept> {
        self.deed.keep(tx, reply, needs)
    }

    async fn show(&self, tx: &Tx, kept: Kept) -> Result<Kept> {
        R::visible_row(tx, self.id).await?;
        self.deed.show(tx, kept).await
    }
}

impl<B, Q> Call<B, Q> {
    /// The same call with the time of a cascade, a restore or a purge.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.session = self.session.long();
        self
    }

    /// Runs `work` in one transaction, which gives the answer. Where the key was used before, the first answer is given
    /// again, to a caller who may still do this.
    pub async fn write<A>(
        &self,
        deed: impl Again,
        work: impl AsyncFn(&Tx) -> Result<Reply<A>>,
    ) -> Answer<A> {
        let Some(once) = self.once()? else {
            return Ok(self.session.write(work).await?);
        };
        let first = async |tx: &Tx| {
            let needs = deed.needs(tx).await?;
            let reply = work(tx).await?;
            let kept = deed.keep(tx, &reply, needs)?;
            Ok((reply, kept))
        };
        let again = async |tx: &Tx, kept: Kept| Ok(Reply::again(deed.show(tx, kept).await?));
        Ok(self.session.write_once(&once, first, again).await?)
    }
}
