//! `Idempotency-Key`: a client that does not know whether its request arrived sends it again, and it happens once (contract §7).
use actix_web::{HttpMessage, HttpRequest, http::header::HeaderName};
use service::{
    Result, Tx,
    idempotency::{MAX_LENGTH, Once},
};
use sha2::{Digest, Sha256};

use super::{Answer, Call, Problem, Reply};

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

impl<B, Q> Call<B, Q> {
    /// The same call with the time of a cascade, a restore or a purge.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.session = self.session.long();
        self
    }

    /// Runs `work` in one transaction, which gives the answer: the first one again, where the key was used before.
    pub async fn write<A>(&self, work: impl AsyncFn(&Tx) -> Result<Reply<A>>) -> Answer<A> {
        let Some(once) = self.once()? else {
            return Ok(self.session.write(work).await?);
        };
        let work = async |tx: &Tx| Ok(work(tx).await?.kept());
        let (kept, is_replayed) = self.session.write_once(&once, work).await?;
        Ok(Reply::again(kept, is_replayed))
    }
}
