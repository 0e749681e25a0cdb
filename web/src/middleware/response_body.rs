//! Bodies of answers: sent in chunks, so that a connection copies little, and counted until the client has received them.
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};

use crate::{
    load::{Held, LimitReached, Load},
    problem::Problem,
    rate::CallerKey,
};

/// The bytes that a connection copies at a time. Bodies up to this size are not counted.
const CHUNK: usize = 32 * 1024;

/// Marks an answer whose bytes all requests share, so that they need no memory of their own.
pub struct SharedBody;

struct Chunks {
    rest: Bytes,
    _held: Option<Held>,
}

impl MessageBody for Chunks {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let length = self.rest.len().min(CHUNK);
        let chunk = self.rest.split_to(length);
        Poll::Ready((length > 0).then_some(Ok(chunk)))
    }
}

/// Counts a long body until it is sent. A read fails if too many bytes are unsent; a write has taken effect and must not fail.
pub fn limit_unsent(
    response: HttpResponse,
    load: &Load,
    (caller, is_read): (CallerKey, bool),
) -> Result<HttpResponse, Problem> {
    match response.body().size() {
        BodySize::Sized(size) if size > CHUNK as u64 => {}
        _ => return Ok(response),
    }
    let is_shared = response.extensions().get::<SharedBody>().is_some();
    let (response, body) = response.into_parts();
    let rest = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(body) => return Ok(response.set_body(body)),
    };
    let held = if is_shared {
        None
    } else if is_read {
        Some(load.answers.hold(caller, rest.len()).map_err(refused)?)
    } else {
        Some(load.answers.hold_anyway(caller, rest.len()))
    };
    let body = Chunks { rest, _held: held };
    Ok(response.set_body(BoxBody::new(body)))
}

fn refused(limit: LimitReached) -> Problem {
    match limit {
        LimitReached::Total => Problem::overloaded("the memory for answers is full"),
        LimitReached::PerCaller => Problem::busy("too many of your answers are still being sent"),
    }
}
