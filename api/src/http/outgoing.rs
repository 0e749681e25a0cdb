//! Bodies of answers: sent in portions, so that a connection copies little, and counted while a client has not taken them.
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

use super::Problem;
use crate::{
    load::{Full, Held, Load},
    rate::Who,
};

/// Bytes that a connection copies at a time. A body that is no longer is not counted.
const PORTION: usize = 32 * 1024;

/// The mark of an answer whose bytes are shared by all that are like it.
pub struct Shared;

struct Portions {
    rest: Bytes,
    _held: Option<Held>,
}

impl MessageBody for Portions {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let length = self.rest.len().min(PORTION);
        let portion = self.rest.split_to(length);
        Poll::Ready((length > 0).then_some(Ok(portion)))
    }
}

/// Counts a long body until it is sent. A read fails where too many bytes wait to be taken; a write is done, and must not.
pub fn bound(
    response: HttpResponse,
    load: &Load,
    (caller, is_read): (Who, bool),
) -> Result<HttpResponse, Problem> {
    match response.body().size() {
        BodySize::Sized(size) if size > PORTION as u64 => {}
        _ => return Ok(response),
    }
    let is_shared = response.extensions().get::<Shared>().is_some();
    let (response, body) = response.into_parts();
    let rest = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(body) => return Ok(response.set_body(body)),
    };
    let held = match (is_shared, is_read) {
        (true, _) => None,
        (false, true) => Some(load.answers.hold(caller, rest.len()).map_err(refused)?),
        (false, false) => Some(load.answers.hold_anyway(caller, rest.len())),
    };
    let body = Portions { rest, _held: held };
    Ok(response.set_body(BoxBody::new(body)))
}

fn refused(full: Full) -> Problem {
    match full {
        Full::OfAll => Problem::unavailable("the memory for answers"),
        Full::OfCaller => {
            Problem::busy("you have not taken the answers that are being sent to you")
        }
    }
}
