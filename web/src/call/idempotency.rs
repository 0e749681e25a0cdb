//! `Idempotency-Key`: the key and the fingerprint of a request (contract §7).
use actix_web::{HttpMessage, HttpRequest, http::header::HeaderName};
use kernel::idempotency::{IdempotencyKey, MAX_LENGTH};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

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
pub fn read(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Problem> {
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
    Ok(Some(IdempotencyKey {
        text: key.to_owned(),
        fingerprint: fingerprint.finalize().to_vec(),
    }))
}
