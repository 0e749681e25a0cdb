//! Headers that restrict what browsers do with an answer (OWASP ASVS 5.0, V3.4).
use actix_web::{
    HttpResponse,
    http::header::{
        CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    },
};

/// These forbid guessing the type, loading anything, framing and referrers. A page sets its own policy instead.
const DEFAULTS: [(HeaderName, HeaderValue); 3] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ),
];

/// TLS only, for a year (RFC 6797). It is sent only if clients use TLS already.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub fn apply(response: &mut HttpResponse, is_tls: bool) {
    let headers = response.headers_mut();
    for (name, value) in DEFAULTS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    if is_tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
}
