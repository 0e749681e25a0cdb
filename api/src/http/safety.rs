//! What browsers are told not to do with our answers (OWASP ASVS 5.0, V3.4).
use actix_web::{
    HttpResponse,
    http::header::{
        CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    },
};

/// Not to guess its type, to load nothing for it, to show it in no frame, and to tell no other site where it was. A page
/// of ours says itself what it loads.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ),
];

/// To come by TLS only, for a year (RFC 6797): where clients do already.
const BY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub fn protect(response: &mut HttpResponse, is_by_tls: bool) {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    if is_by_tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, BY_TLS);
    }
}
