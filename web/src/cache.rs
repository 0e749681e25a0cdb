//! Caching: `Cache-Control`, `Vary` and `If-None-Match` of reads (RFC 9110, section 13; RFC 9111).
use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{
            AUTHORIZATION, CACHE_CONTROL, EntityTag, Header, HeaderMap, HeaderValue, IfNoneMatch,
            VARY,
        },
    },
};

use crate::{cookie::HostCookie, request::MatchedRoute};

/// The request headers that every answer depends on.
const VARIES: &str = "Authorization, Cookie";

/// Returns true if `If-None-Match` names this version of the answer. Tags compare weakly (RFC 9110, section 13.1.2).
pub fn is_not_modified(request: &HttpRequest, tag: Option<&EntityTag>) -> bool {
    let Some(tag) = tag else { return false };
    if !is_read(request.method()) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// The `Cache-Control` of the answer to a request, failures included. It is decided when the request arrives, so that
/// every answer has it.
#[derive(Debug, Clone, Copy)]
pub struct CachePolicy(Option<&'static str>);

impl CachePolicy {
    /// Answers to reads may be stored but must be revalidated; those to signed-in callers only in private caches. Answers
    /// about an account may hold tokens and are not stored.
    pub fn new(
        matched: &MatchedRoute,
        method: &Method,
        (headers, cookie): (&HeaderMap, Option<HostCookie>),
    ) -> Self {
        let has_cookie = cookie.is_some_and(|cookie| cookie.is_present(headers));
        let is_signed_in = headers.contains_key(AUTHORIZATION) || has_cookie;
        Self(if matched.is_account() {
            Some("no-store")
        } else if !is_read(method) {
            None
        } else if is_signed_in {
            Some("private, no-cache")
        } else {
            Some("public, max-age=0, must-revalidate")
        })
    }

    /// Adds the headers, unless the answer has a `Cache-Control` of its own: then it is the same for every caller.
    pub fn apply(self, headers: &mut HeaderMap) {
        let Some(policy) = self.0.filter(|_| !headers.contains_key(CACHE_CONTROL)) else {
            return;
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
        let others = headers.get(VARY).and_then(|others| others.to_str().ok());
        let varies = others.map(|others| HeaderValue::from_str(&format!("{VARIES}, {others}")));
        let varies = varies.and_then(Result::ok);
        headers.insert(VARY, varies.unwrap_or(HeaderValue::from_static(VARIES)));
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
