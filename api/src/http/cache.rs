//! What a cache may keep, and what a client has already (RFC 9110, section 13; RFC 9111).
use actix_web::{
    HttpRequest, HttpResponseBuilder,
    http::{
        Method,
        header::{AUTHORIZATION, CACHE_CONTROL, EntityTag, Header, IfNoneMatch, VARY},
    },
};

use super::{BASE, cookie};

/// Whether the client named this version of the answer. Tags compare weakly (RFC 9110, section 13.1.2).
pub fn is_known(request: &HttpRequest, tag: Option<&EntityTag>) -> bool {
    let Some(tag) = tag else { return false };
    if !reads(request) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Every answer to a read may be kept, and must be asked about again; what a caller sees is that caller's alone. What is
/// about an account, tokens among it, nobody keeps.
pub fn policy(request: &HttpRequest, response: &mut HttpResponseBuilder) {
    if request.path().starts_with(&format!("{BASE}/auth/")) {
        response.insert_header((CACHE_CONTROL, "no-store"));
        response.insert_header((VARY, "Authorization, Cookie"));
    } else if reads(request) {
        let headers = request.headers();
        let is_signed = headers.contains_key(AUTHORIZATION) || cookie::is_in(headers);
        let policy = match is_signed {
            true => "private, no-cache",
            false => "public, max-age=0, must-revalidate",
        };
        response.insert_header((CACHE_CONTROL, policy));
        response.insert_header((VARY, "Authorization, Cookie"));
    }
}

fn reads(request: &HttpRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}
