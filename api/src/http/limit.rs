//! How many requests a caller may send (contract §13): counted once it is known who calls, told with every answer.
use std::net::{IpAddr, Ipv4Addr};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::header::{HeaderName, HeaderValue},
    web::Data,
};
use service::Actor;

use super::{Problem, matched::Matched, middleware::Address};
use crate::rate::{Bucket, Limiter, Verdict};

/// draft-ietf-httpapi-ratelimit-headers-11
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Counts the request. Fails where there were too many.
///
/// The caller is one whose credentials were good, or none: those whose credentials were not count as nobody.
pub async fn count(request: &HttpRequest, caller: Option<&Actor>) -> Result<(), Problem> {
    let Some(limiter) = request.app_data::<Data<Limiter>>() else {
        return Ok(());
    };
    let is_account = Matched::of(request).is_account();
    let bucket = Bucket::of(caller, address(request), is_account);
    let Some(verdict) = limiter.take(bucket).await else {
        return Ok(());
    };
    request.extensions_mut().insert(verdict);
    match verdict.wait {
        Some(wait) => Err(Problem::rate_limited(wait)),
        None => Ok(()),
    }
}

/// The client's, as far as it is known.
pub fn address(request: &HttpRequest) -> IpAddr {
    let extensions = request.extensions();
    let known = extensions.get::<Address>().and_then(|address| address.0);
    known.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

/// Says how many more may come, where they are counted.
pub fn announce(request: &HttpRequest, response: &mut HttpResponse) {
    let Some(verdict) = request.extensions().get::<Verdict>().copied() else {
        return;
    };
    for (name, field) in [
        (POLICY, verdict.policy_field()),
        (STATE, verdict.state_field()),
    ] {
        if let Ok(field) = HeaderValue::from_str(&field) {
            response.headers_mut().insert(name, field);
        }
    }
}
