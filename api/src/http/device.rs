//! The cookie of a device that somebody signed in from. It opens nothing: it only tells a known device from others.
use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};
use secrecy::{ExposeSecret, SecretString};
use service::auth::device::LIFETIME;

/// The prefix binds it to this host, and to TLS (RFC 6265bis, section 4.1.3.2).
const NAME: &str = "__Host-atoll-device";

pub fn read(request: &HttpRequest) -> Option<SecretString> {
    Some(request.cookie(NAME)?.value().into())
}

/// Kept for as long as it is good.
pub fn device_cookie(value: &SecretString) -> Cookie<'static> {
    Cookie::build(NAME, value.expose_secret().to_owned())
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(LIFETIME.num_seconds()))
        .finish()
}
