//! Request bodies: checks of their type, size and arrival time before they are parsed.
use std::{marker::PhantomData, time::Duration};

use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING},
};
use futures_util::StreamExt;
use kernel::input::{self, Input};
use schemars::JsonSchema;
use serde_json::Value;
use tokio::time::timeout;

use super::idempotency;
use crate::{
    json::{self, Patched},
    load::Slot,
    openapi::Operation,
    problem::Problem,
};

/// The largest buffer that is allocated before a body arrives, in bytes.
const MAX_INITIAL_CAPACITY: usize = 64 * 1024;

/// Limits of request bodies: sizes in bytes, and times.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub size: usize,
    /// The limit of a bulk request.
    pub bulk_size: usize,
    /// The limit of an import.
    pub import_size: usize,
    /// How long a body may take to arrive. An import may take longer, but must not pause for longer than this.
    pub time: Duration,
    /// Whether the body counts against the memory for bulk requests.
    pub is_bulk: bool,
}

/// The body that an endpoint accepts.
pub trait Body: Sized {
    async fn read(request: &HttpRequest, payload: Payload, limits: Limits)
    -> Result<Self, Problem>;

    fn document(_: &mut Operation<'_>) {}
}

/// No body. A body that is sent anyway is ignored.
#[derive(Debug)]
pub struct NoBody;

impl Body for NoBody {
    async fn read(_: &HttpRequest, _: Payload, _: Limits) -> Result<Self, Problem> {
        Ok(Self)
    }
}

impl<T: Input + 'static> Body for T {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let body = read_json(request, payload, limits).await?;
        Ok(json::input(body, Vec::new(), |input| input::check(input))?)
    }

    fn document(operation: &mut Operation<'_>) {
        operation.body::<T>();
    }
}

/// A change of what a route answers with `A`. It may be that answer, with other values in the members that the client changes.
pub struct AnswerPatch<A, T> {
    pub sent: Patched<T>,
    answer: PhantomData<A>,
}

impl<A: JsonSchema + 'static, T: Input + 'static> Body for AnswerPatch<A, T> {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let body = read_json(request, payload, limits).await?;
        let visible = json::answer_members::<A>();
        let is_visible = |name: &str| visible.iter().any(|member| member == name);
        let sent = Patched::read(body, is_visible, |_| false, |patch| input::check(patch))?;
        Ok(Self {
            sent,
            answer: PhantomData,
        })
    }

    fn document(operation: &mut Operation<'_>) {
        operation.patch::<T>();
    }
}

/// A body that may be left out.
#[derive(Debug)]
pub struct OptionalBody<B>(pub Option<B>);

impl<B: Body> Body for OptionalBody<B> {
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
        let body = B::read(request, payload, limits).await?;
        Ok(Self(Some(body)))
    }

    fn document(operation: &mut Operation<'_>) {
        B::document(operation);
        operation.allow_no_body();
    }
}

/// Reads a JSON body. The caller converts it into an input.
pub async fn read_json(
    request: &HttpRequest,
    payload: Payload,
    limits: Limits,
) -> Result<Value, Problem> {
    json::read(&bytes(request, payload, limits).await?)
}

/// Reads a JSON body without parsing it.
pub async fn bytes(
    request: &HttpRequest,
    payload: Payload,
    limits: Limits,
) -> Result<Vec<u8>, Problem> {
    check_type(request)?;
    let slot = Slot::from_request(request)?;
    let arrival = timeout(limits.time, collect(request, payload, limits, &slot));
    let body = slot.wait_for_body(async { arrival.await.map_err(|_| Problem::timeout())? });
    let body = body.await?;
    idempotency::store_body_digest(request, &body);
    Ok(body)
}

/// Refuses compressed bodies, because their real size is unknown. `identity` means no encoding (RFC 9110, section 8.4.1).
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

/// Returns the value of `Content-Length`. Fails if it exceeds the limit.
pub fn content_length(request: &HttpRequest, limit: usize) -> Result<Option<usize>, Problem> {
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
    // RFC 7396 defines a media type for merge patches.
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
    let announced = content_length(request, limit)?.unwrap_or_default();
    // A bulk body reserves its whole length, so that it is refused before it arrives; others reserve what has arrived.
    let mut reserved = if limits.is_bulk { announced } else { 0 };
    let budget = if limits.is_bulk {
        &slot.load().bulks
    } else {
        &slot.load().bodies
    };
    slot.reserve(budget, reserved)?;
    let mut body = Vec::with_capacity(announced.min(MAX_INITIAL_CAPACITY));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk
            .map_err(|error| Problem::malformed(format!("the body is incomplete: {error}")))?;
        let length = body.len() + chunk.len();
        if length > limit {
            return Err(Problem::too_large(limit));
        }
        slot.reserve_more(length.saturating_sub(reserved))?;
        reserved = reserved.max(length);
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
