//! The cookie by which a browser stays signed in, out of reach of its scripts (RFC 6265bis, section 4.1.3.2).
use actix_web::{
    HttpRequest,
    cookie::{Cookie, Expiration, SameSite, time::OffsetDateTime},
    http::header::{COOKIE, HeaderMap},
};
use secrecy::{ExposeSecret, SecretString};

use super::Time;

/// `__Host-`: from this host only, for all of it, by TLS.
const NAME: &str = "__Host-atoll";

/// What a request brings, if anything.
pub fn of(request: &HttpRequest) -> Option<SecretString> {
    let cookie = request.cookie(NAME)?;
    Some(SecretString::from(cookie.value()))
}

/// Keeps a browser signed in until a time.
pub fn set(token: &SecretString, until: Time) -> String {
    let until = OffsetDateTime::from_unix_timestamp(until.seconds());
    let until = until.map_or(Expiration::Session, Expiration::from);
    let mut cookie = bare(NAME, token.expose_secret());
    cookie.set_expires(until);
    cookie.to_string()
}

/// Signs a browser out.
pub fn removal() -> String {
    let mut cookie = bare(NAME, "");
    cookie.make_removal();
    cookie.to_string()
}

/// Whether a request brings one.
pub fn is_in(headers: &HeaderMap) -> bool {
    let is_ours = |pair: &str| pair.split('=').next().map(str::trim) == Some(NAME);
    let mut cookies = headers.get_all(COOKIE);
    cookies.any(|value| {
        value
            .to_str()
            .is_ok_and(|pairs| pairs.split(';').any(is_ours))
    })
}

/// As each of ours is: what its name begins with asks for all of it but the last.
pub fn bare<'a>(name: &'a str, value: &'a str) -> Cookie<'a> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}
