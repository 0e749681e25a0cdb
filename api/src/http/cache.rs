//! What a cache may keep, and what a client has already (RFC 9110, section 13; RFC 9111).
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

use super::{cookie, matched::Matched};

/// An answer depends on these headers of its request.
const VARIES: &str = "Authorization, Cookie";

/// Whether the client named this version of the answer. Tags compare weakly (RFC 9110, section 13.1.2).
pub fn is_known(request: &HttpRequest, tag: Option<&EntityTag>) -> bool {
    let Some(tag) = tag else { return false };
    if !reads(request.method()) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// The rule for caches about the answer to a request, failures included. It is decided when the request arrives, so that
/// every answer bears it.
#[derive(Debug, Clone, Copy)]
pub struct CachePolicy(Option<&'static str>);

impl CachePolicy {
    /// Every answer to a read may be kept, and must be revalidated; one to a signed-in caller only by that caller. An answer
    /// about an account, which may hold tokens, is not kept.
    pub fn of(matched: &Matched, method: &Method, headers: &HeaderMap) -> Self {
        let is_signed = headers.contains_key(AUTHORIZATION) || cookie::is_in(headers);
        Self(match reads(method) {
            _ if matched.is_account() => Some("no-store"),
            true if is_signed => Some("private, no-cache"),
            true => Some("public, max-age=0, must-revalidate"),
            false => None,
        })
    }

    pub fn put(self, headers: &mut HeaderMap) {
        let Some(policy) = self.0 else { return };
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
        }
        let others = headers.get(VARY).and_then(|others| others.to_str().ok());
        let varies = others.map(|others| HeaderValue::from_str(&format!("{VARIES}, {others}")));
        let varies = varies.and_then(Result::ok);
        headers.insert(VARY, varies.unwrap_or(HeaderValue::from_static(VARIES)));
    }
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
