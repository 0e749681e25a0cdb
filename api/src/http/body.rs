//! Request bodies: their type, size and time, before anything looks inside.
use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING},
};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use service::input::{self, Input};
use tokio::time::timeout;

use super::{Problem, json, once, slot::Slot};
use crate::openapi::Operation;

/// Room for a body before any of it is there.
const FIRST: usize = 64 * 1024;

/// How large a body may be, in bytes, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub size: usize,
    /// Of many operations at once.
    pub bulk_size: usize,
    /// Of an import.
    pub import_size: usize,
    /// Of an import, how long nothing may arrive.
    pub time: Duration,
    /// Whether it counts among the bodies of bulk requests.
    pub is_bulk: bool,
}

/// What an endpoint takes as its body.
pub trait Body: Sized {
    async fn read(request: &HttpRequest, payload: Payload, limits: Limits)
    -> Result<Self, Problem>;

    fn document(_operation: &mut Operation<'_>) {}
}

/// An endpoint that takes none: what comes all the same is not looked at.
#[derive(Debug)]
pub struct NoBody;

impl Body for NoBody {
    async fn read(_: &HttpRequest, _: Payload, _: Limits) -> Result<Self, Problem> {
        Ok(Self)
    }
}

impl<T: Input> Body for T {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        json(request, payload, limits).await
    }

    fn document(operation: &mut Operation<'_>) {
        operation.body::<T>(true);
    }
}

/// An endpoint that also works without one.
#[derive(Debug)]
pub struct Maybe<T>(pub Option<T>);

impl<T: Input> Body for Maybe<T> {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let headers = request.headers();
        let is_empty = headers
            .get(CONTENT_LENGTH)
            .is_none_or(|length| length == "0");
        if is_empty && !headers.contains_key(TRANSFER_ENCODING) {
            return Ok(Self(None));
        }
        json(request, payload, limits)
            .await
            .map(|input| Self(Some(input)))
    }

    fn document(operation: &mut Operation<'_>) {
        operation.body::<T>(false);
    }
}

async fn json<T: Input + DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    limits: Limits,
) -> Result<T, Problem> {
    let input: T = json::read(&bytes(request, payload, limits).await?)?;
    input::check(&input)?;
    Ok(input)
}

/// A body of JSON, as it came.
pub async fn bytes(
    request: &HttpRequest,
    payload: Payload,
    limits: Limits,
) -> Result<Vec<u8>, Problem> {
    check_type(request)?;
    let slot = Slot::of(request)?;
    let arrival = timeout(limits.time, collect(request, payload, limits, &slot));
    let body = slot.arrival(async { arrival.await.map_err(|_| Problem::timeout())? });
    let body = body.await?;
    once::note_body(request, &body);
    Ok(body)
}

/// Refuses packed bodies: how large they are unpacked is not known. `identity` is no encoding (RFC 9110, section 8.4.1).
pub fn check_encoding(request: &HttpRequest) -> Result<(), Problem> {
    let is_plain = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or("?");
        let mut encodings = text.split(',').map(str::trim);
        encodings.all(|encoding| encoding.is_empty() || encoding.eq_ignore_ascii_case("identity"))
    };
    if request.headers().get_all(CONTENT_ENCODING).all(is_plain) {
        Ok(())
    } else {
        Err(Problem::unsupported(
            "send the body without Content-Encoding",
        ))
    }
}

/// How long the request says that its body is. Fails where that is too long.
pub fn announced(request: &HttpRequest, limit: usize) -> Result<Option<usize>, Problem> {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    match length {
        Some(length) if length > limit => Err(Problem::too_large(limit)),
        length => Ok(length),
    }
}

fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    check_encoding(request)?;
    let kind = request.content_type().trim().to_ascii_lowercase();
    // RFC 7396 names its own type for a merge patch.
    let is_patch = request.method() == actix_web::http::Method::PATCH;
    match kind.as_str() {
        "application/json" => Ok(()),
        "application/merge-patch+json" if is_patch => Ok(()),
        _ => Err(Problem::unsupported("send the body as application/json")),
    }
}

async fn collect(
    request: &HttpRequest,
    mut payload: Payload,
    limits: Limits,
    slot: &Slot,
) -> Result<Vec<u8>, Problem> {
    let limit = limits.size;
    let announced = announced(request, limit)?.unwrap_or_default();
    // A long body that would not be taken is refused before it arrives; of a short one only what is there counts.
    match limits.is_bulk {
        true => slot.hold(&slot.load().bulks, announced)?,
        false => slot.hold(&slot.load().bodies, 0)?,
    }
    let mut counted = if limits.is_bulk { announced } else { 0 };
    let mut body = Vec::with_capacity(announced.min(FIRST));
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Problem::malformed(format!("the body broke off: {error}")))?;
        let length = body.len() + chunk.len();
        if length > limit {
            return Err(Problem::too_large(limit));
        }
        slot.hold_more(length.saturating_sub(counted))?;
        counted = counted.max(length);
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
