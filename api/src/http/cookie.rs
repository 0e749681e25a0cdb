//! The session cookie of a browser, which scripts cannot read (RFC 6265bis, section 4.1.3.2).
use actix_web::{
    HttpRequest,
    cookie::{Cookie, Expiration, SameSite, time::OffsetDateTime},
    http::header::{COOKIE, HeaderMap},
};
use secrecy::{ExposeSecret, SecretString};

use super::Time;

/// The prefix `__Host-` makes browsers require TLS, this exact host and the path `/`.
const NAME: &str = "__Host-atoll";

/// Reads the session cookie of a request.
pub fn read(request: &HttpRequest) -> Option<SecretString> {
    let cookie = request.cookie(NAME)?;
    Some(SecretString::from(cookie.value()))
}

/// Writes the `Set-Cookie` value that keeps a browser signed in until a time.
pub fn set(token: &SecretString, until: Time) -> String {
    let until = OffsetDateTime::from_unix_timestamp(until.seconds());
    let until = until.map_or(Expiration::Session, Expiration::from);
    let mut cookie = build(NAME, token.expose_secret());
    cookie.set_expires(until);
    cookie.to_string()
}

/// Writes the `Set-Cookie` value that removes the cookie.
pub fn removal() -> String {
    let mut cookie = build(NAME, "");
    cookie.make_removal();
    cookie.to_string()
}

/// Returns true if the request has a session cookie.
pub fn is_present(headers: &HeaderMap) -> bool {
    let is_ours = |pair: &str| pair.split('=').next().map(str::trim) == Some(NAME);
    let mut cookies = headers.get_all(COOKIE);
    cookies.any(|value| {
        value
            .to_str()
            .is_ok_and(|pairs| pairs.split(';').any(is_ours))
    })
}

/// Builds a cookie with the attributes that `__Host-` requires, hidden from scripts and not sent by other sites' forms.
pub fn build<'a>(name: &'a str, value: &'a str) -> Cookie<'a> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}
