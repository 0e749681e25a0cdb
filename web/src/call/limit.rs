//! Rate limits (contract §13): a request is counted once its caller is known, and every answer reports what is left.
use std::net::{IpAddr, Ipv4Addr};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web::Data,
};
use kernel::Actor;

use crate::{
    problem::Problem,
    rate::{Bucket, Limiter, Verdict},
    request::{Address, MatchedRoute},
};

/// The headers of draft-ietf-httpapi-ratelimit-headers-11.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Counts the request. Fails if its caller has sent too many.
///
/// `caller` is None if the credentials were invalid; the request then counts for its address.
pub async fn count(request: &HttpRequest, caller: Option<&Actor>) -> Result<(), Problem> {
    let Some(limiter) = request.app_data::<Data<Limiter>>() else {
        return Ok(());
    };
    let is_account = MatchedRoute::from_request(request).is_account();
    let bucket = Bucket::new(caller, address(request), is_account);
    let Some(verdict) = limiter.take(bucket).await else {
        return Ok(());
    };
    request.extensions_mut().insert(verdict);
    match verdict.wait {
        Some(wait) => Err(Problem::rate_limited(wait)),
        None => Ok(()),
    }
}

/// Returns the client's address, or 0.0.0.0 if it is unknown.
pub fn address(request: &HttpRequest) -> IpAddr {
    let extensions = request.extensions();
    let known = extensions.get::<Address>().and_then(|address| address.0);
    known.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

/// Adds the rate limit headers if the request was counted. A 429 for another reason has none: it would say that requests are left.
pub fn add_headers(request: &HttpRequest, response: &mut HttpResponse) {
    let Some(verdict) = request.extensions().get::<Verdict>().copied() else {
        return;
    };
    if response.status() == StatusCode::TOO_MANY_REQUESTS && verdict.wait.is_none() {
        return;
    }
    for (name, field) in [
        (POLICY, verdict.policy_field()),
        (STATE, verdict.state_field()),
    ] {
        if let Ok(field) = HeaderValue::from_str(&field) {
            response.headers_mut().insert(name, field);
        }
    }
}
